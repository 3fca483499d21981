"""Contours of a loss over two parameters."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from tests.figures.reading import drawn, is_literal, legend_names, named_line, picture, points_of

from seedbed.figures import draw_loss_landscape, loss_landscape
from seedbed.figures.style import new_axes, new_figure

FIRST, SECOND = np.linspace(-1, 2, 31), np.linspace(-4, 4, 41)
LOSS = FIRST[None, :] ** 2 + SECOND[:, None] ** 2 / 4
PATH = np.array([[1.5, 3.0], [0.5, 1.0], [0.0, 0.25]])


def landscape(loss: Any = LOSS, path: Any = PATH, **others: Any) -> Figure:
    arguments: dict[str, Any] = {
        "reference": np.zeros(2),
        "reference_name": "true",
        "labels": ("weight", "bias"),
    }
    return loss_landscape(FIRST, SECOND, loss, path, **(arguments | others))


def filled(axes: Axes) -> QuadContourSet:
    (found,) = [one for one in axes.collections if isinstance(one, QuadContourSet) and one.filled]
    return found


def test_path_and_reference_lie_on_the_contours() -> None:
    figure = landscape()
    axes, bar = figure.axes

    assert legend_names(axes) == ["path", "start (1.5, 3)", "end (0, 0.25)", "true"]
    assert points_of(named_line(axes, "path")) == [(1.5, 3), (0.5, 1), (0, 0.25)]
    assert points_of(named_line(axes, "true")) == [(0, 0)]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-1, 2), (-4, 4))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("weight", "bias")
    assert bar.get_ylabel() == "loss"


def test_contour_levels_are_logarithmic_only_with_log() -> None:
    by_factors = filled(landscape(LOSS + 0.01).axes[0]).levels
    by_sums = filled(landscape(LOSS + 0.01, log=False).axes[0]).levels

    assert by_factors[-1] / by_factors[0] >= 100
    assert np.allclose(np.diff(by_sums), by_sums[1] - by_sums[0])


def test_the_colour_bar_has_plain_numbers() -> None:
    bar = drawn(landscape(LOSS + 0.01)).axes[1]

    shown = [label.get_text() for label in bar.get_yticklabels()]
    assert {"0.01", "0.1", "1"} <= set(shown)


def test_shades_darken_with_the_loss_and_stay_light() -> None:
    axes = landscape(path=PATH[:0], reference=None).axes[0]
    low, high = filled(axes).to_rgba([0.01, 6.0])

    assert low[:3].mean() > high[:3].mean() > 0.4


def with_some(value: float) -> Any:
    loss = LOSS.copy()
    loss[:5, :5] = value
    return loss


@pytest.mark.parametrize(
    ("loss", "log"),
    [
        (with_some(np.nan), True),
        (with_some(0.0), True),
        (with_some(1e-300), True),
        (-LOSS - 1, True),
        (np.zeros_like(LOSS), True),
        (np.full_like(LOSS, 0.25), True),
        (np.full_like(LOSS, -7e8), False),
        (np.full_like(LOSS, np.nan), True),
        ((LOSS * 10).astype(int), True),
    ],
)
def test_losses_with_nan_zeros_or_a_single_value_are_drawn(loss: Any, log: bool) -> None:
    axes = drawn(landscape(loss, log=log)).axes[0]

    assert legend_names(axes)[0] == "path"


@pytest.mark.parametrize(("value", "blank"), [(0.0, False), (np.inf, True)])
def test_contours_are_filled_where_the_loss_is_finite(value: float, blank: bool) -> None:
    """A loss of 0 lies under all levels that grow by factors: it counts to the lowest band."""
    figure = landscape(with_some(value), path=PATH[:0], reference=None)
    figure.axes[0].grid(False)
    pixels = picture(figure)
    column, row = figure.axes[0].transData.transform((FIRST[2], SECOND[2])).astype(int)

    assert bool((pixels[-1 - row, column] == 255).all()) is blank


def test_without_any_finite_loss_there_is_no_colour_bar() -> None:
    assert len(landscape(LOSS).axes) == 2
    assert len(landscape(LOSS * np.nan).axes) == 1


def test_reference_and_path_are_optional() -> None:
    assert legend_names(landscape(reference=None).axes[0])[-1] == "end (0, 0.25)"
    assert drawn(landscape(path=PATH[:0], reference=None)).axes[0].get_legend() is None
    assert legend_names(landscape(path=PATH * np.nan).axes[0]) == ["true"]


def test_a_path_outside_the_grid_does_not_widen_the_axes() -> None:
    axes = drawn(landscape(path=PATH * 1e9)).axes[0]

    assert (axes.get_xlim(), axes.get_ylim()) == ((-1, 2), (-4, 4))


def test_it_is_drawn_on_given_axes() -> None:
    figure = new_figure(8, 4)
    left = new_axes(figure, "a", "b", place=(1, 2, 1))
    right = new_axes(figure, "c", "d", place=(1, 2, 2))
    draw_loss_landscape(left, FIRST, SECOND, LOSS, PATH)
    picture(figure)

    assert left.collections
    assert not right.collections
    assert len(figure.axes) == 3


def test_names_are_literal() -> None:
    figure = drawn(landscape(reference_name="_$w$", labels=("$a$", "b_"), value_label="$L$ %"))

    for text in ("_$w$", "$a$", "b_", "$L$ %"):
        assert is_literal(figure, text)
