"""The three panels of a recovered line."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from tests.figures.reading import drawn, grey, legend_lines, legend_names, named_line, points_of

from seedbed.figures import line_recovery
from seedbed.figures.line_recovery import MAX_LINES

FIRST, SECOND = np.linspace(-1, 2, 21), np.linspace(-1, 2, 31)
TRUE = np.array([0.7, 0.2])
LOSS = (FIRST[None, :] - 0.7) ** 2 + (SECOND[:, None] - 0.2) ** 2
PATH = TRUE + 0.95 ** np.arange(101)[:, None] * np.array([-1.2, 0.7])
LOSSES = ((PATH - TRUE) ** 2).sum(1)
INPUTS = np.linspace(0, 1, 30, endpoint=False)
TARGETS = 0.7 * INPUTS + 0.2 + 0.04 * np.sin(100 * INPUTS)


def recovery(path: Any = PATH, losses: Any = LOSSES, **others: Any) -> list[Axes]:
    """Return the three panels."""
    figure = line_recovery(FIRST, SECOND, LOSS, path, TRUE, losses, INPUTS, TARGETS, **others)
    landscape, _colour_bar, losses_by_step, lines = figure.axes
    return [landscape, losses_by_step, lines]


def drawn_recovery(*arguments: Any, **others: Any) -> list[Axes]:
    panels = recovery(*arguments, **others)
    figure = panels[0].get_figure(root=True)
    assert figure is not None
    drawn(figure)
    return panels


def test_the_first_panel_is_the_landscape() -> None:
    axes = recovery(parameter_labels=("slope", "offset"))[0]

    assert (axes.get_xlabel(), axes.get_ylabel()) == ("slope", "offset")
    assert legend_names(axes)[::3] == ["path", "true line"]
    assert points_of(named_line(axes, "true line")) == [(0.7, 0.2)]
    assert points_of(named_line(axes, "path"))[0] == tuple(PATH[0])


def test_the_second_panel_is_the_loss_by_step_on_log_axes() -> None:
    axes = drawn_recovery(step_name="epoch")[1]
    (line,) = axes.lines

    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    assert (axes.get_xscale(), axes.get_yscale()) == ("symlog", "log")
    assert points_of(line) == list(enumerate(LOSSES))
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert {"0", "1", "2", "5", "10", "20", "50", "100"} <= set(shown)


def test_the_third_panel_has_lines_from_pale_to_dark() -> None:
    axes = recovery(data_labels=("input", "output"), step_name="epoch")[2]
    names = legend_names(axes)

    assert (axes.get_xlabel(), axes.get_ylabel()) == ("input", "output")
    assert names[0] == "data"
    assert (names[1], names[-2], names[-1]) == ("epoch 0", "epoch 100", "true line")
    assert len(names) == MAX_LINES + 2
    assert points_of(named_line(axes, "data")) == list(zip(INPUTS, TARGETS, strict=True))
    samples = legend_lines(axes)
    lightness = [grey(samples[name].get_color()) for name in names[1:-1]]
    assert lightness == sorted(lightness, reverse=True)
    assert lightness[0] - lightness[-1] > 0.4


def test_lines_are_the_models_at_their_step() -> None:
    axes = recovery(reference_name="least squares")[2]
    last = INPUTS[-1]

    for step in (0, 100):
        weight, bias = PATH[step]
        expected = [(0, bias), (last, weight * last + bias)]
        for found, point in zip(points_of(named_line(axes, f"step {step}")), expected, strict=True):
            assert found == pytest.approx(point)
    dashed = named_line(axes, "least squares")
    assert points_of(dashed) == [(0, 0.2), (last, pytest.approx(0.7 * last + 0.2))]
    assert dashed.get_linestyle() == "--"


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_short_path_has_few_lines(steps: int) -> None:
    axes = recovery(PATH[:steps], LOSSES[:steps])[2]

    assert legend_names(axes)[1:-1] == [f"step {step}" for step in range(steps)]


def test_a_line_far_from_the_data_does_not_flatten_them() -> None:
    wild = PATH.copy()
    wild[0] = (1e9, -1e9)
    low, high = recovery(wild)[2].get_ylim()

    assert low < TARGETS.min() < TARGETS.max() < high
    assert high - low < 4 * (TARGETS.max() - TARGETS.min())


def test_a_path_that_diverged_is_drawn_as_far_as_it_is_finite() -> None:
    path, losses = PATH.copy(), LOSSES.copy()
    path[60:], losses[60:] = np.nan, np.inf
    panels = drawn_recovery(path, losses)

    assert legend_names(panels[2])[-2] == "step 59"
    assert len(points_of(panels[1].lines[0])) == 60


def test_without_any_positive_loss_the_panel_says_so() -> None:
    axes = drawn_recovery(losses=np.zeros(101))[1]

    assert [text.get_text() for text in axes.texts] == ["no loss above 0"]


def test_a_path_without_finite_steps_is_drawn_without_error() -> None:
    panels = drawn_recovery(PATH * np.nan, LOSSES * np.nan)

    assert legend_names(panels[2]) == ["data", "true line"]


def test_points_of_a_path_may_be_some_of_the_steps_and_the_titles_name_the_rows() -> None:
    steps = np.arange(0, 1010, 10)
    panels = drawn_recovery(
        steps=steps, rows_label="training rows", path_name="path of 1,000 steps"
    )

    assert points_of(panels[1].lines[0]) == list(zip(steps, LOSSES, strict=True))
    assert legend_names(panels[2])[-2] == "step 1,000"
    assert legend_names(panels[0])[0] == "path of 1,000 steps"
    assert [axes.get_title() for axes in panels] == [
        "loss of the training rows over the parameters",
        "loss of the training rows by step",
        "the line in the training rows",
    ]
