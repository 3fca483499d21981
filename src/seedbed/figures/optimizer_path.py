"""Path of an optimizer in a plane."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import NDArray

from seedbed.figures.style import INK

# The steps of longer paths cannot be told apart.
MAX_DOTS = 500


def draw_path(
    axes: Axes, horizontal: NDArray[np.number], vertical: NDArray[np.number], name: str = "path"
) -> list[tuple[Artist, str]]:
    """Draw a path as a line with its start and end marked.

    Args:
        axes: Axes to draw on.
        horizontal: Horizontal coordinates at the start and after the steps, (points,).
        vertical: Vertical coordinates, (points,).
        name: Name of the line in the legend.

    Returns:
        Legend entries, an artist and a name each. Points that are not finite are left out; where
        none is left, nothing is drawn and the list is empty.
    """
    finite = np.isfinite(horizontal) & np.isfinite(vertical)
    x, y = horizontal[finite].astype(float), vertical[finite].astype(float)
    if not x.size:
        return []
    dots = "o" if x.size <= MAX_DOTS else ""
    (line,) = axes.plot(x, y, color=INK, linewidth=1.3, marker=dots, markersize=2.5, zorder=4)
    (start,) = axes.plot(x[:1], y[:1], "o", mfc="white", mec=INK, mew=1.5, ms=8, ls="", zorder=5)
    (end,) = axes.plot(x[-1:], y[-1:], "s", mfc=INK, mec="white", mew=0.8, ms=7, ls="", zorder=6)
    return [
        (line, name),
        (start, f"start {_coordinates(x[0], y[0])}"),
        (end, f"{'end' if finite[-1] else 'last finite'} {_coordinates(x[-1], y[-1])}"),
    ]


def _coordinates(x: float, y: float) -> str:
    # Without the sign of a zero.
    return f"({x + 0.0:.4g}, {y + 0.0:.4g})"
