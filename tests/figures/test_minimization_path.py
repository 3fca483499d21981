"""Path of an optimizer on a function of one or two variables."""

import numpy as np
from matplotlib.contour import QuadContourSet
from tests.figures.reading import is_literal, legend_names, named_line, picture, points_of

from seedbed.figures import loss_landscape, minimization_path

X = np.linspace(-10, 55, 50)
STEPS = 2 + 48 * 0.98 ** np.arange(300)
GRID = np.linspace(-12, 12, 30)
BOWL = (GRID[None, :] + 1) ** 2 + GRID[:, None] ** 2 / 2
DOWN = np.array([[10.0, 10.0], [7.8, 9.0], [6.04, 8.1]])


def parabola(x: np.ndarray) -> np.ndarray:
    return x * x - 4 * x - 1


def test_the_path_lies_on_the_curve() -> None:
    figure = minimization_path(X[::-1], parabola(X[::-1]), STEPS, parabola(STEPS))
    picture(figure)
    (axes,) = figure.axes

    assert legend_names(axes) == ["f(x)", "path", "start (50, 2299)", "end (2.114, -4.987)"]
    assert points_of(named_line(axes, "f(x)")) == list(zip(X, parabola(X), strict=True))
    assert points_of(named_line(axes, "path")) == list(zip(STEPS, parabola(STEPS), strict=True))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "f(x)")


def test_the_path_crosses_the_contours() -> None:
    figure = loss_landscape(GRID, GRID, BOWL, DOWN, value_label="f(x, y)")
    picture(figure)
    axes, bar = figure.axes

    assert legend_names(axes) == ["path", "start (10, 10)", "end (6.04, 8.1)"]
    assert points_of(named_line(axes, "path")) == [tuple(step) for step in DOWN]
    assert any(isinstance(one, QuadContourSet) for one in axes.collections)
    assert (axes.get_xlabel(), axes.get_ylabel(), bar.get_ylabel()) == ("x", "y", "f(x, y)")


def test_contour_levels_of_two_variables_are_logarithmic_with_log() -> None:
    counts = [
        len(loss_landscape(GRID, GRID, BOWL, DOWN, log=log).axes[1].get_yticks())
        for log in (False, True)
    ]

    assert counts[0] != counts[1]


def test_labels_are_literal() -> None:
    one = minimization_path(X, X, STEPS, STEPS, labels=("$x$", "_f"))
    two = loss_landscape(GRID, GRID, BOWL, DOWN, labels=("$u$", "v_"), value_label="$f$")

    assert is_literal(one, "$x$")
    assert legend_names(one.axes[0])[0] == "_f"
    assert all(is_literal(two, text) for text in ("$u$", "v_", "$f$"))


def test_degenerate_values_and_paths_are_drawn_without_error() -> None:
    picture(minimization_path(X, X * np.nan, STEPS[:1], STEPS[:1]))
    picture(minimization_path(X, X, STEPS[:0], STEPS[:0]))
    picture(loss_landscape(GRID, GRID, -BOWL, DOWN[:1], log=True))
    picture(loss_landscape(GRID, GRID, BOWL * np.nan, DOWN[:0]))
