"""Files of the provenance: a folder `provenance` in the folder of a run, or once in a sweep's."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from seedbed.errors import RunFolderError
from seedbed.files import TEMPORARY, atomic_file
from seedbed.reading.content import inside, read_bytes

PROVENANCE = "provenance"
PACKAGES, PATCH, UNTRACKED = "packages.txt", "git.patch", "untracked.txt"
SPLITS_FILE, SOURCES = "splits.json", "sources"
# Letters of a hash in the name of a file beside one that says something else.
HASH_LETTERS = 8
MOST_BYTES = 64_000_000
_BESIDE = rf"(-[0-9a-f]{{{HASH_LETTERS}}})?"
WRITTEN = (
    rf"(packages|untracked){_BESIDE}\.txt|git{_BESIDE}\.patch|splits{_BESIDE}\.json"
    rf"|sources{_BESIDE}(/\w+)+\.py"
)
"""What a run writes into its folder of provenance, by the path below it."""


def hash_of(content: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


class ProvenanceFiles:
    """Files below `provenance/` in the folder of a run or a sweep.

    A file that is there already and says something else stays, as of a sweep that goes on with
    other code: the new one lies beside it, with letters of its hash in its name.

    Args:
        folder: Folder of the run, or of the sweep.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / PROVENANCE
        self._written: list[Path] = []

    def keep(self, name: str, content: bytes) -> str:
        """Write a file, unless it is there, and return the hash of its content.

        Raises RunFolderError where a link leads out of the folder.
        """
        digest = hash_of(content)
        for path in self._places(name, digest):
            inside(self.path.parent, str(path.relative_to(self.path.parent)))
            if not os.path.lexists(path):
                with suppress(FileExistsError), atomic_file(path, new=True) as file:
                    file.write(content)
                self._written.append(path)
            if _holds(path, digest):
                break
        return digest

    def find(self, name: str, digest: str) -> bytes | None:
        """Return the content of a file whose hash is this; None where there is none.

        Raises RunFolderError where a link leads out of the folder.
        """
        kept = self._kept(name, digest)
        return None if kept is None else kept[1]

    def place(self, name: str, digest: str) -> Path | None:
        """Return where a file lies whose hash is this; None where there is none.

        Raises RunFolderError where a link leads out of the folder.
        """
        kept = self._kept(name, digest)
        return None if kept is None else kept[0]

    def _kept(self, name: str, digest: str) -> tuple[Path, bytes] | None:
        for path in self._places(name, digest):
            if not os.path.lexists(path):
                continue
            inside(self.path.parent, str(path.relative_to(self.path.parent)))
            with suppress(RunFolderError):
                content = read_bytes(path, MOST_BYTES)
                if hash_of(content) == digest:
                    return path, content
        return None

    def _places(self, name: str, digest: str) -> Iterator[Path]:
        yield self.path / name
        first, slash, rest = name.partition("/")
        stem, dot, suffix = first.partition(".")
        yield self.path / f"{stem}-{digest[:HASH_LETTERS]}{dot}{suffix}{slash}{rest}"

    def discard(self) -> None:
        """Remove what this object has written, and the folders in which nothing else is then."""
        for path in self._written:
            path.unlink(missing_ok=True)
        remove_empty_folders(self.path)


def written(folder: Path) -> Iterator[Path]:
    """Yield the files of provenance in the folder of a run or a sweep; others are left out."""
    top = folder / PROVENANCE
    if top.is_symlink() or not top.is_dir():
        return
    for parent, _, names in os.walk(top):
        for name in names:
            path = Path(parent, name)
            own = re.fullmatch(WRITTEN, path.relative_to(top).as_posix())
            if (own or TEMPORARY.fullmatch(name)) and not path.is_symlink():
                yield path


def remove_empty_folders(top: Path) -> None:
    """Remove a folder and those below it in which there is no file."""
    if top.is_symlink() or not top.is_dir():
        return
    for parent, _, _ in os.walk(top, topdown=False):
        with suppress(OSError):
            os.rmdir(parent)


def _holds(path: Path, digest: str) -> bool:
    try:
        return hash_of(read_bytes(path, MOST_BYTES)) == digest
    except RunFolderError:
        return False
