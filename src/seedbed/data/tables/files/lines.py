"""Lines of a text file one by one, in plain Python: slow, and exact about where something is.

Only where a file is damaged, or may be.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from pathlib import Path

from seedbed.data.tables.files.dialect import Dialect, reader_options
from seedbed.data.tables.files.text import LONGEST_LINE
from seedbed.errors import ConfigError, listed


def records(source: Path | bytes, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the records of a text in UTF-8, each with the number of the line that it begins on.

    Those without any letters are left out, as whoever reads the text leaves them out. Raises
    csv.Error where a quotation does not end, or is followed by letters.
    """
    file = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    with (
        TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text,
        _fields_as_long_as_lines(),
    ):
        options = reader_options(dialect.separator, dialect.quote)
        reader = csv.reader(text, strict=True, **options)
        before = 0
        for record in reader:
            if any(field.strip() for field in record) or len(record) > 1:
                yield before + 1, record
            before = reader.line_num


@contextmanager
def _fields_as_long_as_lines() -> Iterator[None]:
    """Let a field be as long as a line; the limit is that of the whole process."""
    before = csv.field_size_limit(LONGEST_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def require_even(source: Path | bytes, dialect: Dialect, columns: int, where: str) -> None:
    """Raise ConfigError for the first record that has more or fewer fields than `columns`.

    As well where the quotes do not go together.
    """
    last = 1
    uneven: list[str] = []
    more: list[str] = []
    try:
        for line, record in records(source, dialect):
            last = line
            if len(record) != columns:
                uneven.append(f"{line} has {len(record)}")
                more = more or record
                if len(uneven) == 4:
                    break
    except csv.Error as error:
        raise ConfigError(
            f"{where}: from line {last + 1} on the quotes do not go together ({error}); "
            "data.quote='' takes them as letters"
        ) from None
    if uneven:
        shown = listed([f"line {text}" for text in uneven[:3]])
        others = " and others" if len(uneven) > 3 else ""
        advice = f"fields that hold '{_shown(dialect.separator)}' need quotes"
        if columns == 1:
            advice = "the names of the columns must be in the first line"
        raise ConfigError(
            f"{where}: rows of different lengths: the header has {columns} columns, {shown}"
            f"{others}; {advice}"
        )


def _shown(separator: str) -> str:
    return {"\t": "a tab"}.get(separator, separator)
