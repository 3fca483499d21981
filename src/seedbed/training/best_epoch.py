"""The rule that says which epoch of a run is its best."""

from typing import Any

import numpy as np


def improved(value: Any, best: Any, mode: str) -> Any:
    """Return whether a watched metric is better than it was at its best, elementwise.

    Args:
        value: the metric now: a number, or an array with a number a run.
        best: the best so far. nan is the worst of all, whichever the mode.
        mode: `min` or `max`, what is better.
    """
    sign = 1.0 if mode == "min" else -1.0
    with np.errstate(invalid="ignore"):
        return (sign * np.asarray(value) < sign * np.asarray(best)) | (
            np.isnan(best) & ~np.isnan(value)
        )
