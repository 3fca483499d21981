"""Rows to predict from, as people have them: a file, or rows typed on the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seedbed.data.preparation.features import Words
from seedbed.data.preparation.loading import LoadedTable, complete, loaded
from seedbed.data.preparation.preparation import Preparation
from seedbed.data.tables import RawTable, ReadOptions, TableSchema, plain_frame, read_table
from seedbed.data.tables.places import rows_text
from seedbed.errors import ConfigError, listed, nearest

_SAY = "a file, or rows such as [{island: Biscoe, bill_length_mm: 40}]"
# Unseen words that are named; the others are counted.
MOST_NAMED = 5
WITHOUT = "the run was trained without such rows (data.missing=drop)"


class TypedRows(RawTable):
    """Rows that were typed on the command line."""

    @property
    def source(self) -> str:
        """How messages call the rows."""
        return self.key


@dataclass(frozen=True)
class NewRows:
    """Rows to predict from.

    Attributes:
        table: the rows in the types of the schema.
        usable: whether each row can be predicted, (rows,) Boolean: not where a value is missing and
            the run was trained without such rows.
        notes: what people should know: columns passed over, words never seen.
    """

    table: LoadedTable
    usable: pl.Series
    notes: tuple[str, ...] = ()


def new_rows(
    source: Any, schema: TableSchema, preparation: Preparation, read: ReadOptions
) -> NewRows:
    """Return rows as the schema of a run has them, ready for its preparation.

    Args:
        source: Name of a file; a polars DataFrame; or a list of mappings from names to values, or
            of lists of values in the order of the table's inputs, or an array of such; one row may
            stand alone.
        schema: Schema of the table that the run was trained on.
        preparation: What the run has fitted.
        read: How a text file is read.

    Raises:
        ConfigError: A column is missing, or a value is wrong; the message says row and column. Or
            no row can be predicted.
    """
    raw = raw_rows(source, schema, read)
    columns = raw.frame.columns
    extra = schema.extra(columns)
    notes = [f"columns that the run was not trained on: {listed(extra, 10)}"] if extra else []
    # Targets may be there, in a table with answers; nobody looks at them.
    roles = {column.name: column for column in schema.columns}
    kept = [
        name
        for name in columns
        if name in roles and (roles[name].role == "input" or roles[name].kind == "id")
    ]
    require_inputs(raw, schema, kept)
    raw = replace(raw, frame=raw.frame.select(kept))
    drop = preparation.missing == "drop"
    table = loaded(raw, schema, "fill" if drop else preparation.missing, targets=False)
    every = [column.name for column in schema.inputs] if drop else []
    usable = complete(table.frame, every)
    if not usable.any():
        raise ConfigError(f"{raw.source}: every row lacks a value, and {WITHOUT}")
    notes += _left_out_note(raw, usable)
    unseen = unseen_words(table.frame.filter(usable), preparation)
    return NewRows(table, usable, (*table.notes, *notes, *unseen))


def raw_rows(source: Any, schema: TableSchema, read: ReadOptions) -> RawTable:
    """Return rows as people have them (see `new_rows`) as a table."""
    if isinstance(source, str):
        return read_table(source, read, schema.kinds, "input")
    if isinstance(source, np.ndarray):
        source = _named(source, [column.name for column in schema.inputs])
    if isinstance(source, pl.DataFrame):
        left_out = [name for name, kind in schema.kinds.items() if kind == "ignore"]
        frame = plain_frame(source.drop(left_out, strict=False), "input")
        return TypedRows(frame, Path("input"), "rows", key="input")
    return _typed(source, schema, read)


def _named(values: NDArray[Any], names: Sequence[str]) -> pl.DataFrame:
    """Return an array of rows as a table; raise ConfigError where it has another width."""
    rows = values[None] if values.ndim == 1 else values
    if rows.ndim != 2 or rows.shape[1] != len(names):
        raise ConfigError(
            f"input: found shape {values.shape}, and the run takes rows of {len(names)}: "
            f"{listed(names)}"
        )
    return pl.DataFrame(
        [
            pl.Series(
                name, column.tolist() if column.dtype.kind in "OUSm" else column, strict=False
            )
            for name, column in zip(names, rows.T, strict=True)
        ]
    )


def require_inputs(raw: RawTable, schema: TableSchema, kept: Sequence[str]) -> None:
    """Raise ConfigError where a column is lacking, and name one that may be meant."""
    lacking = [column.name for column in schema.inputs if column.name not in kept]
    if not lacking:
        return
    there = raw.frame.columns
    same = [name for name in there if name.lower() == lacking[0].lower()]
    near = (
        f" '{same[0]}' differs in capital letters alone: rename it"
        if same
        else nearest(lacking[0], [name for name in there if name not in schema.kinds])
    )
    others = f" (and {listed(lacking[1:], 5)})" if lacking[1:] else ""
    raise ConfigError(
        f"{raw.source}: no column '{lacking[0]}'{others}.{near}\nColumns: {listed(there)}"
    )


def _left_out_note(raw: RawTable, usable: pl.Series) -> list[str]:
    """Return a note on rows that cannot be predicted, where there are some."""
    rows = (~usable).arg_true()
    if not len(rows):
        return []
    many = f"{len(rows):,} rows lack a value and have no prediction"
    count = "1 row lacks a value and has no prediction" if len(rows) == 1 else many
    return [f"{count}: {rows_text(rows, raw.where)}; {WITHOUT}"]


def unseen_words(frame: pl.DataFrame, preparation: Preparation) -> list[str]:
    """Return a note for each column with words that were never seen in training."""
    notes = []
    for feature in preparation.inputs:
        if isinstance(feature, Words):
            words = frame.select(feature.column).filter(feature.codes() == 0).to_series()
            if len(words):
                named = listed(words.unique(maintain_order=True).head(MOST_NAMED).to_list())
                notes.append(f"column '{feature.column}': not seen in training: {named}")
    return notes


def _typed(source: Any, schema: TableSchema, read: ReadOptions) -> TypedRows:
    """Return rows that were typed, as a table of words, numbers and truths."""
    if isinstance(source, Mapping):
        rows: list[Any] = [source]
    elif isinstance(source, Sequence) and not isinstance(source, str) and len(source):
        is_row = not isinstance(source[0], Mapping | Sequence) or isinstance(source[0], str)
        rows = [source] if is_row else list(source)
    else:
        raise ConfigError(f"input: {source!r} is neither {_SAY}")
    names = [column.name for column in schema.inputs]
    mappings = [_mapping(number, row, names) for number, row in enumerate(rows, start=1)]
    given = list(dict.fromkeys(str(name) for row in mappings for name in row))
    for number, row in enumerate(mappings, start=1):
        lacking = [name for name in names if name not in row]
        if lacking:
            others = f" (and {listed(lacking[1:], 5)})" if lacking[1:] else ""
            near = nearest(lacking[0], [name for name in row if name not in names])
            raise ConfigError(
                f"input: row {number} has no '{lacking[0]}'{others}.{near} A value that is missing "
                "is null"
            )
    missing = set(read.missing_words)
    kinds = schema.kinds
    columns = [
        _column(name, kinds.get(name, ""), [row.get(name) for row in mappings], missing)
        for name in given
    ]
    return TypedRows(pl.DataFrame(columns), Path("input"), "rows", key="input")


def _mapping(number: int, row: Any, names: Sequence[str]) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return {str(name): value for name, value in row.items()}
    if not isinstance(row, Sequence) or isinstance(row, str):
        raise ConfigError(f"input: row {number} is {row!r}, and should be {_SAY}")
    if len(row) != len(names):
        raise ConfigError(
            f"input: row {number} has {len(row)} values, and the run takes {len(names)}: "
            f"{listed(names)}"
        )
    return dict(zip(names, row, strict=True))


def _column(name: str, kind: str, values: Sequence[Any], missing: set[str]) -> pl.Series:
    """Return values as a column: of numbers or truths where all are, else of words."""
    for number, value in enumerate(values, start=1):
        if not isinstance(value, str | int | float | None):
            raise ConfigError(
                f"input: row {number}, column '{name}': {value!r} is neither a number nor a word"
            )
    given = [
        None if isinstance(value, str) and value.strip() in missing else value for value in values
    ]
    present = [value for value in given if value is not None]
    truths = present and all(isinstance(value, bool) for value in present)
    if truths and kind in ("boolean", "category"):
        return pl.Series(name, given, dtype=pl.Boolean)
    if present and all(type(value) in (int, float) for value in present):
        whole = all(type(value) is int and abs(value) < 2**63 for value in present)
        return pl.Series(name, given, dtype=pl.Int64 if whole else pl.Float64, strict=False)
    return pl.Series(name, [_word(value) for value in given], dtype=pl.String)


def _word(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value).strip()
