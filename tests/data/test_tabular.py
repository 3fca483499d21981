"""Rows from and to files: found by name, checked by shape, and every mistake with its place."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from seedbed.data.tabular import check_output, read_inputs, write_output
from seedbed.errors import ConfigError

NAMES = ["temperature", "rainfall", "humidity"]
Write = Callable[[str | bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes rows.csv and returns its name."""

    def written(content: str | bytes) -> str:
        path = tmp_path / "rows.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return written


def message_of(source: Any, input_shape: list[int], names: list[str]) -> str:
    with pytest.raises(ConfigError) as caught:
        read_inputs(source, input_shape, names)
    return str(caught.value)


# CSV


def test_columns_are_found_by_name_in_any_order(write: Write) -> None:
    source = write("humidity,region,temperature,rainfall\n43,Kanto,73,67\n64,Johto,91,88\n")

    values = read_inputs(source, [3], NAMES)

    # Columns that nobody asked for need not hold numbers.
    assert values.tolist() == [[73, 67, 43], [91, 88, 64]]


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
        min_size=1,
        max_size=6,
    ),
    order=st.permutations([0, 1, 2, 3]),
)
def test_every_number_is_read_to_its_last_digit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]], order: list[int]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    table = [[*NAMES, "note"], *([*row, "x"] for row in rows)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([[line[column] for column in order] for line in table])

    values = read_inputs(str(path), [3], NAMES)

    assert values.dtype == np.float64
    assert values.tolist() == rows


def test_without_names_columns_are_taken_by_position(write: Write) -> None:
    source = write("whatever,they,are,called\n1,2,3,4\n5,6,7,8\n")

    assert read_inputs(source, [2, 2], []).tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


def test_spaces_blank_lines_quotes_and_a_byte_order_mark_do_not_matter(write: Write) -> None:
    source = write('\ufeff temperature ,"rainfall", humidity\r\n\r\n 1 ,"2",-3e0\r\n\r\n4,5,6\r\n')

    assert read_inputs(source, [3], NAMES).tolist() == [[1, 2, -3], [4, 5, 6]]


def test_a_column_that_is_missing_is_named_with_the_nearest(write: Write) -> None:
    source = write("temperature,rain_fall,wind\n1,2,3\n")

    assert message_of(source, [3], NAMES) == (
        f"input={source}: no column 'rainfall'. Did you mean 'rain_fall'? "
        "Found: temperature, rain_fall, wind"
    )


@pytest.mark.parametrize(
    "text", ["abc", "", "  ", "nan", "inf", "-inf", "1,5", "0x10", "1 2", "--1"]
)
def test_what_is_no_number_is_refused_with_line_and_column(write: Write, text: str) -> None:
    source = write(f'humidity,rainfall,temperature\n1,2,3\n\n4,"{text}",6\n')

    # Line 3 is blank.
    assert message_of(source, [3], NAMES) == (
        f"input={source}: line 4, column 'rainfall': '{text.strip()}' is not a number"
    )


def test_a_line_that_is_too_short_is_refused_with_the_missing_column(write: Write) -> None:
    source = write("temperature,rainfall,humidity\n1,2,3\n4,5\n")

    assert "line 3, column 'humidity': '' is not a number" in message_of(source, [3], NAMES)


@pytest.mark.parametrize("names", [["reading"], []])
def test_a_line_that_is_too_long_is_refused(write: Write, names: list[str]) -> None:
    # Read as 35, this reading with a decimal comma would give an answer to another question.
    source = write("reading\n12.5\n35,7\n")

    assert "line 3" in message_of(source, [1], names)


def test_the_line_is_that_of_the_file(write: Write) -> None:
    # The note of the first row goes over three lines.
    source = write('reading,note\n1,"a\nb\nc"\nx,d\n')

    assert "line 5, column 'reading': 'x'" in message_of(source, [1], ["reading"])


def test_text_in_another_encoding_is_refused(write: Write) -> None:
    source = write("reading,city\n1,Z\xfcrich\n".encode("latin-1"))

    assert source in message_of(source, [1], ["reading"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty; a header and rows are needed"),
        ("temperature,rainfall,humidity\n", "no rows below the header"),
        ("temperature,rainfall,humidity\n\n\n", "no rows below the header"),
    ],
)
def test_a_file_without_rows_is_refused(write: Write, content: str, message: str) -> None:
    source = write(content)

    assert message_of(source, [3], NAMES) == f"input={source}: {message}"


def test_a_wrong_number_of_columns_is_refused(write: Write) -> None:
    source = write("a,b\n1,2\n3,4\n5,6\n")

    assert message_of(source, [1, 4, 5], []) == (
        f"input={source}: found shape (3, 2), and the run takes rows of 1 x 4 x 5"
    )


@pytest.mark.parametrize("suffix", [".csv", ".npy"])
def test_a_file_that_is_missing_is_named(tmp_path: Path, suffix: str) -> None:
    source = str(tmp_path / f"absent{suffix}")

    assert message_of(source, [3], NAMES) == f"input={source}: no such file"


@pytest.mark.parametrize("source", ["rows.txt", "rows", "1,2,3", ""])
def test_other_files_are_refused(source: str) -> None:
    assert message_of(source, [3], NAMES) == (
        f"input={source}: neither a .csv, .npy, .npz or .safetensors file nor rows such as "
        "[[1, 2, 3]]"
    )


# .npy


def saved(tmp_path: Path, values: Any) -> str:
    path = tmp_path / "rows.npy"
    np.save(path, values)
    return str(path)


@pytest.mark.parametrize(
    ("shape", "input_shape"),
    [((4, 3), [3]), ((4, 2, 3), [2, 3]), ((4, 6), [2, 3]), ((4, 1, 2, 3), [2, 3]), ((1, 1), [1])],
)
def test_arrays_are_taken_in_the_shape_of_the_rows(
    tmp_path: Path, shape: tuple[int, ...], input_shape: list[int]
) -> None:
    array = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)

    values = read_inputs(saved(tmp_path, array), input_shape, [])

    assert values.shape == (shape[0], *input_shape)
    assert values.flatten().tolist() == array.flatten().tolist()


