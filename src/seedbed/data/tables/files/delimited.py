"""Tables in text: CSV, TSV and their kin, into columns of numbers and of words."""

import csv
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from io import StringIO
from math import isnan
from typing import Any

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from seedbed.data.tables.files.content import Content
from seedbed.data.tables.files.dialect import Dialect, find_dialect, reader_options
from seedbed.data.tables.files.lines import require_even
from seedbed.data.tables.files.options import ReadOptions
from seedbed.data.tables.files.text import Text, chunks, text_of
from seedbed.errors import ConfigError, listed
from seedbed.process.threads import for_each

MOST_COLUMNS = 50_000
# Rows from the beginning of a file that say which columns are numbers, and their values.
_SAMPLED_ROWS, _FEWEST_SAMPLED, _SAMPLED_VALUES = 1000, 20, 200_000
# Stands for the name of a column that has none; no name holds a zero byte.
_UNNAMED = "\0{}"
# What a number may begin with, `inf` and `nan` included.
_NUMBER_OR_WORD = re.compile(r"[-+.,\dinIN]")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Delimited:
    """Table that was read from text.

    Attributes:
        frame: its columns, Float64, Int64 or String.
        dialect: how it is written.
        notes: what was passed over.
        first_line: line of the file that the first row is on; None: rows do not follow lines.
    """

    frame: pl.DataFrame
    dialect: Dialect
    notes: tuple[str, ...]
    first_line: int | None


@dataclass(frozen=True)
class _Header:
    names: list[str]
    # Lines up to the first row, and places of columns without a name.
    lines: int
    unnamed: tuple[int, ...]


def read_delimited(
    content: Content, options: ReadOptions, verbatim: Collection[str], key: str
) -> Delimited:
    """Return the table of a text file.

    Args:
        content: The file.
        options: What the user says of its dialect.
        verbatim: Columns that are read as they are written, numbers or not.
        key: Key that names the file in messages.

    Raises:
        ConfigError: The file is no table, or a row has more or fewer fields than the header.
    """
    where = f"{key}={content.path}"
    text = text_of(content, options.encoding, key)
    options = _as_the_file_says(text, options)
    suffixes = [suffix.lower() for suffix in content.path.suffixes if suffix.lower() != ".gz"]
    dialect = find_dialect(
        text.head,
        options,
        suffixes[-1] if suffixes else "",
        text.encoding,
        whole=text.whole,
        packed=content.unpacked is not None,
    )
    header = _header(text, dialect, options, where)
    frame = _read(text, dialect, header, options, verbatim, where)
    if not len(frame):
        raise ConfigError(f"{where}: no rows below the header")
    frame, blank = _without_blank_lines(text, dialect, frame, where)
    frame, notes = _without_unnamed(frame, header, where)
    frame = _settled(frame, options, dialect, verbatim)
    follows = not blank and text.lines - header.lines <= len(frame)
    return Delimited(frame, dialect, notes, header.lines + 1 if follows else None)


def _as_the_file_says(text: Text, options: ReadOptions) -> ReadOptions:
    """Return the options with the separator that the first line names for Excel, if it does."""
    if text.separator is None or options.separator is not None:
        return options
    return replace(options, separator=text.separator)


# ---- The header ----------------------------------------------------------------------------------


