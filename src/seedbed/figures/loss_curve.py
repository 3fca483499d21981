"""Metrics by epoch."""

from collections.abc import Mapping
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
    legend_below,
    new_axes,
    new_figure,
    plain_numbers,
    say,
)

# Repeating after 4 and after 3, they come together again only at the 13th line.
_LINES: list[Any] = ["-", "--", "-.", (0, (1, 1))]
_LOOKS = [(DARK, "o", DARK), (MIDDLE, "s", "white"), (LIGHT, "^", INK)]
_REFERENCE_LINE: Any = (0, (6, 2, 1, 2, 1, 2))
_MARKERS_A_LINE = 12
# A reference farther below all curves than this factor would flatten them if it were shown.
_FARTHEST_REFERENCE = 1e3

Curve = tuple[NDArray[Any], NDArray[Any]]


def loss_curve(
    curves: Mapping[str, Curve],
    reference: float | None = None,
    reference_name: str = "",
    value_label: str = "loss",
) -> Figure:
    """Draw one line a metric, given as epochs and values of shape (k,) each.

    The values are shown in logarithms if they all are positive and span more than a factor of 10.
    Values that are not finite are left out. `reference` is a value to compare with, such as the
    loss of least squares: a horizontal line, if it is near enough to be shown.
    """
    figure = new_figure(6.4, 4.6)
    axes = new_axes(figure, "epoch", value_label)
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    finite = {name: _finite(*curve) for name, curve in curves.items()}
    values = np.concatenate([np.empty(0), *(each for _, each in finite.values())])
    log = bool(values.size and values.min() > 0 and values.max() > 10 * values.min())
    if log:
        axes.set_yscale("log")
        plain_numbers(axes.yaxis, values.min(), values.max())
    if not values.size:
        say(axes, "no finite values")
    entries = [
        (_draw_curve(axes, number, *curve), name)
        for number, (name, curve) in enumerate(finite.items())
    ]
    if reference is not None and np.isfinite(reference):
        shown = not log or reference * _FARTHEST_REFERENCE >= values.min()
        line = _draw_reference(axes, reference, shown)
        entries.append((line, f"{reference_name} ({reference:.6g})"))
    if entries:
        legend_below(axes, entries, columns=3)
    return figure


def _finite(epochs: NDArray[Any], values: NDArray[Any]) -> Curve:
    there = np.isfinite(values)
    return epochs[there], values[there].astype(float)


def _draw_curve(axes: Axes, number: int, epochs: NDArray[Any], values: NDArray[Any]) -> Artist:
    color, marker, edge = _LOOKS[number % len(_LOOKS)]
    look: dict[str, Any] = {"color": color, "linestyle": _LINES[number % len(_LINES)]}
    look |= {"marker": marker, "markersize": 5, "markeredgecolor": edge}
    # Markers tell the lines apart; the last epoch always has one.
    between = max(1, len(values) // _MARKERS_A_LINE)
    marked = list(range(len(values) - 1, -1, -between))
    (line,) = axes.plot(epochs, values, linewidth=1.6, markevery=marked, **look)
    return line


def _draw_reference(axes: Axes, reference: float, shown: bool) -> Artist:
    look: dict[str, Any] = {"color": INK, "linestyle": _REFERENCE_LINE, "linewidth": 1.0}
    if not shown:
        return Line2D([], [], **look)
    return axes.axhline(reference, zorder=1.5, **look)
