"""Predicted against true values of a regression."""

from collections.abc import Sequence
from math import ceil
from textwrap import fill

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from seedbed.figures.style import (
    DARK,
    INK,
    LABEL_SIZE,
    LITERAL,
    SMALL_SIZE,
    TITLE_SIZE,
    legend_below_all,
    new_axes,
    new_figure,
)

MAX_PANELS = 6
_COLUMNS = 3
# Characters of an equation that fit above a panel.
_LINE_LENGTH = 36
# Height of a line, in inches.
_LINE_HEIGHT = 1.3 * SMALL_SIZE / 72


def predicted_against_true(
    true: NDArray[np.number],
    predicted: NDArray[np.number],
    target_labels: Sequence[str],
    rows_label: str = "rows",
    equations: Sequence[str] = (),
) -> Figure:
    """Draw predictions over true values in a square panel for each target, with the diagonal.

    Args:
        true: Targets, (rows, targets).
        predicted: Predictions, (rows, targets). Values that are not finite are left out.
        target_labels: Name of each target with its unit. Of more than 6 the first 6 are drawn.
        rows_label: What the rows are called in the title, such as "test rows".
        equations: What a linear model predicts of each target, written above its panel, in
            several lines where it is long; empty (default) for other models.
    """
    shown = min(len(target_labels), MAX_PANELS)
    rows, columns = ceil(shown / _COLUMNS), min(shown, _COLUMNS)
    texts = [fill(equation, _LINE_LENGTH) for equation in equations[:shown]]
    lines = max((text.count("\n") + 1 for text in texts), default=0)
    height = (3.5 + lines * _LINE_HEIGHT) * rows + 0.5
    figure = new_figure(max(3.4 * columns, 4.2), height)
    for panel in range(shown):
        title, place = target_labels[panel], (rows, columns, panel + 1)
        axes = new_axes(figure, "true", "predicted", title=title, place=place)
        entries = _draw_panel(axes, true[:, panel], predicted[:, panel])
        if texts:
            _write_equation(axes, title, texts[panel], lines)
    legend_below_all(figure, entries)
    more = len(target_labels) - shown
    note = f": the first {shown} targets; {more} more not shown" if more else ""
    figure.suptitle(rows_label + note, fontsize=LABEL_SIZE, color=INK)
    return figure


def _write_equation(axes: Axes, title: str, text: str, lines: int) -> None:
    """Write an equation between a panel and its title, which leaves room for so many lines."""
    look = {"fontsize": SMALL_SIZE, "color": INK, "ha": "center", "va": "bottom", **LITERAL}
    equation = axes.annotate(text, (0.5, 1.0), (0.0, 4.0), "axes fraction", "offset points", **look)
    # It may be wider than the panel, which is not to shrink for it.
    equation.set_in_layout(False)
    room = 72 * lines * _LINE_HEIGHT + 8
    axes.set_title(title, fontsize=TITLE_SIZE, color=INK, pad=room, **LITERAL)


def _draw_panel(
    axes: Axes, true: NDArray[np.number], predicted: NDArray[np.number]
) -> list[tuple[Artist, str]]:
    finite = np.isfinite(true) & np.isfinite(predicted)
    true, predicted = true[finite], predicted[finite]
    low, high = _limits(np.concatenate((true, predicted)))
    (diagonal,) = axes.plot([low, high], [low, high], color=INK, linewidth=1.0, linestyle="--")
    (rows,) = axes.plot(true, predicted, "o", mfc="none", mec=DARK, mew=1.1, ms=5.5)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_box_aspect(1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    return [(rows, "rows"), (diagonal, "predicted = true")]


def _limits(values: NDArray[np.number]) -> tuple[float, float]:
    """Return limits with a margin of 5 %, or with any margin around a single value."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin
