"""Figures of a search: what of its trials they show."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from tests.figures.reading import drawn, is_literal, legend_names, named_line, picture, points_of

from seedbed.figures.search import (
    COMPLETED,
    FAILED,
    STOPPED,
    Slice,
    front,
    history,
    importances,
    slices,
    trial_curves,
)

NUMBERS = np.arange(5.0)
VALUES = np.array([3.0, 2.0, 1.0, 4.0, np.nan])
STATUSES = [COMPLETED, COMPLETED, STOPPED, COMPLETED, FAILED]
HOSTILE, SHOWN = "$\\frac{a}$_[bold]\x1b", "$\\frac{a}$_[bold]�"


def test_the_history_marks_each_kind_and_the_best_of_the_completed_ones() -> None:
    (axes,) = drawn(history(NUMBERS, VALUES, STATUSES, "val/loss", generations=[0, 2])).axes

    names = legend_names(axes)
    assert names[:3] == ["completed (3)", "stopped early (1)", "failed or diverged (1)"]
    assert points_of(named_line(axes, "completed (3)")) == [(0, 3), (1, 2), (3, 4)]
    # The stopped trial had the best value, and is not the best.
    best = named_line(axes, "best so far (2)")
    assert points_of(best) == [(0, 3), (1, 2), (3, 2), (4, 2)]
    # What has no value lies at the worse end of the axis.
    assert points_of(named_line(axes, "failed or diverged (1)")) == [(4, 4)]


def test_of_a_metric_that_grows_the_largest_is_the_best() -> None:
    (axes,) = drawn(history(NUMBERS, VALUES, STATUSES, "val/accuracy", "max")).axes

    assert points_of(named_line(axes, "best so far (4)"))[-1] == (4, 4)
    assert points_of(named_line(axes, "failed or diverged (1)")) == [(4, 1)]


def test_kinds_differ_without_their_colour() -> None:
    (axes,) = history(NUMBERS, VALUES, STATUSES, "val/loss").axes

    marks = {line.get_marker() for line in axes.lines if line.get_linestyle() == "None"}
    assert len(marks) == 3


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_value_that_blew_up_does_not_flatten_the_others(mode: str) -> None:
    sign = 1 if mode == "min" else -1
    values = sign * np.append(np.linspace(-1.0, 1.0, 30), 1e9)
    (axes,) = history(np.arange(31.0), values, [COMPLETED] * 31, "val/loss", mode).axes

    low, high = axes.get_ylim()
    assert high - low < 10


def test_without_a_value_the_history_says_so() -> None:
    (axes,) = drawn(history(NUMBERS, np.full(5, np.nan), [FAILED] * 5, "val/loss")).axes

    assert [text.get_text() for text in axes.texts] == ["no trial has a finite value"]


def test_importances_are_bars_from_the_top() -> None:
    (axes,) = drawn(importances({"optimizer.lr": 0.75, "x" * 80: 0.249, HOSTILE: 0.001})).axes

    widths = [bar.get_width() for bar in axes.patches]
    assert widths == [0.75, 0.249, 0.001]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == "optimizer.lr"
    assert len(names[1]) == 36
    assert [text.get_text().strip() for text in axes.texts] == ["75 %", "25 %", "< 1 %"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_slices_have_a_panel_a_key() -> None:
    keys = [
        Slice("optimizer.lr", np.array([1e-5, 1e-3, 1e-1, 1e-2, 1e-4]), log=True),
        Slice("optimizer", np.array([0.0, 1.0, 0.0, 1.0, np.nan]), words=["adam", HOSTILE]),
    ]
    figure = drawn(slices(keys, VALUES, STATUSES, "val/loss"))
    lr, optimizer, bar = figure.axes

    assert (lr.get_xlabel(), lr.get_xscale()) == ("optimizer.lr", "log")
    completed = lr.collections[-1].get_offsets()
    np.testing.assert_allclose(completed, [(1e-5, 3), (1e-3, 2), (1e-2, 4)])
    assert [label.get_text() for label in optimizer.get_xticklabels()] == [
        "adam",
        "$\\frac…[bold]�",
    ]
    # The trial without the key is in no place.
    assert sum(len(points.get_offsets()) for points in optimizer.collections) == 4
    assert bar.get_ylabel() == "trial"
    # Later ones are darker.
    shades = [sum(to_rgb(colour)) for colour in lr.collections[-1].get_facecolors()]
    assert shades == sorted(shades, reverse=True)


def test_of_many_keys_the_first_nine_are_drawn() -> None:
    keys = [Slice(f"key{number}", NUMBERS) for number in range(12)]
    figure = drawn(slices(keys, VALUES, STATUSES, "loss"))

    assert len(figure.axes) == 9 + 1
    assert "the 9 most important of 12" in figure.get_suptitle()


def test_the_front_joins_the_trials_that_none_is_better_than() -> None:
    values = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [3.0, 3.0], [np.nan, 1.0]])
    on_front = np.array([True, True, True, False, False])
    figure = drawn(front(values, on_front, [COMPLETED] * 4 + [FAILED], ("loss", HOSTILE)))
    (axes,) = figure.axes

    assert points_of(named_line(axes, "front (3)")) == [(1, 3), (2, 2), (3, 1)]
    assert points_of(named_line(axes, "completed")) == [(3, 3)]
    assert is_literal(figure, SHOWN)


def test_curves_end_with_a_mark_where_a_rule_stopped_them() -> None:
    epochs = np.arange(1, 5)
    curves = [(epochs, 1.0 / epochs), (epochs[:2], 2.0 / epochs[:2]), (epochs[:0], np.empty(0))]
    statuses = [COMPLETED, STOPPED, FAILED]
    figure = drawn(trial_curves(curves, statuses, "val/loss", rungs={2: 1}, best=0))
    (axes,) = figure.axes

    lines = [one for one in axes.collections if isinstance(one, LineCollection)]
    assert sum(len(kind.get_segments()) for kind in lines) == 2
    assert points_of(named_line(axes, "best trial")) == list(zip(epochs, 1.0 / epochs, strict=True))
    assert "rung, stopped there: 2 (1)" in legend_names(axes)
    (stopped,) = [line for line in axes.lines if line.get_marker() == "x"]
    assert points_of(stopped) == [(2, 1)]


def test_a_search_of_nothing_is_drawn() -> None:
    none = np.empty(0)
    for figure in (
        history(none, none, [], "loss"),
        slices([], none, [], "loss"),
        front(np.empty((0, 2)), none.astype(bool), [], ("a", "b")),
        trial_curves([], [], "loss"),
        importances({}),
    ):
        assert picture(figure).size
