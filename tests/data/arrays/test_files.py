"""Arrays in files: read as NumPy reads them, and refused where they are damaged or pickled."""

import os
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_tensors

from seedbed.data.arrays import files
from seedbed.data.arrays.files import entries
from seedbed.errors import ConfigError

ARRAYS: dict[str, NDArray] = {
    "float": np.linspace(0, 1, 12).reshape(3, 4),
    "single": np.arange(6, dtype=np.float32).reshape(3, 2, order="F"),
    "bytes": np.arange(12, dtype=np.uint8).reshape(3, 2, 2),
    "big": np.arange(3, dtype=">f8"),
    "columns": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "truth": np.array([True, False, True]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("large", [1 << 26, 1])
def test_arrays_of_an_npz_are_those_that_were_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Callable, large: int
) -> None:
    monkeypatch.setattr(files, "LARGE_BYTES", large)
    words = np.array(["a", "bcd", "e"])
    save(tmp_path / "x.npz", words=words, **ARRAYS)

    there = entries(tmp_path / "x.npz", "data.file")

    assert list(there) == ["words", *ARRAYS]
    for name, array in {**ARRAYS, "words": words}.items():
        assert (there[name].shape, there[name].dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(there[name].read(), array)


def test_a_large_array_is_mapped_and_its_file_never_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGE_BYTES", 1)
    path = tmp_path / "x.npy"
    np.save(path, ARRAYS["float"])
    before = path.read_bytes()

    (entry,) = entries(path, "data.inputs").values()
    values = entry.read()

    assert isinstance(values, np.memmap)
    torch.from_numpy(values)[0] = 7
    assert path.read_bytes() == before


def test_safetensors_are_read_with_their_types(tmp_path: Path) -> None:
    save_file(
        {name: np.ascontiguousarray(ARRAYS[name]) for name in ("float", "bytes", "truth")},
        tmp_path / "x.safetensors",
    )
    short = {"half": torch.ones(2, dtype=torch.float16), "brain": torch.ones(2).bfloat16()}
    save_tensors(short, tmp_path / "short.safetensors")

    there = entries(tmp_path / "x.safetensors", "data.file")
    for name, entry in there.items():
        assert (entry.shape, entry.dtype) == (ARRAYS[name].shape, ARRAYS[name].dtype)
        np.testing.assert_array_equal(entry.read(), ARRAYS[name])
    for entry in entries(tmp_path / "short.safetensors", "data.file").values():
        assert entry.read().dtype == np.float32


def bomb() -> bytes:
    """A .npy file whose header claims 8 TB."""
    stream = BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + b"1234"


def npy(array: NDArray, **options: bool) -> bytes:
    stream = BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def archive(members: dict[str, bytes], packed: int = zipfile.ZIP_STORED) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", packed) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


OBJECTS = npy(np.array([{"a": 1}, None]), allow_pickle=True)
WHOLE = npy(np.arange(5.0))
BROKEN = [
    ("x.npy", bomb(), "claims 8,796,093,022,208 bytes, and 4 are there"),
    ("x.npz", archive({"x.npy": bomb()}), "'x': its header claims 8,796,093,022,208 bytes"),
    ("x.npz", archive({"x.npy": bomb()}, zipfile.ZIP_DEFLATED), "its header claims"),
    ("x.npy", OBJECTS, "Python objects, which are pickled and never read"),
    ("x.npz", archive({"x.npy": OBJECTS}), "Python objects"),
    ("x.npy", npy(np.array([1 + 2j])), "of type complex128, and numbers or texts are needed"),
    ("x.npy", WHOLE[:-8], "claims 40 bytes, and 32 are there"),
    ("x.npy", WHOLE[:20], "cannot be read as arrays"),
    ("x.npy", b"", "cannot be read as arrays"),
    ("x.npy", b"a,b\n1,2\n", "cannot be read as arrays: the magic string is not correct"),
    ("x.npy", b"\x93NUMPY\x01\x00\x10\x00" + b"{'descr': open()}\n", "cannot be read as arrays"),
    ("x.npz", b"PK nothing", "cannot be read as arrays: File is not a zip file"),
    ("x.npz", archive({"readme.txt": b"hello"}), "there are no arrays in it"),
    ("x.npz", archive({"x.npy": b"hello"}), "cannot be read as arrays"),
    ("x.npz", archive({"x.npy": WHOLE}, zipfile.ZIP_DEFLATED)[:-30], "cannot be read as arrays"),
    ("x.safetensors", b"", "cannot be read as arrays"),
    ("x.safetensors", struct.pack("<Q", 1 << 40) + b"{}", "cannot be read as arrays"),
    ("x.safetensors", struct.pack("<Q", 2) + b"[]", "cannot be read as arrays"),
    ("x.csv", b"a\n1\n", "neither a .npz, .npy nor .safetensors file"),
]


def read_all(path: Path) -> list[NDArray]:
    return [entry.read() for entry in entries(path, "data.file").values()]


@pytest.mark.parametrize(("name", "content", "said"), BROKEN)
def test_a_damaged_file_is_refused_in_a_line(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        read_all(path)

    message = str(caught.value)
    assert said in message
    assert message.startswith(f"data.file={path}")
    assert "\n" not in message


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")
    (tmp_path / "folder.npz").mkdir()

    for name in ("pipe.npy", "folder.npz", "none.npy"):
        with pytest.raises(ConfigError, match="no such file"):
            entries(tmp_path / name, "data.file")


def test_an_array_that_unpacks_to_more_than_the_free_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=np.zeros(1000))
    (entry,) = entries(tmp_path / "x.npz", "data.file").values()
    monkeypatch.setattr(files, "free_memory", lambda: 7999)

    with pytest.raises(ConfigError, match=r"holds 8,000 bytes unpacked, and 7,999 bytes"):
        entry.read()
