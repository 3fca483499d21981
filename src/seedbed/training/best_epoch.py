"""The rule that says which epoch of a run is its best."""

from typing import Any


def improved(value: Any, best: Any, mode: str) -> Any:
    """Return whether a watched metric is better than it was at its best, elementwise.

    Args:
        value: the metric now: a number, or an array with a number a run.
        best: the best so far. nan is the worst of all, whichever the mode.
        mode: `min` or `max`, what is better.
    """
    better = value < best if mode == "min" else value > best
    # Alone nan differs from itself. Plain operators, since NumPy's functions take far
    # longer for the one number of a run.
    return better | ((best != best) & (value == value))
