"""Scales of numbers: what is taken away from each, and what the rest is divided by."""

from collections.abc import Mapping
from math import isfinite

import polars as pl

# Of the numbers of the training rows, those that are missing left out:
SCALES = ("standard", "min_max", "max", "robust", "none")

Statistics = Mapping[str, float]


def statistics_of(numbers: pl.Expr, scale: str | float | None) -> dict[str, pl.Expr]:
    """Return the expressions of what a scale and the place of a missing number follow from."""
    taken = {
        "median": numbers.median(),
        "least": numbers.min(),
        "most": numbers.max(),
    }
    if scale == "standard":
        taken |= {"mean": numbers.mean(), "deviation": numbers.std(ddof=0)}
    if scale == "robust":
        taken["lower"] = numbers.quantile(0.25, "linear")
        taken["upper"] = numbers.quantile(0.75, "linear")
    return taken


def shift_and_scale(scale: str | float | None, taken: Statistics) -> tuple[float, float]:
    """Return (shift, scale) of a column, whose numbers become (number - shift) / scale.

    `standard` takes the mean and the standard deviation (over n), `min_max` the least number and
    the range, `max` 0 and the largest absolute number, `robust` the median and the distance of the
    quartiles, as scikit-learn's StandardScaler, MinMaxScaler, MaxAbsScaler and RobustScaler do; a
    number is a factor. What would be divided by 0 is divided by 1: all its numbers are equal.
    """
    least, most = taken["least"], taken["most"]
    if scale == "standard":
        return taken["mean"], _divisor(0.0 if least == most else taken["deviation"])
    if scale == "min_max":
        return least, _divisor(most - least)
    if scale == "max":
        return 0.0, _divisor(max(abs(least), abs(most)))
    if scale == "robust":
        return taken["median"], _divisor(taken["upper"] - taken["lower"])
    if scale is None or scale == "none":
        return 0.0, 1.0
    return 0.0, 1.0 / float(scale)


def _divisor(width: float) -> float:
    """Return what numbers of this width are divided by; an infinite one is told by the caller."""
    # A number below the smallest normal one would make infinite ones of what it divides.
    return width if not isfinite(width) or width > 2.3e-308 else 1.0
