"""IDX files: the bytes are those of the format's description, and nothing else is accepted."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from seedbed.data.datasets.idx import parse_idx, read_idx, write_idx
from seedbed.errors import DataError

# Written by hand after the format's description: 2 x 3 unsigned bytes.
REFERENCE = bytes.fromhex("00000802 00000002 00000003 000102 fdfeff")
REFERENCE_ARRAY = np.array([[0, 1, 2], [253, 254, 255]], dtype=np.uint8)


def test_reads_the_reference_bytes(tmp_path: Path) -> None:
    path = tmp_path / "reference"
    path.write_bytes(REFERENCE)

    array = read_idx(path)

    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, REFERENCE_ARRAY)


def test_writes_the_reference_bytes(tmp_path: Path) -> None:
    path = tmp_path / "written"

    write_idx(path, REFERENCE_ARRAY)

    assert path.read_bytes() == REFERENCE


def test_elements_are_in_c_order_whatever_the_memory_layout(tmp_path: Path) -> None:
    path = tmp_path / "written"

    write_idx(path, np.asfortranarray(REFERENCE_ARRAY))

    assert path.read_bytes() == REFERENCE


@given(array=arrays(np.uint8, array_shapes(max_dims=5, min_side=0, max_side=6)))
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, array: NDArray[np.uint8]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip"

    write_idx(path, array)

    read = read_idx(path)
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)


def test_read_array_is_writable(tmp_path: Path) -> None:
    path = tmp_path / "reference"
    path.write_bytes(REFERENCE)

    assert read_idx(path).flags.writeable


@pytest.mark.parametrize("length", range(len(REFERENCE)))
def test_truncated_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "short"
    path.write_bytes(REFERENCE[:length])

    with pytest.raises(DataError, match="truncated") as caught:
        read_idx(path)

    assert str(path) in str(caught.value)


def test_too_long_is_refused_with_the_sizes(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(REFERENCE + b"\0")

    with pytest.raises(DataError, match=r"2x3 = 6 bytes, 7 follow") as caught:
        read_idx(path)

    assert str(path) in str(caught.value)


def test_sizes_are_unsigned() -> None:
    with pytest.raises(DataError, match=r"truncated .* 4294967295 bytes, 0 follow"):
        parse_idx(bytes.fromhex("00000801 ffffffff"), Path("wrong"))


@pytest.mark.parametrize(
    "magic",
    ["1f8b0800", "00000d02", "00000902", "00000800", "00000841", "01000802", "00010802"],
)
def test_wrong_magic_is_refused_and_shown(magic: str) -> None:
    content = bytes.fromhex(magic) + REFERENCE[4:]

    with pytest.raises(DataError, match=magic) as caught:
        parse_idx(content, Path("folder/wrong"))

    assert "folder/wrong" in str(caught.value)
    assert "000008" in str(caught.value)


@given(rest=st.binary(max_size=40))
def test_any_content_is_read_whole_or_refused(rest: bytes) -> None:
    content = b"\0\0\x08" + rest
    try:
        array = parse_idx(content, Path("any"))
    except DataError:
        return
    assert array.size + 4 + 4 * array.ndim == len(content)


def test_shape_beyond_memory_is_refused() -> None:
    content = b"\0\0\x08\x04" + bytes(4) + b"\xff" * 12

    with pytest.raises(DataError, match="huge"):
        parse_idx(content, Path("huge"))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent: cannot be read"):
        read_idx(tmp_path / "absent")


@pytest.mark.parametrize("array", [np.zeros(3, dtype=np.int64), np.zeros((), dtype=np.uint8)])
def test_only_arrays_of_unsigned_bytes_are_written(
    tmp_path: Path, array: NDArray[np.uint8]
) -> None:
    with pytest.raises(DataError, match=str(array.dtype)):
        write_idx(tmp_path / "refused", array)

    assert not (tmp_path / "refused").exists()


def test_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent/file: cannot be written"):
        write_idx(tmp_path / "absent" / "file", REFERENCE_ARRAY)