@pytest.mark.parametrize(
    "kind", ["<f8", ">f8", "<f4", ">i4", "i8", "u1", "bool", np.longdouble], ids=str
)
def test_numbers_of_any_type_can_be_made_a_tensor(tmp_path: Path, kind: Any) -> None:
    array = np.array([[0, 1], [1, 1]]).astype(kind)

    values = read_inputs(saved(tmp_path, array), [2], [])

    # `predict` does so; torch knows neither other byte orders nor long doubles.
    assert torch.from_numpy(values).tolist() == [[0, 1], [1, 1]]


def test_bytes_stay_bytes(tmp_path: Path) -> None:
    # Images are told by their type from numbers that are scaled already.
    assert read_inputs(saved(tmp_path, np.zeros((2, 4), np.uint8)), [2, 2], []).dtype == np.uint8


def test_arrays_in_other_memory_order_are_read_alike(tmp_path: Path) -> None:
    array = np.arange(12.0).reshape(2, 2, 3)

    values = read_inputs(saved(tmp_path, np.asfortranarray(array)), [6], [])

    assert values.tolist() == array.reshape(2, 6).tolist()


@pytest.mark.parametrize(
    ("shape", "input_shape"),
    [((3,), [3]), ((4, 3), [2]), ((4, 2), [2, 3]), ((0, 3), [3]), ((), [1])],
)
def test_arrays_of_another_shape_are_refused(
    tmp_path: Path, shape: tuple[int, ...], input_shape: list[int]
) -> None:
    source = saved(tmp_path, np.zeros(shape))

    assert message_of(source, input_shape, []) == (
        f"input={source}: found shape {shape}, and the run takes rows of "
        + " x ".join(map(str, input_shape))
    )


def test_the_names_of_the_inputs_are_shown_with_the_shape(tmp_path: Path) -> None:
    source = saved(tmp_path, np.zeros((2, 2)))

    assert message_of(source, [3], NAMES).endswith(
        "found shape (2, 2), and the run takes rows of 3 (temperature, rainfall, humidity)"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    source = saved(tmp_path, np.array([[1.0, value]]))

    assert message_of(source, [2], []) == f"input={source}: some values are not finite"


@pytest.mark.parametrize(
    "array",
    [np.array([["1", "2"]]), np.array([[1j, 2]]), np.array([["2020-01-01"] * 2], "datetime64[D]")],
    ids=["text", "complex", "dates"],
)
def test_arrays_of_other_things_are_refused(tmp_path: Path, array: Any) -> None:
    source = saved(tmp_path, array)

    assert message_of(source, [2], []) == f"input={source}: not a .npy file of numbers"


class Pickled:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    source = saved(tmp_path, np.array([[Pickled(trace)]], dtype=object))

    assert f"input={source}: not a .npy file of numbers" in message_of(source, [1], [])
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"not numpy", b"\x93NUMPY\x01\x00", b"PK\x03\x04 broken"])
def test_files_that_are_no_arrays_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.npy"
    path.write_bytes(content)

    assert f"input={path}: not a .npy file of numbers" in message_of(str(path), [1], [])


