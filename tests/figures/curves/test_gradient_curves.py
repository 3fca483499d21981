"""Norms of gradients, and their numbers, by epoch or step."""

import numpy as np
import pytest
from tests.figures.reading import drawn, legend_names, named_line, points_of

from seedbed.figures import gradient_curves

STEPS = np.arange(1, 31)
FALLING = 100 * 0.7**STEPS


def curve(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return STEPS[: len(values)], values


def test_norms_and_numbers_have_a_panel_each() -> None:
    norms = {"all parameters": curve(FALLING), "weight": curve(FALLING / 2)}
    numbers = {"weight[0,0]": curve(FALLING), "bias[0]": curve(-FALLING)}
    left, right = drawn(gradient_curves(norms, numbers, "step", "norm of the gradient")).axes

    assert legend_names(left) == ["all parameters", "weight"]
    assert legend_names(right) == ["weight[0,0]", "bias[0]"]
    assert points_of(named_line(right, "bias[0]")) == list(zip(STEPS, -FALLING, strict=True))
    assert (left.get_yscale(), right.get_yscale()) == ("log", "symlog")
    assert (left.get_xlabel(), right.get_xlabel()) == ("step", "step")
    assert (left.get_title(), right.get_title()) == ("norm of the gradient", "the gradient")


def test_without_numbers_there_is_one_panel() -> None:
    assert len(gradient_curves({"all parameters": curve(FALLING)}, {}).axes) == 1


def test_of_many_parameters_the_first_are_drawn_with_short_names() -> None:
    norms = {f"encoder.layers.{n}.self_attention.weight": curve(FALLING) for n in range(30)}
    (axes,) = drawn(gradient_curves(norms, {})).axes

    assert len(axes.lines) == 12
    assert axes.get_title() == "norm of the gradient: the first 12 of 30"
    assert all(len(name) <= 26 and "…" in name for name in legend_names(axes))
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_window_extent().x0 >= 0


@pytest.mark.parametrize(
    "values", [np.full(5, np.nan), np.zeros(5), np.array([1e300, -1e300, np.inf]), np.empty(0)]
)
def test_zeros_large_numbers_and_what_is_not_finite_are_drawn_without_error(values) -> None:
    drawn(gradient_curves({"all": curve(np.abs(values))}, {"weight": curve(values)}))


def test_many_numbers_that_go_up_and_down_are_drawn_as_means() -> None:
    steps = np.arange(1, 1001)
    random = np.random.default_rng(0)
    numbers = {f"weight[{n}]": (steps, random.normal(size=1000)) for n in range(8)}
    _, axes = drawn(gradient_curves({"all": curve(FALLING)}, numbers, "step")).axes

    assert not axes.collections
    assert legend_names(axes)[-1] == "mean of every 26 steps"
    assert all(len(line.get_xdata()) < 45 for line in axes.lines)