def _header(text: Text, dialect: Dialect, options: ReadOptions, where: str) -> _Header:
    reading = reader_options(dialect.separator, dialect.quote)
    # Line by line, each with its end, as csv.reader wants them.
    reader = csv.reader(StringIO(text.head, newline="\n"), **reading)
    names: list[str] = []
    try:
        for record in reader:
            if any(field.strip() for field in record):
                names = [" ".join(field.split()) for field in record]
                break
    except csv.Error as error:
        raise ConfigError(f"{where}: the header cannot be read ({error})") from None
    if not names:
        raise ConfigError(f"{where}: the file is empty; a header and rows are needed")
    if len(names) > MOST_COLUMNS:
        raise ConfigError(f"{where}: {len(names):,} columns; at most {MOST_COLUMNS:,} are read")
    if all(_NUMBER.fullmatch(name) for name in names):
        raise ConfigError(
            f"{where}: the first line holds numbers ({listed(names, 5)}); the names of the columns "
            "are needed above"
        )
    if options.separator and len(names) == 1:
        other = find_dialect(
            text.head, ReadOptions(quote=options.quote), "", "", whole=text.whole, packed=False
        )
        if other.separator in names[0]:
            raise ConfigError(
                f"data.separator={options.separator!r}: gives the one column '{names[0][:80]}'; "
                f"{where.partition('=')[2]} looks separated by {other.separator!r}"
            )
    seen: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if name and name in seen:
            raise ConfigError(
                f"{where}: two columns are named '{name}': number {seen[name]} and number {place}"
            )
        seen[name] = place
    unnamed = tuple(place for place, name in enumerate(names) if not name)
    return _Header(names, text.skipped + reader.line_num, unnamed)


