"""Files that appear whole or not at all, and locks between processes."""

import fcntl
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from seedbed.errors import ConfigError

TEMPORARY = re.compile(r"\..+\.[0-9a-f]+\.tmp")
"""The names that `temporary_path` gives; such a file that nobody writes any more is a leftover."""

# Bytes of a file's name that go into its temporary one, which must not be too long, either.
LONGEST_NAME = 100


def temporary_path(path: Path) -> Path:
    """Return a hidden name in the folder of `path`, which nobody can foresee."""
    name, end = path.name, f".{secrets.token_hex(8)}.tmp"
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = os.fsencode(name)[:LONGEST_NAME].decode(errors="ignore")
    return path.with_name(f".{name}{end}")


@contextmanager
def atomic_file(path: Path, *, new: bool = False) -> Iterator[BinaryIO]:
    """Give an open binary file that takes the place of `path` when the block ends without an error.

    It is written beside `path`, so that the rename is atomic, and has the permissions of any new
    file. Missing folders are made. After an error `path` is as it was before. With `new`
    FileExistsError is raised where something is there by then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(path)
    try:
        # "x" opens neither what is there already nor where a symbolic link points.
        with temporary.open("xb") as file:
            yield file
        if new:
            _rename_to_new(temporary, path)
        else:
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _rename_to_new(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except FileExistsError:
        raise
    except OSError:  # Not every file system has hard links.
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        os.rename(source, path)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that other processes see whole or not at all; missing folders are made."""
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def locked(path: Path, busy: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock file `path`, which at most one process can hold at a time.

    `busy` says what another process does that holds it: with `wait` it is told on stderr and
    waited for; else ConfigError is raised. The system frees the lock of a process that is killed.
    """
    from filelock import FileLock, Timeout  # 6 ms, which not every command needs.

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise ConfigError(f"{busy}; wait for it or stop it") from None
        print(f"{busy}; waiting for it", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock file `path`; it needs only be readable."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # There is none, or it is not known.
        return False
    return False


def remove_temporary_files(folder: Path) -> None:
    """Remove what a process that was killed had not finished to write in a folder."""
    for path in folder.glob(".*.tmp"):
        if TEMPORARY.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)
