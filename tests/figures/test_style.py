"""Style of all figures; pyplot and global settings stay untouched."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.lines import Line2D
from tests.figures.reading import drawn, grey, is_literal, legend_names, picture, texts

from seedbed.figures import axis_label, png
from seedbed.figures.style import (
    DARK,
    DOTS_PER_INCH,
    GRID,
    LIGHT,
    MIDDLE,
    legend_below,
    legend_below_all,
    new_axes,
    new_figure,
    plain_numbers,
    write_message,
)


def test_a_png_has_the_size_of_the_figure_in_pixels() -> None:
    figure = new_figure(3.0, 2.0)
    new_axes(figure, "x", "y")

    assert png(figure).startswith(b"\x89PNG")
    assert picture(figure).shape == (2 * DOTS_PER_INCH, 3 * DOTS_PER_INCH, 3)


def test_axis_label_has_a_unit_where_there_is_one() -> None:
    assert axis_label("temperature", "F") == "temperature (F)"
    assert axis_label("x1", "") == axis_label("x1") == "x1"


def test_colours_differ_in_a_grey_print() -> None:
    lightness = [grey(color) for color in (DARK, MIDDLE, LIGHT, GRID, "white")]
    assert all(lighter - darker > 0.1 for darker, lighter in pairwise(lightness))


def test_neither_pyplot_nor_global_settings_are_touched() -> None:
    # A dict of all settings would look up the backend, which imports pyplot: hence copy().
    program = """if True:
        import sys, matplotlib
        before = matplotlib.rcParams.copy()
        import numpy as np, seedbed.figures as figures
        figures.png(figures.loss_curve({"loss": (np.arange(3), np.ones(3))}))
        assert matplotlib.rcParams.copy() == before
        assert "matplotlib.pyplot" not in sys.modules
        assert not {name for name in sys.modules if name.split(".")[0] in ("torch", "omegaconf")}
    """
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_axes_have_a_light_grid_below_and_no_frame() -> None:
    axes = new_axes(new_figure(3, 3), "x", "y", title="title")

    assert not axes.spines["top"].get_visible()
    assert not axes.spines["right"].get_visible()
    assert axes.spines["left"].get_visible()
    assert axes.get_axisbelow() is True
    assert axes.get_xgridlines()[0].get_color() == GRID


@pytest.mark.parametrize("text", ["$x$", "a_b", "_hidden", "50 %", r"\$ and $", "$", "^_^"])
def test_texts_are_literal(text: str) -> None:
    figure = new_figure(5, 4)
    axes = new_axes(figure, text + " x", text + " y", title=text + " title")
    (line,) = axes.plot([0, 1])
    legend_below(axes, [(line, text + " legend"), (line, text)], columns=1)
    legend_below_all(figure, [(line, text + " of all")])
    write_message(axes, text + " message")

    for ending in (" x", " y", " title", " legend", " of all", " message"):
        assert is_literal(figure, text + ending)
    assert legend_names(axes) == [text + " legend", text]
    assert text in texts(figure)


@pytest.mark.parametrize("rows", [1, 4])
def test_a_legend_lies_below_its_axes(rows: int) -> None:
    figure = new_figure(5, 4)
    axes = new_axes(figure, "a label", "another")
    (line,) = axes.plot([0, 1000])
    legend_below(axes, [(line, f"line {number}") for number in range(rows)], columns=1)
    drawn(figure)

    legend = axes.get_legend()
    assert legend is not None
    box = legend.get_window_extent()
    label = axes.xaxis.label.get_window_extent()
    assert box.y1 < label.y0 < axes.bbox.y0
    assert box.y0 >= 0


def test_a_logarithmic_axis_has_plain_numbers() -> None:
    figure = new_figure(4, 4)
    axes = new_axes(figure, "x", "y")
    axes.set_yscale("log")
    axes.plot([0, 1], [0.02, 3])
    plain_numbers(axes.yaxis, 0.02, 3)
    drawn(figure)

    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert {"0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"} <= set(shown)
    assert not any("$" in label for label in shown)


def test_many_decades_are_labelled_with_powers_of_ten_alone() -> None:
    figure = new_figure(4, 4)
    axes = new_axes(figure, "x", "y")
    axes.set_yscale("log")
    axes.plot([0, 1], [1e-4, 1e4])
    plain_numbers(axes.yaxis, 1e-4, 1e4)
    drawn(figure)

    ticks = np.asarray(axes.get_yticks())
    assert np.allclose(np.log10(ticks) % 1, 0)


def test_a_legend_may_name_a_line_that_is_not_drawn() -> None:
    axes = new_axes(new_figure(3, 3), "x", "y")
    legend_below(axes, [(Line2D([], []), "nowhere")], columns=1)

    assert legend_names(axes) == ["nowhere"]
