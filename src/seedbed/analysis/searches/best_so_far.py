"""Best value so far, trial by trial."""

from collections.abc import Iterable
from math import isfinite


def improvements(values: Iterable[float | None], mode: str) -> list[tuple[int, float]]:
    """Return the places of the values that are better than all before them, with these values.

    Args:
        values: values in their order; None, or no finite number, is never better.
        mode: `min` or `max`, which values are better.
    """
    sign = 1.0 if mode == "min" else -1.0
    better: list[tuple[int, float]] = []
    for place, value in enumerate(values):
        if value is None or not isfinite(value):
            continue
        if not better or sign * value < sign * better[-1][1]:
            better.append((place, value))
    return better
