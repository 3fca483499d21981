"""File of a page: where it may be written, and writing it."""

import os
import stat
from pathlib import Path

from seedbed.errors import ConfigError
from seedbed.files import write_atomically
from seedbed.page.document import PageDocument
from seedbed.page.html import MARK, page_html

# Of a sweep, or of a run, in its folder.
NAME = "report.html"
# Bytes within which a page says that it is one.
_HEAD = 4096


def is_page(path: Path) -> bool:
    """Return whether a plain file, and no link to one, is a page that Seedbed has written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            return stat.S_ISREG(os.fstat(descriptor).st_mode) and MARK in file.read(_HEAD)
    except OSError:
        return False


def require_place(path: Path, overwrite: bool = False) -> None:
    """Raise ConfigError where a page cannot be written, or something else would be written over."""
    if path.is_dir():
        raise ConfigError(f"page={path}: a folder; name a file in it: page={path / NAME}")
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"page={path}: takes the name of an HTML file, such as page={NAME}")
    if os.path.lexists(path) and not overwrite and not is_page(path):
        raise ConfigError(
            f"page={path}: exists already and is no page of Seedbed's; name another file, or "
            "overwrite=true"
        )
    if not os.path.lexists(path.parent):
        raise ConfigError(f"page={path}: no such folder: {path.parent}")
    if not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise ConfigError(f"page={path}: {path.parent} is no folder that can be written to")


def write_page(path: Path, document: PageDocument) -> int:
    """Write a page, whole or not at all; return its size in bytes. Raises OSError."""
    content = page_html(document)
    write_atomically(path, content)
    return len(content)


def size_text(size: int) -> str:
    """Return a number of bytes as people say it: `1.4 MB`."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"
