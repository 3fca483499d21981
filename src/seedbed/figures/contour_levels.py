"""Levels of contours: round numbers that cover a grid of values."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

# What the levels may be multiples of within a decade, by the number of decades covered.
_MULTIPLES: list[tuple[float, Sequence[int]]] = [(1.6, (1, 2, 3, 5)), (3, (1, 2, 5)), (6, (1, 3))]
# Below the largest value by more decades than these, values count as one.
_MOST_DECADES = 12


def contour_levels(values: NDArray[Any], log: bool) -> NDArray[np.float64]:
    """Return rising levels, at least two, from below the smallest to above the largest value.

    `values` has any shape; what is not finite is left out. With `log` the levels grow by factors,
    if the positive values span at least a factor of 10; values of 0 and below lie under all levels.
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    positive = finite[finite > 0]
    if log and positive.size and positive.max() >= 10 * positive.min():
        return _by_factors(float(positive.min()), float(positive.max()))
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    # Equal values get a band around them, as wide as can be told apart in a label.
    space = 1e-3 * max(abs(low), 1e-6) if high - low <= 1e-9 * max(abs(low), abs(high)) else 0.0
    return np.asarray(MaxNLocator(nbins=11).tick_values(low - space, high + space))


def _by_factors(low: float, high: float) -> NDArray[np.float64]:
    """Return multiples of powers of ten around [low, high]; whole powers if they are many."""
    last = ceil(log10(high))
    first = max(floor(log10(low)), last - _MOST_DECADES)
    decades = log10(high) - max(log10(low), first)
    multiples = next((each for most, each in _MULTIPLES if decades <= most), (1,))
    levels = [10.0**power * each for power in range(first, last) for each in multiples]
    rising = np.array([*levels, 10.0**last])
    start = max(int(np.searchsorted(rising, low, side="right")) - 1, 0)
    end = int(np.searchsorted(rising, high, side="left")) + 1
    return rising[start:end]
