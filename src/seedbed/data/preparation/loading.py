"""Loading of a table as the columns of its schema, without the rows that are not used."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from torch import Tensor

from seedbed.data.tables import RawTable, TableSchema, class_codes, typed_frame
from seedbed.data.tables.places import rows_text
from seedbed.errors import ConfigError, DataError


@dataclass(frozen=True)
class LoadedTable:
    """Table of a file, in the types of its schema.

    Attributes:
        frame: the columns that are used, and ids; null where a value is missing.
        notes: what people should know.
        classes: class of each row, (rows,) int64; None where the target is no class.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()
    classes: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class TableRows:
    """Some rows of a loaded table, by their numbers."""

    table: LoadedTable
    numbers: NDArray[np.int64]

    @classmethod
    def all_of(cls, table: LoadedTable) -> "TableRows":
        """Return all rows of a table."""
        return cls(table, np.arange(len(table.frame)))

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: Tensor) -> "TableRows":
        """Return the rows of the given numbers."""
        return TableRows(self.table, self.numbers[rows.numpy()])


def loaded(
    raw: RawTable, schema: TableSchema, missing: str, *, targets: bool = True
) -> LoadedTable:
    """Return a table in the types of a schema.

    Args:
        raw: The table as its file has it.
        schema: What its columns are.
        missing: `fill` leaves missing inputs as they are, `drop` leaves their rows out, `error`
            refuses them. Rows without a target are left out by `drop`, and refused else.
        targets: Whether there must be targets, and what rows are split and weighted by.

    Raises:
        ConfigError: A column or a value is wrong.
        DataError: All rows are left out.
    """
    frame = typed_frame(raw, schema, targets=targets)
    inputs = [column.name for column in schema.inputs]
    others = schema.of_role("target", "weight", "split") if targets else ()
    needed = [column.name for column in others]
    if missing != "drop":
        checked = [*inputs, *needed] if missing == "error" else needed
        _requirecomplete(raw, frame, checked, targets)
        return LoadedTable(frame, raw.notes, _classes(raw, schema, frame, targets))
    kept = complete(frame, [*inputs, *needed])
    if not kept.any():
        raise DataError(f"{raw.source}: every row lacks a value: data.missing=drop")
    classes = _classes(raw, schema, frame, targets)
    # Those without a target are noted where the schema is inferred.
    left_out = (~complete(frame, inputs) & complete(frame, needed)).arg_true()
    notes = [f"left out, with missing values: {rows_text(left_out, raw.where)}"]
    return LoadedTable(
        frame.filter(kept),
        (*raw.notes, *(notes if len(left_out) else ())),
        None if classes is None else classes[kept.to_numpy()],
    )


def _classes(
    raw: RawTable, schema: TableSchema, frame: pl.DataFrame, targets: bool
) -> NDArray[np.int64] | None:
    """Return the class of each row, anyone where it has none; None where there are no classes."""
    if not (targets and schema.class_names):
        return None
    values = frame.get_column(schema.targets[0])
    present = values.drop_nulls()
    some = present[0] if len(present) else None
    return class_codes(values.fill_null(some) if values.has_nulls() else values, schema, raw)


def complete(frame: pl.DataFrame, names: list[str]) -> pl.Series:
    """Return whether rows have values in all of these columns, (rows,) Boolean."""
    if not names:
        return pl.repeat(True, len(frame), eager=True)
    return frame.select(pl.all_horizontal(pl.col(names).is_not_null())).to_series()


def _requirecomplete(raw: RawTable, frame: pl.DataFrame, names: list[str], targets: bool) -> None:
    """Raise ConfigError that names the rows of the first column which lacks values."""
    for name in names:
        rows = frame.get_column(name).is_null().arg_true()
        if len(rows):
            advice = "; data.missing=drop leaves such rows out, data.missing=fill fills inputs"
            raise ConfigError(
                f"{raw.source}: column '{name}' has no value in {rows_text(rows, raw.where)}"
                f"{advice if targets else ', and the run was trained with data.missing=error'}"
            )


def kinds_of_inputs(schema: TableSchema) -> Mapping[str, str]:
    """Return the kind of each column that is an input, in the order of the file."""
    return {column.name: column.kind for column in schema.inputs}


def ids_of(schema: TableSchema) -> list[str]:
    """Return the names of the columns that name rows."""
    return [column.name for column in schema.columns if column.kind == "id"]
