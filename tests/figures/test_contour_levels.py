"""Contour levels: they are round and cover the values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.figures.contour_levels import contour_levels

values = st.lists(
    st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1e-300, np.inf, -np.inf, np.nan]),
    min_size=1,
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(values=values, log=st.booleans())
def test_levels_rise_and_cover_the_values(values: list[float], log: bool) -> None:
    grid = np.array(values)
    levels = contour_levels(grid, log)

    assert 2 <= len(levels) <= 22
    assert np.isfinite(levels).all()
    assert (np.diff(levels) > 0).all()
    finite = grid[np.isfinite(grid)]
    if finite.size:
        # matplotlib rounds by a billionth; of what is drawn nothing is lost, for it is clipped.
        rounded = 1e-9 * np.ptp(finite)
        assert levels[-1] >= finite.max() - rounded
        if not (log and (levels > 0).all()):
            assert levels[0] <= finite.min() + rounded


def test_logarithmic_levels_are_round_multiples_of_powers_of_ten() -> None:
    assert contour_levels(np.array([0.02, 3.0]), True) == pytest.approx(
        [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
    )
    assert contour_levels(np.array([0.0, 1.0, 1e5]), True) == pytest.approx(
        [1, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5]
    )


def test_many_decades_get_one_level_each_up_to_a_limit() -> None:
    levels = contour_levels(np.array([1e-200, 100.0]), True)

    assert levels == pytest.approx([10.0**power for power in range(-10, 3)])


def test_levels_of_a_narrow_range_are_linear() -> None:
    levels = contour_levels(np.array([1.0, 3.0]), True)

    assert np.allclose(np.diff(levels), levels[1] - levels[0])
    assert len(levels) > 5