def test_an_archive_of_arrays_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    with path.open("wb") as file:
        np.savez(file, rows=np.zeros((2, 1)))

    assert message_of(str(path), [1], []) == f"input={path}: not a .npy file of numbers"


# Files of several arrays


@pytest.mark.parametrize(
    ("arrays", "array", "expected"),
    [
        ({"only": [[1, 2]]}, None, [[1, 2]]),
        ({"y": [0], "X": [[1, 2]]}, None, [[1, 2]]),
        ({"x": [[3, 4]], "pixels": [[1, 2]]}, "pixels", [[1, 2]]),
        # A file that names them otherwise than the run did.
        ({"x": [[1, 2]], "y": [0]}, "pixels", [[1, 2]]),
    ],
)
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_the_inputs_are_found_among_the_arrays_of_a_file(
    tmp_path: Path, suffix: str, arrays: dict[str, Any], array: str | None, expected: Any
) -> None:
    path, named = tmp_path / f"rows{suffix}", {key: np.array(v) for key, v in arrays.items()}
    (np.savez(path, **named) if suffix == ".npz" else save_file(named, path))

    assert read_inputs(str(path), [2], [], array).tolist() == expected


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": [[1, 2]], "b": [0]}, "which array holds the inputs? None is called 'inputs'; there"),
        ({"x": ["a", "b"]}, "'x' holds no rows of numbers"),
        ({"x": [[1, 2, 3]]}, "found shape (1, 3), and the run takes rows of 2"),
    ],
)
def test_a_file_without_them_is_refused(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    np.savez(tmp_path / "rows.npz", **{key: np.array(v) for key, v in arrays.items()})

    assert said in message_of(str(tmp_path / "rows.npz"), [2], [])


# Rows on the command line


@pytest.mark.parametrize(
    ("source", "input_shape", "expected"),
    [
        ([[1, 2, 3]], [3], [[1, 2, 3]]),
        ([[1, 2.5, 3], [4, 5, 6]], [3], [[1, 2.5, 3], [4, 5, 6]]),
        # One row may be given without the outer brackets.
        ([1, 2, 3], [3], [[1, 2, 3]]),
        ([7], [1], [[7]]),
        ([[7]], [1], [[7]]),
        ([[1, 2, 3, 4]], [2, 2], [[[1, 2], [3, 4]]]),
        ([[[1, 2], [3, 4]]], [2, 2], [[[1, 2], [3, 4]]]),
    ],
)
def test_rows_are_given_as_lists(source: Any, input_shape: list[int], expected: Any) -> None:
    assert read_inputs(source, input_shape, []).tolist() == expected


@pytest.mark.parametrize(
    "source", [[[1, 2], [3]], [["a", "b", "c"]], {"a": 1}, [[1, 2, {}]], [[10**400, 1, 2]]]
)
def test_rows_that_are_no_table_of_numbers_are_refused(source: Any) -> None:
    assert message_of(source, [3], []) == "input: the rows must hold numbers, as many in each"


@pytest.mark.parametrize("source", [[[1, 2]], [1, 2], [], [[]], 5, None])
def test_rows_of_another_shape_are_refused(source: Any) -> None:
    assert message_of(source, [3], NAMES) == (
        f"input: found shape {np.array(source, dtype=float).shape}, and the run takes rows of 3 "
        "(temperature, rainfall, humidity)"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_rows_that_are_not_finite_are_refused(value: Any) -> None:
    assert message_of([[1, 2, value]], [3], []) == "input: some values are not finite"


# Output

COLUMNS = {"class": ["T-shirt, top", "Bag"], "probability": [0.1, 1 / 3]}


def test_predictions_are_written_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "out.csv"

    write_output(path, COLUMNS, np.zeros(2))

    assert path.read_bytes() == (
        b'class,probability\r\n"T-shirt, top",0.1\r\nBag,0.3333333333333333\r\n'
    )


def test_predictions_are_written_as_an_array(tmp_path: Path) -> None:
    values = np.array([[0.25, 0.75], [1 / 3, 2 / 3]], dtype=np.float32)

    write_output(tmp_path / "out.npy", COLUMNS, values)

    read = np.load(tmp_path / "out.npy")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize("name", ["out.csv", "out.npy"])
def test_what_came_there_meanwhile_is_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("of the user")

    with pytest.raises(ConfigError, match="exists already, and nothing is written over"):
        write_output(path, {"y": [1.0]}, np.array([[1.0]]))

    assert path.read_text() == "of the user"
    assert [file.name for file in tmp_path.iterdir()] == [name]


class Unwritable:
    """A value that fails in the middle of the file."""

    def __str__(self) -> str:
        raise RuntimeError("no words for it")

    def __reduce__(self) -> Any:
        raise RuntimeError("no words for it")


@pytest.mark.parametrize("name", ["out.csv", "out.npy"])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("from before")

    with pytest.raises(RuntimeError, match="no words"):
        write_output(path, {"y": [1.0, Unwritable()]}, np.array([1.0, Unwritable()], object))

    assert path.read_text() == "from before"
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["out.csv", "out.npy"])
def test_others_see_the_whole_file_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / name
    seen: list[bool] = []
    monkeypatch.setattr("os.link", lambda source, destination: seen.append(path.exists()))

    write_output(path, {"y": [1.0]}, np.array([[1.0]]))

    # Until the link at the very end nothing lies under the name.
    assert seen == [False]
    assert list(tmp_path.iterdir()) == []


def test_axes_in_another_order_are_other_inputs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"found shape \(2, 4, 5, 3\), and the run takes"):
        read_inputs(saved(tmp_path, np.ones((2, 4, 5, 3))), [3, 4, 5], [])
    assert read_inputs(saved(tmp_path, np.ones((2, 4, 5))), [1, 4, 5], []).shape == (2, 1, 4, 5)


