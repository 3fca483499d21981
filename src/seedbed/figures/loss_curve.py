"""Loss by epoch."""

from collections.abc import Mapping
from math import ceil
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from seedbed.figures.style import (
    DARK,
    INK,
    LIGHT,
    MIDDLE,
    SMALL_SIZE,
    legend_below,
    new_axes,
    new_figure,
    plain_numbers,
    write_message,
)

# The 4 line styles and 3 markers give 12 different lines.
_LINES: list[Any] = ["-", "--", "-.", (0, (1, 1))]
_LOOKS = [(DARK, "o", DARK), (MIDDLE, "s", "white"), (LIGHT, "^", INK)]
_REFERENCE_LINE: Any = (0, (6, 2, 1, 2, 1, 2))
_MARKERS = 12
# Of more epochs a curve is drawn as means and ranges of so many bins.
MAX_EPOCHS = 400
_BINS = 200
# A reference this factor below all curves would flatten them.
_FARTHEST_REFERENCE = 1e3

Curve = tuple[NDArray[np.number], NDArray[np.number]]


def loss_curve(
    curves: Mapping[str, Curve],
    reference: float | None = None,
    reference_name: str = "",
    value_label: str = "loss",
) -> Figure:
    """Draw one line for each metric over the epochs.

    The vertical axis is logarithmic if all values are positive and span more than a factor of 10.
    With more than 400 epochs, the line goes through the means of bins of epochs, whose ranges
    are shaded; the title gives the size of the bins.

    Args:
        curves: Epochs, rising, and values, of shape (k,) each, by the name of the metric. Values
            that are not finite are left out.
        reference: Value to compare with, such as the loss of least squares, drawn as a horizontal
            line unless it lies so far below that it would flatten the curves; None (default) for
            none.
        reference_name: Name of the reference in the legend.
        value_label: Label of the vertical axis.
    """
    figure = new_figure(6.4, 4.6)
    axes = new_axes(figure, "epoch", value_label)
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    finite = {name: _finite(*curve) for name, curve in curves.items()}
    values = np.concatenate([np.empty(0), *(values for _, values in finite.values())])
    log = bool(values.size and values.min() > 0 and values.max() > 10 * values.min())
    if log:
        axes.set_yscale("log")
        plain_numbers(axes.yaxis, values.min(), values.max())
    if not values.size:
        write_message(axes, "no finite values")
    last_epoch = max((int(epochs[-1]) for epochs, _ in finite.values() if epochs.size), default=1)
    bin_size = ceil(last_epoch / _BINS) if last_epoch > MAX_EPOCHS else 1
    if bin_size > 1:
        title = f"mean (line) and range (shaded) of every {bin_size} epochs"
        axes.set_title(title, fontsize=SMALL_SIZE, color=INK)
    entries = [
        (_draw_curve(axes, number, bin_size, *curve), name)
        for number, (name, curve) in enumerate(finite.items())
    ]
    if reference is not None and np.isfinite(reference):
        shown = not log or reference * _FARTHEST_REFERENCE >= values.min()
        line = _draw_reference(axes, reference, shown)
        entries.append((line, f"{reference_name} ({reference:.6g})"))
    if entries:
        legend_below(axes, entries, columns=3)
    return figure


def _finite(epochs: NDArray[np.number], values: NDArray[np.number]) -> Curve:
    kept = np.isfinite(values)
    return epochs[kept], values[kept].astype(float)


def _draw_curve(
    axes: Axes, number: int, bin_size: int, epochs: NDArray[np.number], values: NDArray[np.number]
) -> Artist:
    color, marker, edge = _LOOKS[number % len(_LOOKS)]
    look: dict[str, Any] = {"color": color, "linestyle": _LINES[number % len(_LINES)]}
    look |= {"marker": marker, "markersize": 5, "markeredgecolor": edge}
    if bin_size > 1 and values.size:
        epochs, values = _draw_ranges(axes, color, bin_size, epochs, values)
    # Markers tell the lines apart; the last epoch always has one.
    between = max(1, len(values) // _MARKERS)
    marked = list(range(len(values) - 1, -1, -between))
    (line,) = axes.plot(epochs, values, linewidth=1.6, markevery=marked, **look)
    return line


def _draw_ranges(
    axes: Axes, color: str, bin_size: int, epochs: NDArray[np.number], values: NDArray[np.number]
) -> Curve:
    """Shade the range of the values in bins of epochs; return the line through their means.

    The line starts at the first and ends at the last value itself.
    """
    starts = np.flatnonzero(np.diff((epochs - 1) // bin_size, prepend=-1))
    sizes = np.diff(starts, append=len(values))
    # Divided first: the sum of losses that diverge might overflow.
    centres, means = (
        np.add.reduceat(column / np.repeat(sizes, sizes), starts) for column in (epochs, values)
    )
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    axes.fill_between(centres, low, high, color=color, alpha=0.25, linewidth=0)
    ends = [0, -1]
    x, y = np.append(centres, epochs[ends]), np.append(means, values[ends])
    order = np.argsort(x, kind="stable")
    return x[order], y[order]


def _draw_reference(axes: Axes, reference: float, shown: bool) -> Artist:
    look: dict[str, Any] = {"color": INK, "linestyle": _REFERENCE_LINE, "linewidth": 1.0}
    if not shown:
        return Line2D([], [], **look)
    return axes.axhline(reference, zorder=1.5, **look)
