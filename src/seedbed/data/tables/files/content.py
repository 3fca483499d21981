"""Content of a file of a table: what kind of file it is, and its bytes where it is packed."""

import gzip
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from seedbed.errors import ConfigError, nearest

# Bytes that a packed file may unpack to, and how many times its own size once it is large.
LARGEST_UNPACKED = 4 * 2**30
LARGEST_RATIO, RATIO_COUNTS_FROM = 400, 64 * 2**20
_CHUNK = 4 * 2**20

# How files begin that are no tables, and what to do with them.
_REFUSED = {
    b"PK\x03\x04": "an Excel workbook or another zip archive; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"\x80\x02": "a pickle, which may run code and is never read; write Parquet or CSV",
    b"\x80\x03": "a pickle, which may run code and is never read; write Parquet or CSV",
    b"\x80\x04": "a pickle, which may run code and is never read; write Parquet or CSV",
    b"\x80\x05": "a pickle, which may run code and is never read; write Parquet or CSV",
    b"\x89HDF": "an HDF5 file; write Parquet or CSV",
    b"\x93NUMPY": "a NumPy array; data=arrays reads those",
    b"SQLite format 3": "a SQLite database; export the table as CSV",
    b"FEA1": "Feather of version 1; write version 2, Parquet or CSV",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it, or pack it by gzip",
    b"BZh": "packed by bzip2; unpack it, or pack it by gzip",
    b"\xfd7zXZ": "packed by xz; unpack it, or pack it by gzip",
    b"\x89PNG": "a picture; data=images reads folders of those",
    b"\xff\xd8\xff": "a picture; data=images reads folders of those",
    b"%PDF": "a PDF document; a table is CSV, Parquet or Arrow",
    b"<!DOCTYPE": "a web page; a table is CSV, Parquet or Arrow",
    b"<!doctype": "a web page; a table is CSV, Parquet or Arrow",
    b"<html": "a web page; a table is CSV, Parquet or Arrow",
    b"<?xml": "an XML document; a table is CSV, Parquet or Arrow",
    b'{"': "a JSON document; a table is CSV, Parquet or Arrow",
    b"[{": "a JSON document; a table is CSV, Parquet or Arrow",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself; git lfs pull gets it",
}
# How files end or begin that are tables of typed columns.
COLUMNAR = {b"PAR1": "Parquet", b"ARROW1": "Arrow"}
_BY_SUFFIX = {".parquet": "Parquet", ".pq": "Parquet", ".arrow": "Arrow", ".feather": "Arrow"}


@dataclass(frozen=True)
class Content:
    """Content of a file.

    Attributes:
        path: the file.
        kind: `text`, `Parquet` or `Arrow`.
        unpacked: the bytes where the file is packed by gzip; None: they are the file's own.
    """

    path: Path
    kind: str
    unpacked: bytes | None = None

    @property
    def source(self) -> Path | bytes:
        """What polars reads."""
        return self.path if self.unpacked is None else self.unpacked


def content_of(path: Path, key: str) -> Content:
    """Return what a file of a table holds.

    `key` names the file in messages: `data.file`. Raises ConfigError where it is no table by its
    first bytes, is empty, cannot be read, or unpacks to more than a table does.
    """
    _require_file(path, key)
    try:
        with path.open("rb") as file:
            head = file.read(64)
        if not head.startswith(b"\x1f\x8b"):
            return Content(path, _kind(path, path.suffix.lower(), head, key))
        unpacked = _unpacked(path, key)
    except OSError as error:
        raise ConfigError(f"{key}={path}: {(error.strerror or str(error)).lower()}") from None
    suffix = Path(path.stem).suffix.lower()
    return Content(path, _kind(path, suffix, unpacked[:64], key), unpacked)


def _require_file(path: Path, key: str) -> None:
    if path.is_dir():
        raise ConfigError(f"{key}={path}: a folder; a file is needed (data=images takes folders)")
    if path.is_file():
        return
    if path.exists():
        raise ConfigError(f"{key}={path}: no plain file")
    near = ""
    if path.parent.is_dir():
        near = nearest(path.name, sorted(os.listdir(path.parent))[:10_000])
    raise ConfigError(f"{key}={path}: no such file.{near}".removesuffix("."))


def _kind(path: Path, suffix: str, head: bytes, key: str) -> str:
    if not head:
        raise ConfigError(f"{key}={path}: the file is empty; a header and rows are needed")
    for beginning, kind in COLUMNAR.items():
        if head.startswith(beginning):
            return kind
    # Blanks before it are no part of a document's beginning.
    beginnings = head, head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, what in _REFUSED.items():
        if any(part.startswith(beginning) for part in beginnings):
            raise ConfigError(f"{key}={path}: this is {what}")
    if suffix in _BY_SUFFIX:
        raise ConfigError(
            f"{key}={path}: not {_BY_SUFFIX[suffix]}, whatever its name says; its first bytes are "
            f"{head[:8]!r}"
        )
    return "text"


def _unpacked(path: Path, key: str) -> bytes:
    """Return what a file holds that is packed by gzip, which may be no bomb."""
    packed = path.stat().st_size
    parts: list[bytes] = []
    size = 0
    try:
        with gzip.open(path) as file:
            while part := file.read(_CHUNK):
                parts.append(part)
                size += len(part)
                bomb = size > RATIO_COUNTS_FROM and size > LARGEST_RATIO * packed
                if size > LARGEST_UNPACKED or bomb:
                    raise ConfigError(
                        f"{key}={path}: unpacks to more than {size:,} bytes from {packed:,}; "
                        "unpack it yourself if it is what you expect"
                    )
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ConfigError(
            f"{key}={path}: packed by gzip, and cut off or damaged ({error})"
        ) from None
    return b"".join(parts)
