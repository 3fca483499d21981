"""Arrays in .npy, .npz and .safetensors files: what is there, and their values without pickles."""

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from seedbed.errors import ConfigError, SeedbedError
from seedbed.process.free_memory import free_memory

SUFFIXES = (".npz", ".npy", ".safetensors")
# From this size on an array is mapped into memory, so that only what is looked at is read.
LARGE_BYTES = 64 << 20
# Numbers, truth values and texts of a fixed length.
KINDS = "biufUS"


@dataclass(frozen=True)
class Entry:
    """Array in a file.

    Attributes:
        name: key in the file; of a .npy file its path.
        shape, dtype: of the array.
        read: function that returns the array.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]


def entries(path: Path, key: str) -> dict[str, Entry]:
    """Return the arrays of a file by name, without reading their values.

    Args:
        path: The file.
        key: Config key that names it, for messages.

    Raises:
        ConfigError: There is no such file, it is damaged, or an array claims more than it has.
    """
    where = f"{key}={path}"
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"{where}: neither a .npz, .npy nor .safetensors file")
    if not path.is_file():
        raise ConfigError(f"{where}: no such file")
    with _told(where):
        if path.suffix == ".npy":
            return {str(path): _npy(path, where)}
        return _npz(path, where) if path.suffix == ".npz" else _safetensors(path, where)


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Raise ConfigError for what the readers raise for a damaged file."""
    try:
        yield
    except SeedbedError:
        raise
    except Exception as error:  # Of many kinds, for what may be any bytes.
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ConfigError(f"{where}: cannot be read as arrays: {reason}") from error


def _header(file: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, Fortran order and type of the array that a .npy stream begins with."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        header = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        header = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"version {version} of the .npy format")
    shape, fortran, dtype = header
    if dtype.hasobject:
        raise ConfigError(
            f"{where}: it holds Python objects, which are pickled and never read: save numbers, "
            "or texts as an array of type str"
        )
    if dtype.kind not in KINDS:
        raise ConfigError(f"{where}: it is of type {dtype}, and numbers or texts are needed")
    return shape, fortran, dtype


def _require_bytes(where: str, claimed: int, there: int) -> None:
    if claimed > there:
        raise ConfigError(f"{where}: its header claims {claimed:,} bytes, and {there:,} are there")


def _require_memory(where: str, claimed: int) -> None:
    """Raise ConfigError where an array, unpacked, is more than the free memory."""
    free = free_memory()
    if claimed > free:
        raise ConfigError(
            f"{where}: it holds {claimed:,} bytes unpacked, and {free:,} bytes of memory are free"
        )


def _npy(path: Path, where: str) -> Entry:
    with path.open("rb") as file:
        shape, fortran, dtype = _header(file, where)
        offset = file.tell()
    claimed = prod(shape) * dtype.itemsize
    _require_bytes(where, claimed, path.stat().st_size - offset)
    read = partial(_read_plain, path, where, offset, shape, fortran, dtype)
    return Entry(str(path), shape, dtype, read)


def _read_plain(
    path: Path,
    where: str,
    offset: int,
    shape: tuple[int, ...],
    fortran: bool,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """Return an array whose bytes lie in a file as they are; a large one is mapped."""
    order: Any = "F" if fortran else "C"
    count = prod(shape)
    with _told(where):
        if count * dtype.itemsize >= LARGE_BYTES:
            # Writable copies of pages, as torch wants; the file is never written to.
            return np.memmap(path, dtype, "c", offset, shape, order)
        _require_memory(where, count * dtype.itemsize)
        with path.open("rb") as file:
            file.seek(offset)
            values: NDArray[Any] = np.frombuffer(
                bytearray(file.read(count * dtype.itemsize)), dtype, count
            )
        return values.reshape(shape, order=order)


def _npz(path: Path, where: str) -> dict[str, Entry]:
    found = {}
    with ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".npy"):
                name = info.filename.removesuffix(".npy")
                found[name] = _member(path, archive, info, f"{where}, '{name}'")
    if not found:
        raise ConfigError(f"{where}: there are no arrays in it")
    return found


def _member(path: Path, archive: ZipFile, info: ZipInfo, where: str) -> Entry:
    name = info.filename.removesuffix(".npy")
    with archive.open(info) as file:
        try:
            shape, fortran, dtype = _header(file, where)
        except ConfigError as error:
            # Only an array that is asked for has to be right.
            return Entry(name, (), np.dtype(object), partial(_refuse, error))
        length = file.tell()
    claimed = prod(shape) * dtype.itemsize
    _require_bytes(where, claimed, info.file_size - length)
    if info.compress_type == ZIP_STORED and not info.flag_bits & 1:
        offset = _start(path, info) + length
        _require_bytes(where, claimed, path.stat().st_size - offset)
        read = partial(_read_plain, path, where, offset, shape, fortran, dtype)
    else:
        read = partial(_read_packed, path, where, info.filename, claimed)
    return Entry(name, shape, dtype, read)


def _refuse(error: ConfigError) -> NDArray[Any]:
    raise error


def _start(path: Path, info: ZipInfo) -> int:
    """Return where the bytes of an unpacked member begin: after its own header and names."""
    with path.open("rb") as file:
        file.seek(info.header_offset + 26)
        names, extra = struct.unpack("<HH", file.read(4))
    return int(info.header_offset + 30 + names + extra)


def _read_packed(path: Path, where: str, name: str, claimed: int) -> NDArray[Any]:
    _require_memory(where, claimed)
    with _told(where), ZipFile(path) as archive, archive.open(name) as file:
        values: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return values


def _safetensors(path: Path, where: str) -> dict[str, Entry]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            found = {}
            for name in file.keys():  # noqa: SIM118 (it is no mapping)
                part = file.get_slice(name)
                dtype = _numpy_type(part.get_dtype(), f"{where}, '{name}'")
                read = partial(_read_safetensor, path, where, name)
                found[name] = Entry(name, tuple(part.get_shape()), dtype, read)
            return found
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _numpy_type(name: str, where: str) -> np.dtype[Any]:
    """Return NumPy's type for one of safetensors'; float32 for shorter ones that it lacks."""
    if name == "BOOL":
        return np.dtype(bool)
    if name.startswith(("BF16", "F8")):
        return np.dtype(np.float32)
    letter = {"F": "f", "I": "i", "U": "u"}.get(name[0])
    if letter is None or not name[1:].isdigit():
        raise ConfigError(f"{where}: it is of type {name}, and real numbers are needed")
    return np.dtype(f"{letter}{int(name[1:]) // 8}")


def _read_safetensor(path: Path, where: str, name: str) -> NDArray[Any]:
    from safetensors import SafetensorError, safe_open

    with _told(where):
        try:
            with safe_open(path, "pt") as file:  # It maps the file.
                tensor = file.get_tensor(name)
        except SafetensorError as error:
            raise ValueError(str(error)) from error
        short = tensor.is_floating_point() and tensor.element_size() < 4
        values: NDArray[Any] = (tensor.float() if short else tensor).numpy()
        return values


def lengths(arrays: Mapping[str, Entry]) -> str:
    """Return the arrays of a file with their shapes, for messages."""
    shown = [
        f"{name} {' x '.join(map(str, entry.shape)) or 'no array of numbers'}"
        for name, entry in list(arrays.items())[:12]
    ]
    return ", ".join(shown) + (f" and {len(arrays) - 12} more" if len(arrays) > 12 else "")
