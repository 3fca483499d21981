"""Content of a file, where it is a file of a bearable size that lies where it seems to lie."""

import os
from collections.abc import Iterable
from pathlib import Path

from seedbed.errors import RunFolderError

MEBIBYTE = 2**20


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """Return the content of a file; raises RunFolderError where it is larger than `most_bytes`.

    As well where it cannot be read, or is no plain file: a pipe would keep the reader waiting.
    """
    try:
        if not path.is_file():
            raise RunFolderError(f"{path}: no such file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > most_bytes:
                raise RunFolderError(
                    f"{path}: has {size:,} bytes; more than {most_bytes:,} are not read"
                )
            return file.read(most_bytes)
    except OSError as error:
        raise RunFolderError(f"{path}: {(error.strerror or str(error)).lower()}") from None


def read_text(path: Path, most_bytes: int) -> str:
    """Return the text of a file in UTF-8, within the limits of `read_bytes`."""
    try:
        return read_bytes(path, most_bytes).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RunFolderError(f"{path}: not text in UTF-8") from None


def leads_out(name: str) -> bool:
    """Return whether a path leads out of the folder that it is taken from, by its letters."""
    return os.path.isabs(name) or ".." in name.split(os.sep)


def inside(folder: Path, name: str) -> Path:
    """Return the path of a name below a folder; raises RunFolderError where it leads out of it.

    It does by `..`, as an absolute path, or through a symbolic link.
    """
    path = folder / name
    # Far quicker than Path.resolve, which matters where a sweep has many jobs.
    top, reached = os.path.realpath(folder), os.path.realpath(path)
    if reached == top or not reached.startswith(f"{top.rstrip(os.sep)}{os.sep}"):
        raise RunFolderError(f"{folder}: {name!r} leads out of the folder, to {reached}")
    return path


def refuse_links_out(folder: Path, names: Iterable[str]) -> None:
    """Raise RunFolderError where one of these files of a folder is a link that leads out of it."""
    for name in names:
        if os.path.lexists(folder / name):
            inside(folder, name)
