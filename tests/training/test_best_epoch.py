"""Which epoch is the best: by a metric of which less, or more, is better."""

import math

import numpy as np
import pytest

from seedbed.training.best_epoch import improved


@pytest.mark.parametrize(
    ("value", "best", "mode", "expected"),
    [
        (0.4, 0.5, "min", True),
        (0.5, 0.5, "min", False),
        (0.6, 0.5, "max", True),
        (0.4, 0.5, "max", False),
        (math.inf, 0.5, "max", True),
        # Any number is better than none, and none is better than nothing.
        (9.0, math.nan, "min", True),
        (-9.0, math.nan, "max", True),
        (math.nan, 0.5, "min", False),
        (math.nan, math.nan, "max", False),
        # Nor is what is worse than any number better than nothing.
        (math.inf, math.nan, "min", False),
        (-math.inf, math.nan, "max", False),
        (math.inf, math.nan, "max", True),
    ],
)
def test_a_metric_improves_in_its_direction(
    value: float, best: float, mode: str, expected: bool
) -> None:
    assert bool(improved(value, best, mode)) is expected


def test_many_runs_are_compared_at_once() -> None:
    values, best = np.array([1.0, 3.0, np.nan]), np.array([2.0, 2.0, 2.0])

    assert improved(values, best, "min").tolist() == [True, False, False]
