"""Leftovers of runs that were killed: files that they had not finished to write."""

import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from seedbed.files import TEMPORARY
from seedbed.runs.heartbeat import SECONDS_BETWEEN_BEATS, SECONDS_UNTIL_GONE

# Folders of a run in which files are written under hidden names first.
WRITTEN_INTO = ("", ".hydra", "checkpoints", "figures", "provenance", "provenance/sources")


def clear_leftovers(
    folder: Path | str, last_sign: float, inside: Iterable[str] = WRITTEN_INTO
) -> None:
    """Remove the temporary files of a run whose process has gone.

    Plain files of this user's alone, under names that only Seedbed gives. What is younger than the
    run may belong to a command that reads it, and stays for three minutes. Links are not followed,
    and what cannot be removed stays.

    Args:
        folder: the folder of the run, which the caller knows not to be in use.
        last_sign: when the run was last seen, in seconds since 1970: its heartbeat.
        inside: the folders in it that are looked into.
    """
    for path in leftovers(folder, inside):
        with suppress(OSError):
            changed = os.stat(path, follow_symlinks=False).st_mtime
            is_of_run = changed < last_sign + 2 * SECONDS_BETWEEN_BEATS
            if is_of_run or time.time() - changed > SECONDS_UNTIL_GONE:
                os.unlink(path)


def leftovers(folder: Path | str, inside: Iterable[str], folders: bool = False) -> list[str]:
    """Return the temporary files of this user's in a folder, and with `folders` such folders."""
    kept = []
    for name in inside:
        place = os.path.join(folder, name) if name else str(folder)
        if name and os.path.islink(place):
            continue
        with suppress(OSError), os.scandir(place) as entries:
            kept += [entry.path for entry in entries if _is_leftover(entry, folders)]
    return kept


def _is_leftover(entry: os.DirEntry[str], folders: bool) -> bool:
    if not TEMPORARY.fullmatch(entry.name):
        return False
    state = entry.stat(follow_symlinks=False)
    right_kind = stat.S_ISREG(state.st_mode) or (folders and stat.S_ISDIR(state.st_mode))
    return right_kind and state.st_uid == os.getuid()
