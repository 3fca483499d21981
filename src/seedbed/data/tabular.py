"""Rows of numbers from and to CSV and .npy files, checked against names and shapes."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from math import isfinite, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from seedbed.config.new_file import require_new_file
from seedbed.data.arrays.names import array_of_inputs
from seedbed.errors import ConfigError, listed, nearest
from seedbed.files import atomic_file

if TYPE_CHECKING:
    import polars as pl

ARRAYS = (".npz", ".safetensors")
SUFFIXES = (".csv", ".npy", *ARRAYS)
OUTPUTS = (".csv", ".parquet", ".npy")
# Of one line of a CSV file; an image of a million numbers fits.
MOST_LETTERS = 20_000_000


def read_inputs(
    source: Any, input_shape: Sequence[int], names: Sequence[str], array: str | None = None
) -> np.ndarray:
    """Return an array of shape (rows, *input_shape): float64, or uint8 where the source is.

    `source` is the name of a .csv, .npy, .npz or .safetensors file, nested lists of numbers or an
    array; one row may stand alone. Among several arrays of a file `array` is the name of the
    inputs; None (default) for one that is called as inputs mostly are. A CSV needs a header: its
    columns are found by `names` in any order, or by position where there are no names. Raises
    ConfigError with the file, line and column of what is wrong.
    """
    if isinstance(source, str):
        path = Path(source)
        if path.suffix not in SUFFIXES:
            raise ConfigError(
                f"input={source}: neither a .csv, .npy, .npz or .safetensors file nor rows such as "
                "[[1, 2, 3]]"
            )
        if not path.is_file():
            raise ConfigError(f"input={source}: no such file")
        if path.suffix in ARRAYS:
            values = array_of_inputs(path, array)
            values = values.reshape(-1, 1) if values.ndim == 1 else values
        else:
            values = _read_csv(path, names) if path.suffix == ".csv" else read_npy(path)
        return shaped(values, input_shape, f"input={source}", names)
    values = typed_numbers(source)
    if values.ndim == 1 and prod(input_shape) == 1:
        values = values.reshape(-1, 1)
    elif values.ndim == 1 and len(values) == prod(input_shape):
        values = values[None]
    return shaped(values, input_shape, "input", names)


def typed_numbers(source: Any) -> np.ndarray:
    """Return nested lists as float64; raise ConfigError where they are no array of numbers.

    An array stays as it is: whether it holds bytes, for one, says how it is scaled.
    """
    if isinstance(source, np.ndarray) and source.dtype.kind in "fiu":
        return source
    try:
        if _holds_truth(source):
            raise TypeError
        return np.array(source, dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise ConfigError("input: the rows must hold numbers, as many in each") from None


def numbers_of(frame: "pl.DataFrame", names: Sequence[str]) -> np.ndarray:
    """Return the columns of a frame as float64, (rows, columns); of bytes alone as uint8.

    They are those with these names, in this order; without names all of them. Raises ConfigError
    where one is not there, or holds anything else than numbers.
    """
    for name in names:
        if name not in frame.columns:
            near = nearest(name, frame.columns)
            raise ConfigError(f"input: no column '{name}'.{near} Found: {listed(frame.columns)}")
    chosen = frame.select(names or frame.columns)
    for name, column in zip(chosen.columns, chosen, strict=True):
        if not column.dtype.is_numeric() or column.null_count():
            row = column.is_null().arg_true().to_list()
            where = f"row {row[0] + 1} is empty" if row else f"it holds {column.dtype}"
            raise ConfigError(f"input: column '{name}': {where}, and numbers are needed")
    values: np.ndarray = chosen.to_numpy()
    return values if values.dtype == np.uint8 else values.astype(np.float64)


def _holds_truth(source: Any) -> bool:
    """Return whether nested lists hold true or false, which NumPy reads as 1 and 0."""
    return any(map(_holds_truth, source)) if isinstance(source, list) else isinstance(source, bool)


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file; raises ConfigError for one that no table has."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        number = 1
        while line := file.readline(MOST_LETTERS):
            if len(line) == MOST_LETTERS:
                raise ConfigError(f"input={path}: line {number} is longer than 20 MB")
            yield line
            number += 1


@dataclass(frozen=True)
class CsvRows:
    """Rows of a CSV file in words.

    Attributes:
        path: the file.
        header: names of the columns.
        rows: each row with the line of the file that it ends on.
    """

    path: Path
    header: list[str]
    rows: list[tuple[int, list[str]]]

    def require(self, names: Sequence[str], what: str = "") -> None:
        """Raise ConfigError where a column is not there once; `what` says what it is for."""
        for name in names:
            if self.header.count(name) > 1:
                count = self.header.count(name)
                raise ConfigError(f"input={self.path}: there are {count} columns '{name}'")
            if name not in self.header:
                near = nearest(name, self.header)
                raise ConfigError(
                    f"input={self.path}: no column '{name}'{what}.{near} "
                    f"Found: {listed(self.header)}"
                )

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """Return columns as float64, (rows, columns); raise ConfigError where one is no number."""
        columns = [self.header.index(name) for name in names]
        return self.numbers_at(columns)

    def numbers_at(self, columns: Sequence[int]) -> np.ndarray:
        """Return the columns in these places as `numbers` does."""
        return np.array(
            [
                [_number(self.path, line, row, column, self.header) for column in columns]
                for line, row in self.rows
            ]
        )

    def words(self, name: str) -> list[str]:
        """Return the cells of a column; those that a row lacks are empty."""
        column = self.header.index(name)
        return [row[column].strip() if column < len(row) else "" for _, row in self.rows]

    def where(self, row: int) -> str:
        """Return how people find a row, of which the first is 0."""
        return f"line {self.rows[row][0]}"


def _read_csv(path: Path, names: Sequence[str]) -> np.ndarray:
    rows = csv_rows(path)
    rows.require(names)
    return rows.numbers(names) if names else rows.numbers_at(range(len(rows.header)))


def csv_rows(path: Path) -> CsvRows:
    """Return the rows of a CSV file with a header; raise ConfigError where it is none."""
    try:
        reader = csv.reader(_lines(path), strict=True)
        # Each row with the line of the file that it ends on.
        rows = [(reader.line_num, row) for row in reader if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"input={path}: not a CSV file in UTF-8 ({error})") from None
    if not rows:
        raise ConfigError(f"input={path}: the file is empty; a header and rows are needed")
    header = [name.strip() for name in rows.pop(0)[1]]
    if all(map(_is_number, header)):
        raise ConfigError(f"input={path}: the first line holds numbers; a header is needed above")
    if not rows:
        raise ConfigError(f"input={path}: no rows below the header")
    for line, row in rows:
        if len(row) > len(header):
            raise ConfigError(
                f"input={path}: line {line} has {len(row)} columns, the header {len(header)}"
            )
    return CsvRows(path, header, rows)


def _number(path: Path, line: int, row: list[str], column: int, header: list[str]) -> float:
    text = row[column].strip() if column < len(row) else ""
    if not _is_number(text):
        raise ConfigError(
            f"input={path}: line {line}, column '{header[column]}': '{text}' is not a number"
        )
    return float(text)


def _is_number(text: str) -> bool:
    """Return whether a text is a finite number as files have them: 1_063 is none but in Python."""
    try:
        return "_" not in text and isfinite(float(text))
    except ValueError:
        return False


def read_npy(path: Path) -> np.ndarray:
    """Return the numbers of a .npy file; raise ConfigError where it holds anything else."""
    try:
        _check_size(path)
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, BadZipFile, MemoryError) as error:
        raise ConfigError(f"input={path}: not a .npy file of numbers ({error})") from None
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
        raise ConfigError(f"input={path}: not a .npy file of numbers")
    return values


def _check_size(path: Path) -> None:
    """Raise ValueError where the header of a .npy file claims more numbers than the file holds."""
    with path.open("rb") as file:
        if file.read(6) != np.lib.format.MAGIC_PREFIX:
            return  # numpy says so.
        file.seek(0)
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0
        header = reader if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(file)
        there = path.stat().st_size - file.tell()
    claimed = prod(shape) * dtype.itemsize
    if claimed > there:
        raise ValueError(f"its header claims {claimed:,} bytes, and {there:,} are there")


def shaped(
    values: np.ndarray, input_shape: Sequence[int], source: str, names: Sequence[str]
) -> np.ndarray:
    """Return rows in the shape that a run takes; raise ConfigError where they have another."""
    wanted = prod(input_shape)
    # Rows may lie flat, or lack axes of size 1; other orders of the axes would be other inputs.
    sizes = values.shape[1:]
    flat = 1 in (len(sizes), len(input_shape)) and prod(sizes) == wanted
    fits = flat or _proper(sizes) == _proper(input_shape)
    if values.ndim < 2 or len(values) == 0 or not fits:
        shape = " x ".join(map(str, input_shape))
        called = f" ({listed(names)})" if len(names) == wanted else ""
        raise ConfigError(
            f"{source}: found shape {values.shape}, and the run takes rows of {shape}{called}"
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ConfigError(f"{source}: some values are not finite")
    # torch takes neither foreign byte orders nor extended precision.
    plain = values if values.dtype == np.uint8 else values.astype(np.float64)
    return plain.reshape(len(values), *input_shape)


def check_output(path: Path, source: Any) -> None:
    """Raise ConfigError where predictions cannot be written: to a wrong or a taken name.

    `source` is the input, a path or rows.
    """
    if path.suffix not in OUTPUTS:
        raise ConfigError(f"output={path}: the name must end in .csv, .parquet or .npy")
    is_input = isinstance(source, str) and path.resolve() == Path(source).resolve()
    require_new_file("output", path, "is the input" if is_input else "exists already")


def _proper(sizes: Sequence[int]) -> list[int]:
    return [size for size in sizes if size != 1]


def write_output(path: Path, columns: Mapping[str, Sequence[Any]], values: np.ndarray) -> None:
    """Write predictions atomically: `columns` to a .csv or .parquet file, `values` to a .npy one.

    Raises ConfigError where something is there by then.
    """
    try:
        with atomic_file(path, new=True) as file:
            if path.suffix == ".csv":
                text = StringIO(newline="")
                csv.writer(text).writerows([columns, *zip(*columns.values(), strict=True)])
                file.write(text.getvalue().encode())
            elif path.suffix == ".parquet":
                import polars as pl  # It takes 0.2 s.

                pl.DataFrame(columns, strict=False).write_parquet(file)
            else:
                np.save(file, values)
    except FileExistsError:
        raise ConfigError(f"output={path}: exists already, and nothing is written over") from None
