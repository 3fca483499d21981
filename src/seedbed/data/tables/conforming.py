"""Tables that conform to a schema: the columns of its kinds, or an error with row and column."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import polars as pl

from seedbed.data.tables.dates import parse_dates
from seedbed.data.tables.files.delimited import without_nan
from seedbed.data.tables.files.reading import RawTable
from seedbed.data.tables.kinds import boolean_words, infinite_rows
from seedbed.data.tables.places import rows_text, value_text
from seedbed.data.tables.schema import Column, TableSchema
from seedbed.data.tables.targets import class_words
from seedbed.errors import ConfigError, listed, nearest
from seedbed.process.threads import for_each


def typed_frame(table: RawTable, schema: TableSchema, *, targets: bool = True) -> pl.DataFrame:
    """Return a table in the columns of a schema, in the order of the schema.

    Numbers become Float64, categories String, booleans Boolean, dates Date or Datetime, times Time;
    an id stays as it is. What is missing is null. Columns that are left out of training and are no
    id, and those that the schema does not know, are left out.

    Args:
        table: A table, read with `schema.kinds` for its columns.
        schema: The schema, of this table or of the one that was trained on.
        targets: Whether targets, weights and what rows are split by must be there.

    Raises:
        ConfigError: A column is missing, or a value is not of its column's kind.
    """
    wanted = [
        column
        for column in schema.columns
        if column.role == "input" or column.name in table.frame.columns or _needed(column, targets)
    ]
    kept = [column for column in wanted if column.role != "left_out" or column.kind == "id"]
    _require_columns(table, kept)
    return pl.DataFrame(for_each(partial(conformed, table), kept, len(table.frame)))


def _needed(column: Column, targets: bool) -> bool:
    return targets and column.role in ("target", "weight", "split")


def _require_columns(table: RawTable, columns: Sequence[Column]) -> None:
    there = table.frame.columns
    lacking = [column.name for column in columns if column.name not in there]
    if lacking:
        near = nearest(lacking[0], there)
        others = f" (and {listed(lacking[1:], 5)})" if lacking[1:] else ""
        raise ConfigError(
            f"{table.source}: no column '{lacking[0]}'{others}.{near}\nColumns: {listed(there)}"
        )


def conformed(table: RawTable, column: Column) -> pl.Series:
    """Return a column of a table as its kind; raises ConfigError where a value is not of it."""
    values = table.frame[column.name]
    if column.kind == "number":
        return _numbers(table, values)
    if column.kind == "category":
        return class_words(values, column)
    if column.kind == "boolean":
        return _booleans(table, values, column)
    if column.kind in ("date", "time"):
        return _dates(table, values, column)
    return values


def _refuse(table: RawTable, values: pl.Series, wrong: pl.Series, wanted: str) -> None:
    """Raise ConfigError for the first of the rows where a value is not what is wanted."""
    rows = wrong.arg_true()
    if len(rows):
        first = value_text(values[int(rows[0])])
        others = "" if len(rows) == 1 else f"; as well {rows_text(rows[1:], table.where)}"
        raise ConfigError(
            f"{table.source}: {table.where(int(rows[0]))}, column '{values.name}': '{first}' is "
            f"no {wanted}{others}"
        )


def _numbers(table: RawTable, values: pl.Series) -> pl.Series:
    text = values
    if values.dtype == pl.String and table.dialect and table.dialect.decimal == ",":
        text = values.str.replace(",", ".", literal=True)
    if values.dtype.is_temporal():
        _refuse(table, values, values.is_not_null(), "number")
    numbers = without_nan(text.cast(pl.Float64, strict=False))
    if numbers.null_count() > values.null_count():
        _refuse(table, values, numbers.is_null() & values.is_not_null(), "number")
    endless = infinite_rows(numbers)
    if len(endless):
        _refuse(table, values, numbers.is_infinite().fill_null(False), "finite number")
    return numbers


def _booleans(table: RawTable, values: pl.Series, column: Column) -> pl.Series:
    if values.dtype == pl.Boolean:
        return values
    words = class_words(values, column).str.to_lowercase()
    false, true = (word.lower() for word in column.words or ("false", "true"))
    wrong = ~words.is_in([false, true]) & words.is_not_null()
    if wrong.any():
        # The same in other words: a file for prediction may have them.
        pair = boolean_words(words.drop_nulls().unique())
        if not pair or column.words:
            _refuse(table, values, wrong, f"'{false}' or '{true}'")
        false, true = pair
    return (words == true).alias(values.name)


def _dates(table: RawTable, values: pl.Series, column: Column) -> pl.Series:
    if values.dtype.is_temporal():
        is_time = values.dtype == pl.Time
        if is_time != (column.kind == "time"):
            _refuse(table, values, values.is_not_null(), column.kind)
        return values
    words = values.cast(pl.String)
    if column.format is None:
        _refuse(table, values, values.is_not_null(), column.kind)
    parsed = parse_dates(words, column.format or "", column.values)
    _refuse(
        table, values, parsed.is_null() & values.is_not_null(), f"{column.kind} ({column.format})"
    )
    return parsed


def class_codes(values: pl.Series, schema: TableSchema, table: RawTable) -> np.ndarray:
    """Return the target of a classification as int64 numbers of `schema.class_names`.

    Args:
        values: The target's column of `typed_frame`, without missing values.
        schema: The schema.
        table: The table that it comes from, for messages.

    Raises:
        ConfigError: A word is none of the classes.
    """
    if values.dtype == pl.Boolean:
        return values.cast(pl.Int64).to_numpy()
    names = list(schema.class_names)
    codes = values.replace_strict(
        names, list(range(len(names))), default=None, return_dtype=pl.Int64
    )
    if codes.null_count():
        wrong = codes.is_null()
        _refuse(table, values, wrong, f"class of {listed(map(value_text, names), 5)}")
    return codes.to_numpy()
