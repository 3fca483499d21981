"""The way of an optimizer through a plane: a line with its start and end marked."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import NDArray

from seedbed.figures.style import INK

# Of longer paths the single steps cannot be told apart any more.
MOST_DOTS = 500


def draw_path(
    axes: Axes, horizontal: NDArray[Any], vertical: NDArray[Any], name: str = "path"
) -> list[tuple[Artist, str]]:
    """Draw the steps of shape (steps,) each, and return the entries of a legend.

    Steps that are not finite are left out; with no steps left, nothing is drawn.
    """
    there = np.isfinite(horizontal) & np.isfinite(vertical)
    x, y = horizontal[there].astype(float), vertical[there].astype(float)
    if not x.size:
        return []
    dots = "o" if x.size <= MOST_DOTS else ""
    (line,) = axes.plot(x, y, color=INK, linewidth=1.3, marker=dots, markersize=2.5, zorder=4)
    (start,) = axes.plot(x[:1], y[:1], "o", mfc="white", mec=INK, mew=1.5, ms=8, ls="", zorder=5)
    (end,) = axes.plot(x[-1:], y[-1:], "s", mfc=INK, mec="white", mew=0.8, ms=7, ls="", zorder=6)
    return [
        (line, name),
        (start, f"start {_coordinates(x[0], y[0])}"),
        (end, f"{'end' if there[-1] else 'last finite'} {_coordinates(x[-1], y[-1])}"),
    ]


def _coordinates(x: float, y: float) -> str:
    # Without the sign of a zero.
    return f"({x + 0.0:.4g}, {y + 0.0:.4g})"
