"""Reading of a table from a file, whatever its format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from seedbed.data.tables.files.columnar import read_columnar
from seedbed.data.tables.files.content import content_of
from seedbed.data.tables.files.delimited import read_delimited
from seedbed.data.tables.files.dialect import Dialect
from seedbed.data.tables.files.options import ReadOptions

# Kinds of columns whose values are read as they are written: 00501 is not 501 there.
VERBATIM = ("category", "id", "boolean", "date", "time", "ignore")


@dataclass(frozen=True)
class RawTable:
    """Table as its file has it.

    Attributes:
        frame: columns of Float64, Int64, String, Boolean, Date, Datetime or Time; words have no
            blanks around them, and what is missing is null.
        path: the file.
        format: `CSV`, `Parquet` or `Arrow`.
        dialect: how a text file is written; None: it is none.
        notes: what was passed over, for people.
        first_line: line of the file that the first row is on; None: rows do not follow lines.
        key: the key that names the file.
        places: places of the rows in the file, where some are left out; None: all are there.
    """

    frame: pl.DataFrame
    path: Path
    format: str
    dialect: Dialect | None = None
    notes: tuple[str, ...] = ()
    first_line: int | None = None
    key: str = "data.file"
    places: Sequence[int] | None = None

    @property
    def source(self) -> str:
        """How messages call the file: `data.file=penguins.csv`."""
        return f"{self.key}={self.path}"

    def where(self, row: int) -> str:
        """Return how people find a row, of which the first is 0: `line 2`, or `row 1`."""
        row = row if self.places is None else self.places[row]
        if self.first_line is None:
            return f"row {row + 1}"
        return f"line {self.first_line + row}"


def read_table(
    path: str | Path,
    options: ReadOptions | None = None,
    columns: Mapping[str, str] | None = None,
    key: str = "data.file",
) -> RawTable:
    """Return the table of a CSV, TSV, Parquet or Arrow file, packed by gzip or not.

    Args:
        path: The file; what it is follows from its content, not from its name.
        options: How a text file is written; what is None there is found.
        columns: Kinds of columns by name where they are known, those of a schema for one.
        key: Key that names the file in messages.

    Raises:
        ConfigError: The file cannot be read as a table; the message says where and why.
    """
    path = Path(path)
    kinds = columns or {}
    content = content_of(path, key)
    if content.kind == "text":
        verbatim = {name for name, kind in kinds.items() if kind in VERBATIM}
        text = read_delimited(content, options or ReadOptions(), verbatim, key)
        return RawTable(text.frame, path, "CSV", text.dialect, text.notes, text.first_line, key)
    left_out = {name for name, kind in kinds.items() if kind == "ignore"}
    return RawTable(read_columnar(content, left_out, key), path, content.kind, key=key)
