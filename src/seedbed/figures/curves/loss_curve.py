"""Loss by epoch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seedbed.figures.curves.binned import Curve, draw_curves, finite
from seedbed.figures.style import (
    INK,
    legend_below,
    new_axes,
    new_figure,
    plain_numbers,
    write_message,
)

_REFERENCE_LINE: Any = (0, (6, 2, 1, 2, 1, 2))
# A reference this factor below all curves would flatten them.
_FARTHEST_REFERENCE = 1e3


def loss_curve(
    curves: Mapping[str, Curve],
    reference: float | None = None,
    reference_name: str = "",
    value_label: str = "loss",
) -> Figure:
    """Draw one line for each metric over the epochs.

    The vertical axis is logarithmic if all values are positive and span more than a factor of 10.
    With more than 400 epochs, or more than 60 at which a loss turns from falling to rising or back,
    the line goes through the means of bins of epochs, whose ranges are shaded; the legend gives
    their size.

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
    shown = {name: finite(*curve) for name, curve in curves.items()}
    values = np.concatenate([np.empty(0), *(values for _, values in shown.values())])
    log = bool(values.size and values.min() > 0 and values.max() > 10 * values.min())
    if log:
        axes.set_yscale("log")
        plain_numbers(axes.yaxis, values.min(), values.max())
    if not values.size:
        write_message(axes, "no finite values")
    entries = draw_curves(axes, shown, "epoch")
    if reference is not None and np.isfinite(reference):
        drawn = not log or reference * _FARTHEST_REFERENCE >= values.min()
        line = _draw_reference(axes, reference, drawn)
        entries.insert(len(shown), (line, f"{reference_name} ({reference:.4g})"))
    if entries:
        legend_below(axes, entries, columns=2 if len(entries) > len(shown) + 1 else 3)
    return figure


def _draw_reference(axes: Axes, reference: float, shown: bool) -> Artist:
    look: dict[str, Any] = {"color": INK, "linestyle": _REFERENCE_LINE, "linewidth": 1.0}
    if not shown:
        return Line2D([], [], **look)
    return axes.axhline(reference, zorder=1.5, **look)