def _without_unnamed(
    frame: pl.DataFrame, header: _Header, where: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the columns that have a name.

    Left out may be what other programs write: numbers of the rows in the first column, and a last
    one without any values.
    """
    notes = []
    for place in header.unnamed:
        name = _UNNAMED.format(place)
        column = frame[name]
        if place == 0 and column.n_unique() == len(column) and column.null_count() == 0:
            notes.append("column 1 has no name and differs in every row: left out as a row number")
        elif place == len(header.names) - 1 and column.null_count() == len(column):
            notes.append(f"column {place + 1} has neither name nor values: left out")
        else:
            raise ConfigError(f"{where}: column {place + 1} has no name in the header")
        frame = frame.drop(name)
    if not frame.width:
        raise ConfigError(f"{where}: no column has a name")
    return frame, tuple(notes)


# ---- The rows ------------------------------------------------------------------------------------


def _read(
    text: Text,
    dialect: Dialect,
    header: _Header,
    options: ReadOptions,
    verbatim: Collection[str],
    where: str,
) -> pl.DataFrame:
    """Return the columns: numbers where they begin as such, all others as they are written."""
    names = [name or _UNNAMED.format(place) for place, name in enumerate(header.names)]
    if dialect.quote == '"' and text.quotes % 2:
        require_even(text.source, dialect, len(names), where)
    common: dict[str, Any] = {
        "source": text.source,
        "has_header": False,
        "skip_lines": header.lines,
        "separator": dialect.separator,
        "quote_char": dialect.quote or None,
        "decimal_comma": dialect.decimal == ",",
        "missing_columns": "insert",
        "encoding": "utf8",
        "glob": False,
    }
    words: dict[str, Any] = dict.fromkeys(names, pl.String)
    missing = {word for word in options.missing_words if word}
    try:
        rows = max(_FEWEST_SAMPLED, min(_SAMPLED_ROWS, _SAMPLED_VALUES // len(names)))
        sample = pl.read_csv(**common, schema=words, n_rows=rows)
        # Each word for what is missing costs time, and few files have more than one.
        used: set[str] = set()
        schema = dict(words)
        for name in names:
            values = set(sample.get_column(name).to_list()) - {None, ""}
            if name not in verbatim and _are_floats(values - missing):
                schema[name] = pl.Float64
                used |= values & missing
        for nulls in [used] if used == missing else [used, missing]:
            with suppress(PolarsError):
                return pl.read_csv(**common, schema=schema, null_values=[*nulls])
        # A word among numbers, for one: as it is written, so that it can be shown.
        return pl.read_csv(**common, schema=words)
    except PolarsError as error:
        require_even(text.source, dialect, len(names), where)
        reason = str(error).splitlines()[0][:200]
        raise ConfigError(f"{where}: cannot be read as a table: {reason}") from None


def _are_floats(values: set[str]) -> bool:
    """Return whether words are numbers, some with places behind the point.

    Whole numbers may be codes, whose zeros in front count, and are read as they are written.
    """
    has_places = any({*".,eE"} & {*word} for word in values)
    return has_places and all(map(_NUMBER.fullmatch, values))


def _without_blank_lines(
    text: Text, dialect: Dialect, frame: pl.DataFrame, where: str
) -> tuple[pl.DataFrame, bool]:
    """Return the rows that have any value, and whether there were others.

    Raises ConfigError where rows are shorter than the header: polars fills them.
    """
    last = frame.columns[-1]
    if frame[last].null_count() == 0:
        return frame, False
    if frame.width > 1 and _separators_missing(text, dialect, frame):
        require_even(text.source, dialect, frame.width, where)
    ends = frame[last].is_null()
    maybe = frame.filter(ends)
    filled = maybe.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    if filled.all():
        return frame, False
    keep = (~ends).to_numpy(writable=True)
    keep[~keep] = filled.to_numpy()
    return frame.filter(pl.Series(keep)), True


def _separators_missing(text: Text, dialect: Dialect, frame: pl.DataFrame) -> bool:
    """Return whether some row may have too few separators; none has too many."""
    if text.quotes and dialect.quote:
        return True  # Some may be inside of quotes.
    separator, count = ord(dialect.separator), 0
    for chunk in chunks(text.source):
        count += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == separator))
    return count < (len(frame) + 1) * (frame.width - 1)


# ---- From words to numbers -----------------------------------------------------------------------


def _settled(
    frame: pl.DataFrame, options: ReadOptions, dialect: Dialect, verbatim: Collection[str]
) -> pl.DataFrame:
    """Return the columns without blanks around words, and as numbers where all words are some."""
    missing = options.missing_words

    def settled(name: str) -> pl.Series:
        column = frame[name]
        if column.dtype == pl.Float64:
            return without_nan(column)
        if name in verbatim:
            return _plain_words(column, missing)
        numbers = as_numbers(column, dialect.decimal)
        if numbers is not None:
            return numbers
        words = _plain_words(column, missing)
        numbers = None if words is column else as_numbers(words, dialect.decimal)
        return words if numbers is None else numbers

    return frame.with_columns(for_each(settled, frame.columns, len(frame)))


def _plain_words(column: pl.Series, missing: list[str]) -> pl.Series:
    """Return words without blanks around them, and null where they are words for that."""
    # Few words in many rows are looked at by themselves.
    some = column.drop_nulls().unique()
    stripped = some.str.strip_chars()
    if (stripped == some).all() and not stripped.is_in(missing).any():
        return column
    words = pl.col(column.name).str.strip_chars()
    changed = pl.when(words.is_in(missing)).then(None).otherwise(words).name.keep()
    return column.to_frame().select(changed).to_series()


def as_numbers(column: pl.Series, decimal: str = ".") -> pl.Series | None:
    """Return words as numbers, Int64 or else Float64; None where some are none.

    Whole numbers with zeros in front, as of codes, are none.
    """
    words = column.null_count()
    first = column.first(ignore_nulls=True)
    if first is None or not _NUMBER_OR_WORD.match(str(first)):
        return None
    whole = column.cast(pl.Int64, strict=False)
    if whole.null_count() == words:
        return None if _has_zeros_in_front(column) else whole
    if decimal == ",":
        column = column.str.replace(",", ".", literal=True)
    numbers = column.cast(pl.Float64, strict=False)
    if numbers.null_count() > words:
        return None
    return without_nan(numbers)


def without_nan(numbers: pl.Series) -> pl.Series:
    """Return a Float64 column with null in the place of what is no number."""
    total = numbers.sum()  # A copy costs far more, and few columns need it.
    return numbers.fill_nan(None) if isinstance(total, float) and isnan(total) else numbers


def _has_zeros_in_front(numbers: pl.Series) -> bool:
    longer = numbers.filter(numbers.str.len_bytes() > 1)
    starts = longer.str.starts_with
    likely = longer.filter(starts("0") | starts("-") | starts("+"))
    return bool(likely.str.contains(r"^[+-]?0\d").any())
