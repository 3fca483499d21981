"""Checkpoints of torch, looked through before torch reads them: dense tensors and plain values.

The archive must not unpack to more than it is; no tensor may be larger than the numbers that are
stored for it, as an expanded, sparse or meta tensor is.
"""

import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.errors import RunFolderError

# Values of a checkpoint, lists and keys included, and how deep they may be nested.
MOST_VALUES = 5_000_000
DEEPEST = 100
# Bytes of what describes the tensors; their numbers lie beside it.
LARGEST_DESCRIPTION = 512 * 2**20
_END_OF_ARCHIVE, _END_LENGTH = b"PK\x05\x06", 22
_PLAIN = (str, int, float, bool, type(None), bytes)

# Bytes of a number, by the class of its storage.
_ITEM_SIZES = {
    **dict.fromkeys(("DoubleStorage", "LongStorage", "ComplexFloatStorage"), 8),
    **dict.fromkeys(("FloatStorage", "IntStorage"), 4),
    **dict.fromkeys(("HalfStorage", "BFloat16Storage", "ShortStorage"), 2),
    **dict.fromkeys(("CharStorage", "ByteStorage", "BoolStorage"), 1),
    "ComplexDoubleStorage": 16,
}


class NotPlain(Exception):
    """Content that is neither a dense tensor nor a plain value."""


@dataclass(frozen=True)
class Tensor:
    """Tensor of a checkpoint, before its numbers are read.

    Attributes:
        shape: its shape.
        storage: where its numbers lie.
        offset, strides: which of those are its own, as torch counts them.
    """

    shape: tuple[int, ...]
    storage: "Storage | None" = field(default=None, compare=False)
    offset: int = field(default=0, compare=False)
    strides: tuple[int, ...] = field(default=(), compare=False)


class Storage(NamedTuple):
    """Numbers that tensors are made of: how many there are, of which kind, and in which file."""

    elements: int
    kind: str = ""
    file: str = ""


def check_checkpoint(path: Path) -> dict[Any, Any]:
    """Return what a checkpoint holds, with a `Tensor` in the place of each tensor.

    Raises RunFolderError where the file is no checkpoint, or is not what a checkpoint may be.
    """
    if not path.is_file():
        raise RunFolderError(f"{path}: no such checkpoint")
    try:
        content = _inspected(path)
        _require_plain(content)
    except Exception as error:  # Damaged bytes make a reader raise almost anything.
        reason = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
        raise RunFolderError(
            f"{path}: cannot be read as tensors and plain values: {reason}"
        ) from None
    if not isinstance(content, dict):
        raise RunFolderError(f"{path}: not a checkpoint of a run")
    return content


def _inspected(path: Path) -> Any:
    with path.open("rb") as file:
        # Of an archive with a comment, two readers might take different ends for its end.
        file.seek(-min(_END_LENGTH, os.fstat(file.fileno()).st_size), os.SEEK_END)
        if not file.read().startswith(_END_OF_ARCHIVE):
            raise NotPlain("not an archive of torch's, or cut off")
        with zipfile.ZipFile(file) as archive:
            entries = _entries(archive, os.fstat(file.fileno()).st_size)
            descriptions = [name for name in entries if name.endswith("/data.pkl")]
            if len(descriptions) != 1:
                raise NotPlain("not an archive of torch.save's")
            [name] = descriptions
            description = entries[name]
            if description.file_size > LARGEST_DESCRIPTION:
                raise NotPlain(f"{name} has {description.file_size:,} bytes")
            folder = name.removesuffix("data.pkl")
            sizes = {
                name.removeprefix(f"{folder}data/"): entry.file_size
                for name, entry in entries.items()
                if name.startswith(f"{folder}data/")
            }
            return _Inspector(archive.read(description), sizes, f"{folder}data/").load()


def _entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Return the files of an archive by name; torch stores them as they are, and each once."""
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > size or any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise NotPlain(f"it unpacks to {unpacked:,} bytes, and the file has {size:,}")
    names = {entry.filename: entry for entry in entries}
    if len(names) < len(entries) or len({name.partition("/")[0] for name in names}) > 1:
        raise NotPlain("not an archive of torch's")
    return names


class _Inspector(pickle._Unpickler):
    """Reader of a description that makes nothing but dictionaries, lists and stand-ins.

    The one of pickle's that is written in Python: the other one takes memory as it is told to.
    """

    def __init__(self, description: bytes, sizes: dict[str, int], folder: str) -> None:
        """`sizes` are the bytes of each storage by its key, whose files lie in a folder."""
        super().__init__(BytesIO(description))
        self._sizes = sizes
        self._folder = folder

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch._utils", "_rebuild_parameter"): lambda data, *more: data,
        }
        if module == "torch" and name in _ITEM_SIZES:
            return name
        if (module, name) not in known:
            raise NotPlain(f"it holds {module}.{name}")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Storage:
        _, kind, key, _, elements = pid
        if type(elements) is not int or elements * _ITEM_SIZES[kind] != self._sizes[key]:
            raise NotPlain(f"storage {key} is said to hold {elements} numbers, and does not")
        return Storage(elements, kind, f"{self._folder}{key}")


def _tensor(
    storage: Storage, offset: int, shape: Sequence[int], strides: Sequence[int], *more: Any
) -> Tensor:
    numbers = [offset, *shape, *strides]
    if not isinstance(storage, Storage) or any(type(n) is not int or n < 0 for n in numbers):
        raise NotPlain("a tensor is damaged")
    # From the axis whose numbers lie closest: each must step over what is inside of it.
    inside = 1
    for stride, length in sorted(zip(strides, shape, strict=True)):
        if length > 1 and stride < inside:
            raise NotPlain(f"a tensor of shape {tuple(shape)} is not dense")
        inside = max(inside, stride * (length - 1) + inside)
    if 0 not in shape and offset + inside > storage.elements:
        raise NotPlain(f"a tensor of shape {tuple(shape)} has too few numbers")
    return Tensor(tuple(shape), storage, offset, tuple(strides))


def _require_plain(content: Any) -> None:
    """Raise NotPlain where something is no plain value, or is nested without an end."""
    left, count = [(content, 0)], 0
    while left:
        node, depth = left.pop()
        count += 1
        if count > MOST_VALUES or depth > DEEPEST:
            raise NotPlain("too many values, or nested too deeply")
        if isinstance(node, Tensor):
            continue
        if isinstance(node, dict):
            if not all(isinstance(key, _PLAIN) for key in node):
                raise NotPlain("a key that is no plain value")
            left.extend((value, depth + 1) for value in node.values())
        elif isinstance(node, list | tuple) and not isinstance(node, Storage):
            left.extend((value, depth + 1) for value in node)
        elif not isinstance(node, _PLAIN):
            raise NotPlain(f"it holds a {type(node).__name__}")
        elif isinstance(node, int) and abs(node) >= 2**63:
            raise NotPlain("it holds a number of more than 64 bits")
