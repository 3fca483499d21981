"""Contour levels at round numbers."""

from collections.abc import Sequence
from math import ceil, floor, log10

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

# Largest number of decades, and the levels within each decade.
_MULTIPLES: list[tuple[float, Sequence[int]]] = [(1.6, (1, 2, 3, 5)), (3, (1, 2, 5)), (6, (1, 3))]
# Values that lie more decades below the largest one share a level.
_MOST_DECADES = 12


def contour_levels(values: NDArray[np.number], log: bool) -> NDArray[np.float64]:
    """Return rising contour levels at round numbers, at least two, that cover the values.

    Args:
        values: Values on a grid, of any shape; those that are not finite are left out.
        log: Whether levels are spaced logarithmically, provided that the positive values span a
            factor of 10; values of 0 and below then lie under all levels.
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    positive = finite[finite > 0]
    if log and positive.size and positive.max() >= 10 * positive.min():
        return _logarithmic(float(positive.min()), float(positive.max()))
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    # Equal values get a band around them, as wide as can be told apart in a label.
    padding = 1e-3 * max(abs(low), 1e-6) if high - low <= 1e-9 * max(abs(low), abs(high)) else 0.0
    return np.asarray(MaxNLocator(nbins=11).tick_values(low - padding, high + padding))


def _logarithmic(low: float, high: float) -> NDArray[np.float64]:
    """Return multiples of powers of ten around [low, high]; powers alone where they are many."""
    last = ceil(log10(high))
    first = max(floor(log10(low)), last - _MOST_DECADES)
    decades = log10(high) - max(log10(low), first)
    multiples = next((steps for most, steps in _MULTIPLES if decades <= most), (1,))
    levels = [10.0**power * step for power in range(first, last) for step in multiples]
    rising = np.array([*levels, 10.0**last])
    start = max(int(np.searchsorted(rising, low, side="right")) - 1, 0)
    end = int(np.searchsorted(rising, high, side="left")) + 1
    return rising[start:end]
