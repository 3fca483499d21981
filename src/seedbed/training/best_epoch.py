"""The rule that says which epoch of a run is its best."""

from math import inf
from typing import Any


def improved(value: Any, best: Any, mode: str) -> Any:
    """Return whether a watched metric is better than it was at its best, elementwise.

    Args:
        value: the metric now: a number, or an array with a number a run. nan is never better, nor
            is the infinity that is the worst of all.
        best: the best so far; nan before there is one.
        mode: `min` or `max`, what is better.
    """
    # Alone nan differs from itself. Plain operators, since NumPy's functions take far
    # longer for the one number of a run.
    if mode == "min":
        return (value < best) | ((best != best) & (value < inf))
    return (value > best) | ((best != best) & (value > -inf))


def no_best_epoch(monitor: str) -> str:
    """Return what is said of a run that measured the watched metric, and never got a number."""
    return (
        f"{monitor} was a finite number in no epoch, so none is the best: "
        "evaluate and predict take the last"
    )
