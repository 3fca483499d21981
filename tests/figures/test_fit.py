"""Fitted curve with the data."""

import numpy as np
import pytest
from tests.figures.reading import is_literal, legend_names, named_line, picture, points_of

from seedbed.figures import fit_on_range

INPUTS = np.array([35.7, 55.9, 58.2, 81.9])
TARGETS = np.array([0.5, 14.0, 15.0, 28.0])
FITTED = 0.5 * INPUTS - 17
RANGE = np.linspace(10, 95, 20)


def test_curve_readings_and_fitted_values_are_drawn() -> None:
    figure = fit_on_range(INPUTS, TARGETS, FITTED, RANGE, 0.5 * RANGE - 17, "in (F)", "out (C)")
    picture(figure)
    (axes,) = figure.axes

    assert (axes.get_xlabel(), axes.get_ylabel()) == ("in (F)", "out (C)")
    assert legend_names(axes) == ["readings", "model at the readings", "model"]
    assert points_of(named_line(axes, "readings")) == list(zip(INPUTS, TARGETS, strict=True))
    fitted = points_of(named_line(axes, "model at the readings"))
    assert fitted == list(zip(INPUTS, FITTED, strict=True))
    assert points_of(named_line(axes, "model"))[-1] == (95, pytest.approx(30.5))


def test_readings_held_out_look_different() -> None:
    held = np.array([False, True, False, False])
    figure = fit_on_range(INPUTS, TARGETS, FITTED, RANGE, RANGE, "x", "y", held_out=held)
    (axes,) = figure.axes
    trained, kept = (named_line(axes, f"readings {name}") for name in ("trained on", "held out"))

    assert points_of(kept) == [(55.9, 14.0)]
    assert [x for x, _ in points_of(trained)] == [35.7, 58.2, 81.9]
    assert trained.get_marker() != kept.get_marker()


def test_without_held_out_rows_the_legend_has_no_such_entry() -> None:
    held = np.zeros(4, bool)
    figure = fit_on_range(INPUTS, TARGETS, FITTED, RANGE, RANGE, "x", "y", held_out=held)

    assert legend_names(figure.axes[0]) == ["readings", "model at the readings", "model"]


def test_the_curve_is_drawn_from_left_to_right() -> None:
    figure = fit_on_range(INPUTS, TARGETS, FITTED, RANGE[::-1], RANGE[::-1], "x", "y")

    assert points_of(named_line(figure.axes[0], "model")) == [(x, x) for x in RANGE]


def test_labels_are_literal() -> None:
    figure = fit_on_range(INPUTS, TARGETS, FITTED, RANGE, RANGE, "x_1 ($)", "$y$ (%)")

    assert is_literal(figure, "x_1 ($)")
    assert is_literal(figure, "$y$ (%)")


def test_values_that_are_not_finite_are_drawn_without_error() -> None:
    bad = np.full(4, np.nan)
    picture(fit_on_range(INPUTS, TARGETS, bad, RANGE, np.full(20, np.inf), "x", "y"))
    picture(fit_on_range(INPUTS[:1], TARGETS[:1], bad[:1], RANGE[:1], RANGE[:1], "x", "y"))


def test_the_equation_of_a_line_stands_below_the_title() -> None:
    words = {"title": "training rows", "equation": "y = 0.5 · x - 17"}
    (axes,) = fit_on_range(INPUTS, TARGETS, FITTED, RANGE, RANGE, "x", "y", **words).axes

    assert axes.get_title() == "training rows\ny = 0.5 · x - 17"
