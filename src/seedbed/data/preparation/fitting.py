"""Fitting of a preparation, to training rows alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seedbed.config.overrides import columns_word
from seedbed.data.preparation.features import (
    MOST_WORDS,
    Feature,
    Flag,
    Missing,
    Number,
    Part,
    Words,
    raw_number,
)
from seedbed.data.preparation.preparation import Preparation
from seedbed.data.preparation.scales import Statistics, shift_and_scale, statistics_of
from seedbed.data.preparation.targets import ClassTarget, NumberTarget, Target
from seedbed.errors import DataError
from seedbed.process.threads import for_each

RowNumbers = NDArray[np.int64]

_DATE_PARTS: tuple[Part, ...] = ("year", "month", "day", "weekday")
# More would make a table of millions of numbers of a short one.
MOST_ONE_HOT = 10_000


@dataclass(frozen=True)
class FitOptions:
    """Choices of a preparation, as the config has them.

    Attributes:
        scale: scale of the numbers (see `scales`), or a factor; None: none.
        encode: `one_hot` or `embedding`, for words.
        missing: `fill`, `drop` or `error`.
        target_scale: `standard`, or None.
    """

    scale: str | float | None = "standard"
    encode: Literal["one_hot", "embedding"] = "one_hot"
    missing: Literal["fill", "drop", "error"] = "fill"
    target_scale: Literal["standard"] | None = None


def fit(
    frame: pl.DataFrame,
    kinds: Mapping[str, str],
    targets: Mapping[str, Sequence[str]],
    rows: RowNumbers,
    options: FitOptions,
    shape_rows: RowNumbers | None = None,
    ids: Sequence[str] = (),
) -> Preparation:
    """Return the preparation that is fitted to the training rows of a table.

    Args:
        frame: the table; numbers, words (String), truths (Boolean), dates and times in columns of
            their types, and null where a value is missing.
        kinds: kind of each column that is an input: number, category, boolean, date or time.
        targets: names of the classes of each target; none of one that is a number.
        rows: numbers of the training rows.
        options: choices of the config.
        shape_rows: rows whose words and missing values have a place among the inputs, though the
            training rows alone say what is seen; None (default): the training rows. The folds of a
            cross-validation have one shape by that.
        ids: names of columns that name rows.

    Raises:
        DataError: a column has no value in the training rows, or more words than there can be
            inputs, or numbers whose scale cannot be told.
    """
    shape_rows = rows if shape_rows is None else shape_rows
    numbers = [(name, part) for name, kind in kinds.items() for part in _parts(frame, name, kind)]
    fitted = _numbers(frame, numbers, rows, options.scale)
    words: list[Feature] = []
    features: list[Feature] = []
    has_missing = _has_missing(frame, list(kinds), shape_rows)
    for name, kind in kinds.items():
        if kind == "category":
            words.append(_words(frame, name, rows, shape_rows, options.encode == "embedding"))
            if options.encode != "embedding":
                features.append(words[-1])
        elif kind == "boolean":
            features.append(Flag(name, _counts(_chosen(frame, name, rows), name).item(0, name)))
        else:
            features += [number for number in fitted if number.column == name]
        if options.missing == "fill" and has_missing[name]:
            features.append(Missing(name))
    return Preparation(
        inputs=(*features, *(words if options.encode == "embedding" else ())),
        targets=_targets(frame, targets, rows, options.target_scale),
        missing=options.missing,
        ids=tuple(ids),
        rows=len(rows),
    )


def _targets(
    frame: pl.DataFrame,
    targets: Mapping[str, Sequence[str]],
    rows: RowNumbers,
    scale: str | None,
) -> tuple[Target, ...]:
    numbers: list[tuple[str, Part]] = [(name, "") for name in targets if not targets[name]]
    scaled = {number.column: number for number in _numbers(frame, numbers, rows, scale, "target")}
    return tuple(
        ClassTarget(name, tuple(classes))
        if classes
        else NumberTarget(name, scaled[name].shift, scaled[name].scale)
        for name, classes in targets.items()
    )


def _parts(frame: pl.DataFrame, name: str, kind: str) -> tuple[Part, ...]:
    """Return the parts of a column that are inputs: of a number, itself."""
    if kind == "date":
        return (*_DATE_PARTS, "hour") if frame.schema[name] == pl.Datetime else _DATE_PARTS
    return {"number": ("",), "time": ("hour",)}.get(kind, ())  # type: ignore[return-value]


def _numbers(
    frame: pl.DataFrame,
    numbers: Sequence[tuple[str, Part]],
    rows: RowNumbers,
    scale: str | float | None,
    what: str = "column",
) -> list[Number]:
    """Return the numbers of columns with what is fitted to the training rows."""

    def fitted(number: tuple[str, Part]) -> Number:
        name, part = number
        raw = _chosen(frame, name, rows).to_frame().select(raw_number(name, part).alias("number"))
        taken: Statistics = raw.select(**statistics_of(pl.col("number"), scale)).row(0, named=True)
        if taken["median"] is None:
            raise _no_value(what, name)
        return _number(name, part, scale, taken, what)

    return for_each(fitted, numbers, len(rows))


def _number(
    name: str, part: Part, scale: str | float | None, taken: Statistics, what: str
) -> Number:
    shift, width = shift_and_scale(scale, taken)
    if not all(map(isfinite, (taken["median"], shift, width))):
        least, most = taken["least"], taken["most"]
        raise DataError(
            f"{what} '{name}': its numbers, from {least:g} to {most:g}, are too large to be scaled"
        )
    return Number(name, taken["median"], shift, width, part)


def _words(
    frame: pl.DataFrame, name: str, rows: RowNumbers, shape_rows: RowNumbers, embedded: bool
) -> Words:
    counts = _counts(_chosen(frame, name, rows), name)
    seen = set(counts.get_column(name).to_list())
    placed = seen
    if shape_rows is not rows:
        placed = seen.union(_chosen(frame, name, shape_rows).drop_nulls().unique().to_list())
    most = MOST_WORDS - 1 if embedded else MOST_ONE_HOT
    if len(placed) > most:
        encode, hint = ("embedding", "") if embedded else ("one_hot", "data.encode=embedding, or ")
        raise DataError(
            f"column '{name}': {len(placed):,} different words, and {most:,} are the most for "
            f"data.encode={encode}: {hint}{columns_word(name, 'ignore')}"
        )
    unseen = tuple(sorted(placed - seen))
    fill = counts.item(0, name)
    return Words(name, tuple(sorted(placed)), fill, unseen, embedded)


def _counts(training: pl.Series, name: str) -> pl.DataFrame:
    """Return the values of rows, those that most have first; of equal ones the least one."""
    counts = training.drop_nulls().value_counts(name="rows")
    if not len(counts):
        raise _no_value("column", name)
    return counts.sort("rows", name, descending=[True, False])


def _no_value(what: str, name: str) -> DataError:
    advice = f": {columns_word(name, 'ignore')} leaves it out" if what == "column" else ""
    return DataError(f"{what} '{name}': no training row has a value{advice}")


def _has_missing(frame: pl.DataFrame, names: list[str], rows: RowNumbers) -> dict[str, bool]:
    """Return whether a column lacks a value in any of these rows."""
    return {
        name: frame.get_column(name).has_nulls() and _chosen(frame, name, rows).has_nulls()
        for name in names
    }


def _chosen(frame: pl.DataFrame, name: str, rows: RowNumbers) -> pl.Series:
    return frame.get_column(name).gather(rows)
