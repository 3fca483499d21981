"""Files below a folder of images: which are images, in an order that every machine has."""

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import MISSING

from seedbed.config.schema.data.images import ImageFolder
from seedbed.data.images.decoding import SUFFIXES
from seedbed.errors import ConfigError, listed

METADATA = "metadata.csv"
# Its column with the names of the images.
FILE_NAME = "file_name"
_MEANING = ImageFolder.__dataclass_fields__["folder"].metadata["meaning"]
# Written by file managers, beside files whose names begin with a dot.
_LITTER = ("thumbs.db", "desktop.ini", "__macosx")
MOST_SHOWN = 3
# A folder with more in it is not meant, such as that of the whole disk.
MOST_ENTRIES = 5_000_000


@dataclass(frozen=True)
class ImageFile:
    """Image file below a folder.

    Attributes:
        name: path from the folder on, with `/` between its parts.
        size: bytes.
        time: when it was changed last, in nanoseconds.
    """

    name: str
    size: int
    time: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders that lead to it, and its own name."""
        return tuple(self.name.split("/"))


@dataclass
class Found:
    """What lies below a folder of images.

    Attributes:
        images: image files, in order.
        metadata: names of files metadata.csv.
        folders: names of all folders, in order.
        others: names of files that are no images.
        links: names of links that lead out of the folder, or to other folders.
    """

    images: list[ImageFile] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines on what is passed over."""
        lines = []
        if self.others:
            lines.append(f"passed over, no images: {shown(self.others)}")
        if self.links:
            lines.append(f"passed over, links that lead elsewhere: {shown(self.links)}")
        return tuple(lines)


def shown(names: Iterable[str], most: int = MOST_SHOWN) -> str:
    """Return names, the first few, with the number of the others."""
    return listed(names, most)


def in_order(name: str) -> tuple[str, str]:
    """Return the key by which names are sorted: the same on every machine and file system.

    Some systems keep letters with accents in parts, which would come elsewhere.
    """
    return unicodedata.normalize("NFC", name), name


def found_below(folder: Path, key: str = "data.folder") -> Found:
    """Return what lies below a folder that a key names; raise ConfigError where that fails."""
    if str(folder) == MISSING:
        raise ConfigError(f"data.folder: a value is required ({_MEANING})")
    if not folder.exists():
        raise ConfigError(f"{key}={folder}: no such folder")
    if not folder.is_dir():
        raise ConfigError(f"{key}={folder}: not a folder")
    found, top = Found(), folder.resolve()
    for name, entry in _entries(top, key):
        if entry.is_symlink() and not _leads_inside(entry, top):
            found.links.append(name)
        elif entry.is_dir():
            found.folders.append(name)
        else:
            _add(found, name, entry)
    found.images.sort(key=lambda image: in_order(image.name))
    for names in (found.metadata, found.folders, found.others, found.links):
        names.sort(key=in_order)
    return found


def _entries(top: Path, key: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield all entries below a folder by name; hidden ones, and what is below links, are not."""
    left, seen = [""], 0
    while left:
        prefix = left.pop()
        try:
            with os.scandir(top / prefix) as entries:
                content = list(entries)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigError(f"{key}: {top / prefix}: {reason}") from None
        seen += len(content)
        if seen > MOST_ENTRIES:
            raise ConfigError(f"{key}={top}: more than {MOST_ENTRIES:,} files and folders")
        for entry in content:
            if entry.name.startswith(".") or entry.name.lower() in _LITTER:
                continue
            name = f"{prefix}{entry.name}"
            _require_text(name, key)
            yield name, entry
            if entry.is_dir(follow_symlinks=False):
                left.append(f"{name}/")


def _require_text(name: str, key: str) -> None:
    """Raise ConfigError for a name that no other machine reads, since it is no UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{key}: {name!a}: the name is no UTF-8; rename it") from None


def _leads_inside(entry: os.DirEntry[str], top: Path) -> bool:
    """Return whether a link leads to a file below the folder."""
    try:
        return entry.is_file() and Path(entry.path).resolve().is_relative_to(top)
    except (OSError, RuntimeError):
        return False


def _add(found: Found, name: str, entry: os.DirEntry[str]) -> None:
    if entry.name == METADATA:
        found.metadata.append(name)
        return
    status = entry.stat()
    # Anything else but a file could keep a reader waiting for ever.
    if name.lower().endswith(SUFFIXES) and stat.S_ISREG(status.st_mode):
        found.images.append(ImageFile(name, status.st_size, status.st_mtime_ns))
    else:
        found.others.append(name)
