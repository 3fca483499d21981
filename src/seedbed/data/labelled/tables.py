"""Rows of a table with its target, as the run has prepared its own."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from seedbed.data.labelled.rows import LabelledRows
from seedbed.data.preparation.loading import complete, loaded
from seedbed.data.preparation.new_rows import WITHOUT, raw_rows, require_inputs, unseen_words
from seedbed.data.preparation.preparation import Preparation
from seedbed.data.table import Table
from seedbed.data.tables import RawTable, ReadOptions, TableSchema
from seedbed.data.tables.places import rows_text
from seedbed.data.weights import require_weights
from seedbed.errors import ConfigError, listed, nearest


def labelled_table(
    source: Any,
    schema: TableSchema,
    preparation: Preparation,
    read: ReadOptions,
    dtype: type[np.floating[Any]],
) -> LabelledRows:
    """Return the rows of a file, or of a frame, with their targets.

    Rows without a target, and those that the run was trained without, are left out, and noted.

    Args:
        source: Name of the file, or a polars DataFrame.
        schema: Schema of the table that the run was trained on.
        preparation: What the run has fitted.
        read: How a text file is read.
        dtype: Floating-point type of the inputs.

    Raises:
        ConfigError: A column is missing, a value is wrong, a class is none of the run's, or no row
            is left; the message says row and column.
    """
    raw = raw_rows(source, schema, read)
    there = raw.frame.columns
    known = {column.name: column for column in schema.columns}
    extra = schema.extra(there)
    notes = [f"columns that the run was not trained on: {listed(extra, 10)}"] if extra else []
    _require_targets(raw, schema)
    require_inputs(raw, schema, [name for name in there if name in known])
    used, weight_notes = _used(raw, schema)
    raw = replace(raw, frame=raw.frame.select(_needed(raw, used)))
    raw, without = with_targets(raw, schema.targets)
    drop = preparation.missing == "drop"
    table = loaded(raw, used, "fill" if drop else preparation.missing)
    inputs = [column.name for column in schema.inputs]
    usable = complete(table.frame, inputs if drop else [])
    if not usable.any():
        raise ConfigError(f"{raw.source}: every row lacks a value that the run needs")
    rows = usable.arg_true().to_numpy()
    notes += [*without, *_left_out(raw, usable), *weight_notes]
    frame = table.frame[rows]
    prepared = torch.from_numpy(preparation.apply(frame, None, dtype))
    targets = _targets(frame, schema, None if table.classes is None else table.classes[rows])
    weights = None
    for column in used.of_role("weight"):
        values = frame.get_column(column.name)
        weights = require_weights(column.name, values, "these rows")
    notes += unseen_words(frame, preparation)
    return LabelledRows(Table(prepared, torch.from_numpy(targets), weights), (*table.notes, *notes))


def _require_targets(raw: RawTable, schema: TableSchema) -> None:
    """Raise ConfigError where a target's column is lacking, and name one that may be meant."""
    there = raw.frame.columns
    lacking = [name for name in schema.targets if name not in there]
    if lacking:
        near = nearest(lacking[0], schema.extra(there))
        raise ConfigError(
            f"{raw.source}: no column '{lacking[0]}', the target, to compare with.{near}\n"
            f"Columns: {listed(there)}"
        )


def _used(raw: RawTable, schema: TableSchema) -> tuple[TableSchema, list[str]]:
    """Return the schema without columns that nothing is measured by, and a note on the weights."""
    lacking = [
        column.name for column in schema.of_role("weight") if column.name not in raw.frame.columns
    ]
    notes = []
    if lacking:
        near = nearest(lacking[0], schema.extra(raw.frame.columns))
        notes.append(f"no column '{lacking[0]}' (data.weight): all rows weigh the same.{near}")
    columns = tuple(
        column for column in schema.columns if column.role != "split" and column.name not in lacking
    )
    return replace(schema, columns=columns), notes


def _needed(raw: RawTable, schema: TableSchema) -> list[str]:
    roles = {column.name for column in schema.columns if column.role != "left_out"}
    return [name for name in raw.frame.columns if name in roles]


def with_targets(raw: RawTable, targets: Sequence[str]) -> tuple[RawTable, list[str]]:
    """Return the rows that have all targets, and a note on the others.

    They keep their places in the file for messages. Raises ConfigError where no row has them.
    """
    lacking = ~complete(raw.frame, list(targets))
    rows = lacking.arg_true()
    if not len(rows):
        return raw, []
    if len(rows) == len(lacking):
        raise ConfigError(f"{raw.source}: no row has a target ({listed(targets)})")
    note = f"left out, without a target: {rows_text(rows, raw.where)}"
    kept = (~lacking).arg_true().to_list()
    return replace(raw, frame=raw.frame[kept], places=kept), [note]


def _left_out(raw: RawTable, usable: pl.Series) -> list[str]:
    rows = (~usable).arg_true()
    if not len(rows):
        return []
    return [f"left out, with missing values: {rows_text(rows, raw.where)}; {WITHOUT}"]


def _targets(
    frame: pl.DataFrame, schema: TableSchema, classes: NDArray[np.int64] | None
) -> NDArray[Any]:
    if classes is not None:
        return np.array(classes)
    names = list(schema.targets)
    numbers = frame.select(names).cast(dict.fromkeys(names, pl.Float64))
    return np.array(numbers.to_numpy(), dtype=np.float64)
