"""Predicted against true values."""

import numpy as np
import pytest
from tests.figures.reading import drawn, legend_names, picture, points_of, texts

from seedbed.figures import predicted_against_true

TRUE = np.array([[56.0, 70.0], [81.0, 101.0], [119.0, 133.0], [22.0, 37.0], [103.0, 119.0]])
PREDICTED = TRUE + np.array([[1.0, -2.0], [0.5, 0.0], [-2.0, 1.0], [3.0, 2.0], [0.0, -1.0]])


def test_each_target_has_a_panel_with_its_points_and_the_diagonal() -> None:
    figure = drawn(predicted_against_true(TRUE, PREDICTED, ["apples (t/ha)", "pears ($)"]))

    assert [axes.get_title() for axes in figure.axes] == ["apples (t/ha)", "pears ($)"]
    assert legend_names(figure) == ["rows", "predicted = true"]
    for target, axes in enumerate(figure.axes):
        diagonal, rows = axes.lines
        assert points_of(rows) == list(zip(TRUE[:, target], PREDICTED[:, target], strict=True))
        assert all(x == y for x, y in points_of(diagonal))
        assert diagonal.get_linestyle() == "--"


@pytest.mark.parametrize("targets", [1, 2, 4, 6])
def test_panels_are_square_with_equal_axes(targets: int) -> None:
    values = np.arange(3.0 * targets).reshape(3, targets) ** 2
    figure = drawn(predicted_against_true(values, values + 1, [f"t{n}" for n in range(targets)]))

    assert len(figure.axes) == targets
    for axes in figure.axes:
        assert axes.get_xlim() == axes.get_ylim()
        assert axes.bbox.width == pytest.approx(axes.bbox.height, abs=0.5)
        assert axes.bbox.width > 150
        assert list(axes.get_xticks()) == list(axes.get_yticks())


@pytest.mark.parametrize("targets", [7, 9])
def test_targets_without_a_panel_are_counted_in_the_title(targets: int) -> None:
    values = np.arange(2.0 * targets).reshape(2, targets)
    figure = predicted_against_true(values, values, [f"t{n}" for n in range(targets)])

    assert len(figure.axes) == 6
    assert f"rows: the first 6 targets; {targets - 6} more not shown" in texts(figure)


def test_the_title_mentions_no_targets_where_all_are_drawn() -> None:
    figure = predicted_against_true(np.ones((2, 6)), np.ones((2, 6)), list("abcdef"))

    assert not any("more" in text for text in texts(figure))


@pytest.mark.parametrize("value", [0.0, -3.0, 1e12])
def test_a_single_row_is_shown(value: float) -> None:
    figure = predicted_against_true(np.array([[value]]), np.array([[value]]), ["x"])
    picture(figure)
    low, high = figure.axes[0].get_xlim()

    assert low < value < high


def test_values_that_are_not_finite_are_left_out() -> None:
    predicted = np.array([[1.0], [np.nan], [np.inf]])
    figure = predicted_against_true(np.array([[1.0], [2.0], [3.0]]), predicted, ["x"])
    picture(figure)
    assert points_of(figure.axes[0].lines[1]) == [(1, 1)]

    picture(predicted_against_true(np.ones((2, 1)), np.full((2, 1), np.nan), ["x"]))


def test_equations_stand_between_a_panel_and_its_title_and_overlap_nothing() -> None:
    long = " + ".join(f"0.1234 · a long name {number}" for number in range(4))
    equations = [f"{name} = {long}" for name in ("apples", "pears")]
    figure = drawn(predicted_against_true(TRUE, PREDICTED, ["apples", "pears"], "rows", equations))

    for axes, equation in zip(figure.axes, equations, strict=True):
        (written,) = axes.texts
        assert written.get_text().replace("\n", " ") == equation
        below, above = axes.get_window_extent(), axes.title.get_window_extent()
        text = written.get_window_extent()
        assert below.y1 <= text.y0 < text.y1 <= above.y0
        assert text.x0 >= 0
        assert text.x1 <= figure.bbox.x1
        assert axes.bbox.width > 150
    first, second = (axes.texts[0].get_window_extent() for axes in figure.axes)
    assert first.x1 < second.x0
