"""Path of an optimizer in a plane."""

import numpy as np
from tests.figures.reading import legend_names, named_line, picture, points_of

from seedbed.figures.optimizer_path import MAX_DOTS, draw_path
from seedbed.figures.style import legend_below, new_axes, new_figure


def test_start_and_end_are_marked_and_named() -> None:
    figure = new_figure(4, 4)
    axes = new_axes(figure, "x", "y")
    steps = np.array([[10.0, 10.0], [5.0, 7.0], [-0.0, -0.0]])
    legend_below(axes, draw_path(axes, steps[:, 0], steps[:, 1]), columns=1)
    picture(figure)

    assert legend_names(axes) == ["path", "start (10, 10)", "end (0, 0)"]
    assert points_of(named_line(axes, "path")) == [(10, 10), (5, 7), (0, 0)]
    assert points_of(named_line(axes, "start (10, 10)")) == [(10, 10)]
    assert points_of(named_line(axes, "end (0, 0)")) == [(0, 0)]
    start, end = named_line(axes, "start (10, 10)"), named_line(axes, "end (0, 0)")
    assert start.get_marker() != end.get_marker()
    assert start.get_markerfacecolor() != end.get_markerfacecolor()


def test_steps_that_are_not_finite_are_left_out() -> None:
    axes = new_axes(new_figure(4, 4), "x", "y")
    entries = draw_path(axes, np.array([1.0, np.nan, 2.0, np.inf]), np.array([1.0, 1, 3, 4]))

    assert [name for _, name in entries] == ["path", "start (1, 1)", "last finite (2, 3)"]
    assert points_of(axes.lines[0]) == [(1, 1), (2, 3)]


def test_an_empty_path_draws_nothing() -> None:
    axes = new_axes(new_figure(4, 4), "x", "y")

    assert draw_path(axes, np.full(3, np.nan), np.zeros(3)) == []
    assert draw_path(axes, np.empty(0), np.empty(0)) == []
    assert not axes.lines


def test_only_the_steps_of_a_short_path_have_dots() -> None:
    axes = new_axes(new_figure(4, 4), "x", "y")
    for count in (MAX_DOTS, MAX_DOTS + 1):
        draw_path(axes, np.arange(count), np.arange(count))
    paths = [line for line in axes.lines if len(points_of(line)) > 1]

    assert [line.get_marker() for line in paths] == ["o", ""]
