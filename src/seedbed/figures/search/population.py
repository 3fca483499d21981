"""Numbers of a population by epoch, and the schedule that its best trial followed."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seedbed.figures.search.importances import shortened
from seedbed.figures.search.trials import Numbers
from seedbed.figures.style import (
    DARK,
    GRID,
    LIGHT,
    legend_below_all,
    new_axes,
    new_figure,
    plain_numbers,
    write_message,
)

# Panels in a row, and inches of one.
COLUMNS = 2
_WIDTH, _HEIGHT = 4.2, 3.0
# Largest over smallest value from which an axis is logarithmic.
_DECADES = 10.0


def population(
    values: Mapping[str, Numbers], best: Mapping[str, Numbers], exchanges: Sequence[int]
) -> Figure:
    """Draw what the trials of a population had in each epoch, and the schedule of the best one.

    Args:
        values: By key, the value of each trial in each epoch, (trials, epochs).
        best: By key, the value in each epoch on the line that leads to the best trial, (epochs,).
        exchanges: Epochs after which trials took over others.
    """
    if not values:
        figure = new_figure(_WIDTH, _HEIGHT)
        write_message(new_axes(figure, "epoch", ""), "no key is a number")
        return figure
    rows, columns = -(-len(values) // COLUMNS), min(COLUMNS, len(values))
    figure = new_figure(_WIDTH * columns, _HEIGHT * rows + 0.4)
    for place, (key, numbers) in enumerate(values.items(), start=1):
        axes = new_axes(figure, "epoch", shortened(key), place=(rows, columns, place))
        epochs = np.arange(1, numbers.shape[1] + 1)
        lines = [np.column_stack([epochs, row]) for row in numbers]
        axes.add_collection(LineCollection(lines, colors=LIGHT, linewidths=0.9, alpha=0.75))
        for epoch in exchanges:
            axes.axvline(epoch + 0.5, color=GRID, linewidth=0.7, zorder=0)
        axes.plot(epochs, best[key], color=DARK, linewidth=2.0)
        axes.set_xlim(0.5, len(epochs) + 0.5)
        _scale(axes, numbers)
    entries: list[tuple[Artist, str]] = [
        (Line2D([], [], color=DARK, linewidth=2.0), "schedule of the best trial"),
        (Line2D([], [], color=LIGHT), f"trials ({len(next(iter(values.values()))):,})"),
    ]
    legend_below_all(figure, entries)
    return figure


def _scale(axes: Axes, numbers: Numbers) -> None:
    """Give the values a logarithmic axis where they reach over decades."""
    low, high = float(numbers.min()), float(numbers.max())
    if low > 0 and high >= _DECADES * low:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.2, high * 1.2)
        plain_numbers(axes.yaxis, low, high)
    else:
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        axes.set_ylim(low - margin, high + margin)
