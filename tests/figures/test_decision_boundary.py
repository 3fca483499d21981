"""Decision boundary: points, contours and legend."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from tests.figures.reading import (
    drawn,
    is_literal,
    legend_lines,
    legend_names,
    named_line,
    points_of,
)

from seedbed.figures import decision_boundary
from seedbed.figures.decision_boundary import CONTOURS

FIRST, SECOND = np.linspace(-1, 7, 40), np.linspace(-6, 7, 30)
# Of class 0 above, of class 1 below 0.5.
PROBABILITY = 1 / (1 + np.exp(np.tile(SECOND[:, None], (1, 40)) - 0.5))
POINTS = np.array([[3.0, 3.0], [2.0, 4.0], [3.0, 0.0], [3.0, -2.0], [2.0, 1.0]])
CLASSES, PREDICTED = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])


def boundary(probability: Any = PROBABILITY, **others: Any) -> Figure:
    arguments: dict[str, Any] = {"labels": ("x1", "x2"), "class_names": ("class 0", "class 1")}
    return decision_boundary(
        POINTS, CLASSES, PREDICTED, FIRST, SECOND, probability, **(arguments | others)
    )


def contours(axes: Axes) -> QuadContourSet | None:
    found = [one for one in axes.collections if isinstance(one, QuadContourSet)]
    assert len(found) <= 1
    return found[0] if found else None


def test_points_are_hollow_and_the_wrong_ones_filled() -> None:
    (axes,) = boundary().axes
    expected = {
        "class 0": ([(3, 3), (2, 4)], False),
        "class 0, wrongly classified": ([(3, 0)], True),
        "class 1": ([(3, -2)], False),
        "class 1, wrongly classified": ([(2, 1)], True),
    }

    for name, (points, filled) in expected.items():
        line = named_line(axes, name)
        assert points_of(line) == points
        assert (line.get_markerfacecolor() != "none") is filled
    markers = {named_line(axes, name).get_marker() for name in ("class 0", "class 1")}
    assert len(markers) == 2


def test_the_boundary_lies_where_the_probability_is_one_half() -> None:
    (axes,) = boundary().axes
    found = contours(axes)
    assert found is not None

    assert list(found.levels) == [0.3, 0.4, 0.5]
    for level, path in zip(found.levels, found.get_paths(), strict=True):
        crossing = 0.5 - np.log(level / (1 - level))
        assert path.vertices[:, 1] == pytest.approx(crossing, abs=0.02)


def test_contours_differ_in_line_style_and_are_in_the_legend() -> None:
    (axes,) = boundary().axes
    found = contours(axes)
    assert found is not None
    samples = legend_lines(axes)
    names = ["P(class 1) = 0.5", "P(class 1) = 0.4", "P(class 1) = 0.3"]

    assert legend_names(axes)[4:] == names
    styles = [samples[name].get_linestyle() for name in names]
    assert styles[0] == "-"
    patterns = [str(samples[name]._unscaled_dash_pattern) for name in names]  # type: ignore[attr-defined]
    assert len(set(patterns)) == 3
    assert list(found.get_linewidths()) == [
        samples[name].get_linewidth() for name in reversed(names)
    ]


def test_the_axes_are_those_of_the_grid() -> None:
    (axes,) = drawn(boundary(labels=("a (m)", "b_$"), title="epoch 3: 100 %, $")).axes

    assert axes.get_xlim() == (-1, 7)
    assert axes.get_ylim() == (-6, 7)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a (m)", "b_$")
    assert axes.get_title() == "epoch 3: 100 %, $"


@pytest.mark.parametrize(
    ("probability", "levels"),
    [
        (np.full_like(PROBABILITY, 0.5), []),
        (np.zeros_like(PROBABILITY), []),
        (np.full_like(PROBABILITY, np.nan), []),
        (0.45 * PROBABILITY, [0.3, 0.4]),
        (0.45 + 0.5 * PROBABILITY, [0.5]),
        (np.where(PROBABILITY > 0.9, np.nan, PROBABILITY), [0.3, 0.4, 0.5]),
    ],
)
def test_levels_outside_the_probabilities_are_in_the_legend_only(
    probability: Any, levels: list[float]
) -> None:
    (axes,) = drawn(boundary(probability)).axes
    found = contours(axes)

    assert ([] if found is None else list(found.levels)) == levels
    assert len(legend_names(axes)) == 4 + len(CONTOURS)


def test_class_names_are_literal() -> None:
    figure = boundary(class_names=("$no$", "_yes"))

    assert is_literal(figure, "$no$")
    assert legend_names(figure.axes[0])[2] == "_yes"


def test_points_outside_the_grid_do_not_widen_the_axes() -> None:
    figure = decision_boundary(
        POINTS * 100, CLASSES, PREDICTED, FIRST, SECOND, PROBABILITY, ("x", "y"), ("no", "yes")
    )
    (axes,) = figure.axes

    assert (axes.get_xlim(), axes.get_ylim()) == ((-1, 7), (-6, 7))


def test_a_class_without_points_is_drawn() -> None:
    none = np.empty((0, 2)), np.empty(0, int), np.empty(0, int)
    names = ("no", "yes")
    drawn(decision_boundary(*none, FIRST, SECOND, PROBABILITY, ("x", "y"), names))