@pytest.mark.parametrize(
    ("content", "names", "said"),
    [
        ("x,x\n1,2\n", ["x"], "there are 2 columns 'x'"),
        ("1,2\n3,4\n", [], "a header is needed above"),
        ("x\n1_063\n", ["x"], "'1_063' is not a number"),
        ('x\n"1\n', ["x"], "not a CSV file"),
    ],
)
def test_what_other_readers_would_read_differently_is_refused(
    tmp_path: Path, content: str, names: list[str], said: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)

    with pytest.raises(ConfigError, match=said):
        read_inputs(str(path), [len(names) or 2], names)


def test_a_line_without_end_and_an_array_beyond_all_memory_are_refused(tmp_path: Path) -> None:
    endless = tmp_path / "endless.csv"
    with endless.open("wb") as file:
        file.truncate(10**12)  # It takes no space on the disk.
    with pytest.raises(ConfigError, match="line 1 is longer than 20 MB"):
        read_inputs(str(endless), [2], [])

    claims = tmp_path / "claims.npy"
    np.save(claims, np.ones((2, 2)))
    claimed = b"(10000000000000, 2), }"
    claims.write_bytes(claims.read_bytes().replace(b"(2, 2), }".ljust(len(claimed)), claimed))
    with pytest.raises(ConfigError, match=r"claims.npy: not a \.npy file"):
        read_inputs(str(claims), [2], [])


def test_truth_is_no_number() -> None:
    with pytest.raises(ConfigError, match="must hold numbers"):
        read_inputs([[1, True]], [2], [])


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("in.csv", "is the input"),
        ("link.csv", "is the input"),
        ("folder.csv", "exists already"),
        ("in.csv/out.csv", "no folder that can be written to"),
        ("out.txt", r"must end in \.csv, \.parquet or \.npy"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_at_once(
    tmp_path: Path, output: str, said: str
) -> None:
    (tmp_path / "in.csv").touch()
    (tmp_path / "link.csv").symlink_to("in.csv")
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(ConfigError, match=said):
        check_output(tmp_path / output, str(tmp_path / "in.csv"))
    check_output(tmp_path / "new" / "out.npy", "in.csv")
