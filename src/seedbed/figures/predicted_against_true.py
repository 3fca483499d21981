"""How close predictions are to their targets: one panel a target, with the diagonal."""

from math import ceil
from typing import Any

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
    legend_below_all,
    new_axes,
    new_figure,
)

MOST_PANELS = 6
_COLUMNS = 3


def predicted_against_true(
    true: NDArray[Any], predicted: NDArray[Any], target_labels: list[str]
) -> Figure:
    """Draw predictions over targets, both of shape (rows, targets), in a square panel a target.

    A label names a target and its unit. Of more than 6 targets the first 6 are drawn. Values that
    are not finite are left out.
    """
    shown = min(len(target_labels), MOST_PANELS)
    rows, columns = ceil(shown / _COLUMNS), min(shown, _COLUMNS)
    figure = new_figure(max(3.4 * columns, 4.2), 3.5 * rows + 0.5)
    for panel in range(shown):
        title, place = target_labels[panel], (rows, columns, panel + 1)
        axes = new_axes(figure, "true", "predicted", title=title, place=place)
        entries = _draw_panel(axes, true[:, panel], predicted[:, panel])
    legend_below_all(figure, entries)
    more = len(target_labels) - shown
    if more:
        message = f"the first {shown} targets; {more} more not shown"
        figure.suptitle(message, fontsize=LABEL_SIZE, color=INK)
    return figure


def _draw_panel(
    axes: Axes, true: NDArray[Any], predicted: NDArray[Any]
) -> list[tuple[Artist, str]]:
    there = np.isfinite(true) & np.isfinite(predicted)
    true, predicted = true[there], predicted[there]
    low, high = _limits(np.concatenate((true, predicted)))
    (diagonal,) = axes.plot([low, high], [low, high], color=INK, linewidth=1.0, linestyle="--")
    (rows,) = axes.plot(true, predicted, "o", mfc="none", mec=DARK, mew=1.1, ms=5.5)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_box_aspect(1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    return [(rows, "rows"), (diagonal, "predicted = true")]


def _limits(values: NDArray[Any]) -> tuple[float, float]:
    """Return limits with a margin of 5 %, or of any width around a single value."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin
