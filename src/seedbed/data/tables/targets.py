"""Targets of a table, and the task that follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from seedbed.config.overrides import columns_word
from seedbed.data.arrays.class_numbers import MOST_CLASSES, are_class_numbers
from seedbed.data.tables.files.reading import RawTable
from seedbed.data.tables.places import rows_text, value_text
from seedbed.data.tables.schema import Column, Task
from seedbed.errors import ConfigError, listed


@dataclass(frozen=True)
class Posed:
    """Task that targets pose, and the targets as it takes them."""

    task: Task
    columns: tuple[Column, ...]
    class_names: tuple[str, ...] = ()
    note: str = ""


def posed_task(table: RawTable, targets: Sequence[Column]) -> Posed:
    """Return the task of a table's targets.

    Several targets are a regression. One is a regression where it is a number, and a classification
    where it is a category or a boolean: binary of two classes, else multiclass. Whole numbers are
    classes, too, unless the user says `number`: where there are two different ones, or where they
    are 0..k-1 or 1..k without a gap, k at most 20 and with ten rows a class.

    Raises:
        ConfigError: A target is no number, category or boolean, is the same in every row, or is
            infinite; among several is one that is no number.
    """
    for column in targets:
        _require_usable(table, column)
    if len(targets) == 1:
        [target] = targets
        values = table.frame[target.name].drop_nulls()
        if target.kind == "number" and not target.said and _are_classes(values):
            target = replace(target, kind="category")
            note = f"{target.name}: whole numbers taken for classes"
            note += f"; if they are amounts: {columns_word(target.name, 'number')}"
            return _classification(table, target, note)
        if target.kind != "number":
            return _classification(table, target)
    for target in targets:
        if target.kind not in ("number", "boolean"):
            raise ConfigError(
                f"data.target: '{target.name}' is a {target.kind}; several targets must be numbers"
            )
    return Posed("regression", tuple(targets))


def _require_usable(table: RawTable, column: Column) -> None:
    name, values = column.name, table.frame[column.name]
    if column.kind == "ignore" and column.said:
        said = columns_word(name, "ignore")
        raise ConfigError(f"data.target: '{name}' is left out by {said}")
    if values.null_count() == len(values):
        raise ConfigError(f"{table.source}: the target '{name}' has no values")
    different = values.drop_nulls().n_unique()
    if different == 1:
        shown = value_text(values.drop_nulls()[0])
        raise ConfigError(
            f"{table.source}: the target '{name}' is {shown} in every row: nothing to learn"
        )
    if column.kind in ("date", "time"):
        raise ConfigError(
            f"{table.source}: the target '{name}' is a {column.kind}, and a target is a number, "
            "category or boolean"
        )
    if column.kind == "id" or (different > MOST_CLASSES and column.kind == "category"):
        raise ConfigError(
            f"{table.source}: the target '{name}' has {different:,} different words in "
            f"{len(values):,} rows: no classes (at most {MOST_CLASSES:,}, of several rows each)"
        )


def _are_classes(values: pl.Series) -> bool:
    """Return whether numbers are numbers of classes."""
    if values.dtype != pl.Int64 and not (values.is_finite() & (values == values.round())).all():
        return False
    least, most = int(values.min()), int(values.max())  # type: ignore[arg-type]
    return are_class_numbers(least, most, values.n_unique(), len(values))


def _classification(table: RawTable, target: Column, note: str = "") -> Posed:
    words = class_words(table.frame[target.name], target)
    names = target.words or tuple(in_order(words.drop_nulls().unique().to_list()))
    if target.kind == "boolean" and not names:
        names = ("false", "true")
    task: Task = "binary" if len(names) == 2 else "multiclass"
    return Posed(task, (target,), tuple(names), note)


def class_words(values: pl.Series, column: Column) -> pl.Series:
    """Return the values of a category as words; whole numbers have no places behind a point."""
    if values.dtype == pl.String and column.values in ("integer", "float"):
        numbers = values.cast(pl.Float64, strict=False)
        return pl.select(
            pl.coalesce(class_words(numbers, column), values).alias(values.name)
        ).to_series()
    if values.dtype == pl.Float64:
        whole = values.cast(pl.Int64, strict=False)
        are_whole = (values == whole) & whole.is_not_null()
        return (
            pl.select(
                pl.when(are_whole).then(whole.cast(pl.String)).otherwise(values.cast(pl.String))
            )
            .to_series()
            .alias(values.name)
        )
    return values.cast(pl.String)


def in_order(words: Sequence[str]) -> list[str]:
    """Return different words in order: numbers by their value, else by their letters."""
    try:
        return sorted(words, key=float)
    except ValueError:
        return sorted(words)


def require_targets(table: RawTable, targets: Sequence[Column], drop: bool) -> str:
    """Return what to say of rows that lack a target, which are left out with `drop`.

    Raises ConfigError where there are such rows and they are not to be left out.
    """
    names = [target.name for target in targets]
    lacking = table.frame.select(pl.any_horizontal(pl.col(names).is_null())).to_series().arg_true()
    if not len(lacking):
        return ""
    rows, count = rows_text(lacking, table.where), len(lacking)
    if not drop:
        raise ConfigError(
            f"{table.source}: {count:,} of {len(table.frame):,} rows have no target "
            f"({listed(names)}): {rows}; data.missing=drop leaves rows with missing values out"
        )
    return f"left out, without a target: {rows}"
