"""Manifest of a pack: which runs it holds, and the sizes and hashes of its files."""

import hashlib
import os
import re
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from seedbed.errors import RunFolderError
from seedbed.files import write_atomically
from seedbed.reading.content import MEBIBYTE, leads_out, read_bytes, refuse_links_out
from seedbed.reading.json_files import Count, converted, read_json

# The folder of packs in that of their sweep, and the files of a pack.
PACKED = "packed"
MANIFEST, RUNS, CURVES = "pack.json", "runs.parquet", "curves.parquet"
WEIGHTS = "weights.safetensors"
FORMAT = 1
MOST_RUNS = 1_000_000
# Bytes of a manifest, and of a table; weights are read run by run.
MOST_BYTES, MOST_OF_TABLE = 256 * MEBIBYTE, 1024 * MEBIBYTE
# FIRST-COUNT, and after a dot how many packs of these jobs there were before.
_NAME = re.compile(r"([0-9]{1,12})-([0-9]{1,12})(?:\.([0-9]{1,6}))?")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class PackName(NamedTuple):
    """Name of a pack: its first job, how many there are, and how many packs of them came before."""

    first: int
    runs: int
    generation: int = 0

    def __str__(self) -> str:
        """Return the name of the folder."""
        return f"{self.first}-{self.runs}" + (f".{self.generation}" if self.generation else "")


class FileNote(msgspec.Struct, frozen=True):
    """Size of a file and the SHA-256 of its content; none of weights, whose rows have their own."""

    bytes: Count
    sha256: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Manifest of a pack.

    Attributes:
        format: version of all of it.
        seedbed: version that has written it.
        lightning: version of Lightning, which checkpoints name.
        written: when, in seconds since 1970: the time of all events.
        csv: whether the runs have CSV files of metrics.
        numbers: numbers of the jobs.
        names: names of their folders below the sweep's, in the same order.
        layouts: names of the tensors of each layout of weights, in the order of a network.
        files: the files by name; none where the runs went on in folders: no older pack counts then.
        digest: SHA-256 of the manifest itself, without it.
    """

    format: int
    seedbed: str = ""
    lightning: str = ""
    written: float = 0.0
    csv: bool = False
    numbers: Annotated[list[Count], msgspec.Meta(max_length=MOST_RUNS)] = []
    names: Annotated[list[Name], msgspec.Meta(max_length=MOST_RUNS)] = []
    layouts: list[list[Name]] = []
    files: dict[str, FileNote] = {}
    digest: str = ""

    @property
    def in_folders(self) -> bool:
        """Whether it holds no runs, but says that they are in folders, whatever older packs say."""
        return not self.files

    def with_digest(self) -> "Manifest":
        """Return it with its digest."""
        content = msgspec.json.encode(msgspec.structs.replace(self, digest=""))
        return msgspec.structs.replace(self, digest=hashlib.sha256(content).hexdigest())


class _Format(msgspec.Struct):
    format: int


def pack_name(text: str) -> PackName | None:
    """Return what the name of a folder says; None where it is that of no pack."""
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    first, runs, generation = match.groups()
    return PackName(int(first), int(runs), int(generation or 0))


def write_manifest(pack: Path, manifest: Manifest) -> None:
    """Write the manifest into the folder of a pack."""
    write_atomically(pack / MANIFEST, msgspec.json.encode(manifest.with_digest()))


def read_manifest(pack: Path) -> Manifest:
    """Return the manifest of a pack; raises RunFolderError where it is damaged."""
    path = pack / MANIFEST
    refuse_links_out(pack, [MANIFEST])
    version = read_json(path, _Format, MOST_BYTES).format
    if version != FORMAT:
        raise RunFolderError(
            f"{path}: format {version}, and this version of seedbed reads {FORMAT}"
        )
    try:
        manifest = msgspec.json.decode(read_bytes(path, MOST_BYTES), type=Manifest)
    except (msgspec.MsgspecError, RecursionError):
        manifest = converted(path, read_json(path, dict, MOST_BYTES), Manifest)
    if manifest.with_digest().digest != manifest.digest:
        raise RunFolderError(damage(path))
    if len(manifest.names) != len(manifest.numbers):
        raise RunFolderError(f"{path}: names: as many as numbers are expected")
    for name in manifest.names:
        if not _is_below(name):
            raise RunFolderError(f"{path}: names: {name!r} is no folder of a job")
    return manifest


def _is_below(name: str) -> bool:
    """Return whether a name is that of a folder below the sweep's, and of none of its own."""
    is_plain = os.path.normpath(name) == name and not leads_out(name) and "\0" not in name
    return is_plain and not name.startswith(".") and name.partition("/")[0] != PACKED


def damage(path: Path) -> str:
    """Return the line that says of a file of a pack that bytes of it are others."""
    return f"{path}: damaged: it is not, byte for byte, what was written"


def require_size(pack: Path, name: str, note: FileNote) -> None:
    """Raise RunFolderError where a file of a pack is no plain one of the size that it had."""
    path = pack / name
    refuse_links_out(pack, [name])
    if not path.is_file():
        raise RunFolderError(f"{path}: no such file")
    if path.stat().st_size != note.bytes:
        raise RunFolderError(damage(path))


def read_whole(pack: Path, manifest: Manifest, name: str) -> bytes:
    """Return the content of a table of a pack; raises RunFolderError where it is damaged."""
    note = manifest.files.get(name)
    if note is None:
        raise RunFolderError(f"{pack / MANIFEST}: files: it has no {name}")
    require_size(pack, name, note)
    content = read_bytes(pack / name, MOST_OF_TABLE)
    if len(content) != note.bytes or hashlib.sha256(content).hexdigest() != note.sha256:
        raise RunFolderError(damage(pack / name))
    return content
