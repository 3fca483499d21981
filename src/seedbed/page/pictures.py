"""Pictures of a page: PNG files, checked, without what they hold besides pixels, as data URIs."""

import base64
import os
import re
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

from seedbed.errors import RunFolderError
from seedbed.page.document import Figure
from seedbed.page.part import PictureFile
from seedbed.reading.content import inside, read_bytes

# Bytes of one picture, and of all together, before they are written as text.
MOST_BYTES, MOST_BYTES_OF_ALL = 400_000, 8_000_000
# Pixels of a side, and of a picture: a small file may claim to be a huge one.
LONGEST_SIDE, MOST_PIXELS = 10_000, 16_000_000
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_OF_EPOCH = re.compile(r"(.+)-epoch-([0-9]+)")


class NoPicture(Exception):
    """Bytes that are no PNG, or one that is too large."""


def checked_png(content: bytes) -> bytes:
    """Return a PNG with the chunks alone that its pixels need; raises NoPicture where it is none.

    Texts, colour profiles and the like are left out: who made it, and where, is nobody's business.
    """
    if not content.startswith(_SIGNATURE):
        raise NoPicture("not a PNG")
    at, kept, names = len(_SIGNATURE), [_SIGNATURE], []
    while at < len(content):
        if at + 12 > len(content):
            raise NoPicture("cut off")
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise NoPicture("cut off")
        chunk = content[at:end]
        if name in _KEPT:
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
                raise NoPicture("damaged")
            kept.append(chunk)
            names.append(name)
        if not names:
            raise NoPicture("it does not begin with its size")
        at = end
        if name == b"IEND":
            break
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise NoPicture("not a whole PNG")
    _check_size(kept[1][8:-4])
    return b"".join(kept)


def _check_size(header: bytes) -> None:
    if len(header) != 13:
        raise NoPicture("damaged")
    width, height = struct.unpack_from(">II", header)
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise NoPicture(f"{width} x {height} pixels")
    if width * height > MOST_PIXELS:
        raise NoPicture(f"{width} x {height} pixels")


def figures_of(files: Sequence[PictureFile]) -> tuple[list[Figure], int]:
    """Return the pictures that fit, and how many were left out.

    Those that are too large, no PNG, or links out of their folder are left out, and the last ones
    where all together are too large. One of an epoch that is the same as that of the end, or of
    another epoch, is shown once.
    """
    figures, left_out, room = [], 0, MOST_BYTES_OF_ALL
    shown: set[tuple[int | None, str, bytes]] = set()
    for file in files:
        try:
            inside(file.folder, str(file.path.relative_to(file.folder)))
            content = checked_png(read_bytes(file.path, min(MOST_BYTES, room)))
        except (NoPicture, RunFolderError, OSError, ValueError):
            left_out += 1
            continue
        name = file.path.stem
        same = (file.job, _subject(name), content)
        if same in shown:
            continue
        shown.add(same)
        room -= len(content)
        source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
        figures.append(Figure(file.job, name, title_of(name), source))
    return figures, left_out


def _subject(name: str) -> str:
    """Return what a figure is of, whether it is of the end or of an epoch."""
    of_epoch = _OF_EPOCH.fullmatch(name)
    return of_epoch[1] if of_epoch else name


def title_of(name: str) -> str:
    """Return what a figure is called: `loss_curve-epoch-5` is `loss curve, epoch 5`."""
    of_epoch = _OF_EPOCH.fullmatch(name)
    title = f"{of_epoch[1]}, epoch {of_epoch[2]}" if of_epoch else name
    return title.replace("_", " ")


def pngs(folder: Path) -> list[Path]:
    """Return the PNG files of a folder by name; none where there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(".png")]
    except OSError:
        return []
    return [folder / name for name in sorted(names, key=_place_of)]


def _place_of(name: str) -> tuple[bool, str]:
    """Return where a figure stands: those of the end come before those of an epoch."""
    return _OF_EPOCH.match(name) is not None, name
