"""What is known of the runs of a folder of outputs, kept in a file there.

To read ten thousand records takes seconds, to see that they are as they were a tenth of one.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from seedbed.catalogue.entry import Entry
from seedbed.files import write_atomically

FILE = ".runs.json"
# What another version wrote is not read.
VERSION = 3
MOST_BYTES, MOST_ENTRIES = 512 * 2**20, 200_000


class Known(msgspec.Struct, array_like=True):
    """Entry, and the state that the file was in which it was read from.

    `others` is the state of other files that it depends on.
    """

    changed: int
    size: int
    inode: int
    entry: Entry
    others: str = ""

    def is_of(self, file: os.stat_result, others: str = "") -> bool:
        """Return whether the file is as it was."""
        state = (file.st_mtime_ns, file.st_size, file.st_ino, others)
        return state == (self.changed, self.size, self.inode, self.others)


def known(file: os.stat_result, entry: Entry, others: str = "") -> Known:
    """Return an entry with the state of its file."""
    return Known(file.st_mtime_ns, file.st_size, file.st_ino, entry, others)


class _Content(msgspec.Struct):
    version: int
    runs: dict[str, Known]


def read_cache(outputs: Path) -> dict[str, Known]:
    """Return what is known of the runs of a folder, by their paths from there on.

    Nothing where there is no such file, or it cannot be trusted: it is damaged, of another version,
    too large, a link, or belongs to somebody else.
    """
    try:
        descriptor = os.open(outputs / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            state = os.fstat(descriptor)
            if not _is_ours(state) or state.st_size > MOST_BYTES:
                return {}
            content = msgspec.json.decode(file.read(MOST_BYTES), type=_Content)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return content.runs if content.version == VERSION else {}


def write_cache(outputs: Path, runs: Mapping[str, Known]) -> None:
    """Write what is known of the runs of a folder, where that can be done.

    What is not ours in its place stays as it is.
    """
    path = outputs / FILE
    try:
        if os.path.lexists(path) and not _is_ours(os.stat(path, follow_symlinks=False)):
            return
        some = dict(list(runs.items())[:MOST_ENTRIES])
        write_atomically(path, msgspec.json.encode(_Content(VERSION, some)))
    except (OSError, ValueError):  # A folder of somebody else's, a full disk: next time is slower.
        return


def _is_ours(state: os.stat_result) -> bool:
    return stat.S_ISREG(state.st_mode) and state.st_uid == os.getuid()
