"""Lines of numbers by epoch or step; of many, or of those that go up and down, means and ranges."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from seedbed.figures.style import DARK, INK, LIGHT, MIDDLE

# The 4 line styles and 3 markers give 12 different lines.
_LINES: list[Any] = ["-", "--", "-.", (0, (1, 1))]
_LOOKS = [(DARK, "o", DARK), (MIDDLE, "s", "white"), (LIGHT, "^", INK)]
MAX_LINES = len(_LINES) * len(_LOOKS)
_MARKERS = 12
# Of more points a curve is drawn as means and ranges of so many bins.
MAX_POINTS = 400
_BINS = 200
# A curve that changes its direction more often would be a solid block at the width of the axes.
MAX_TURNS = 60
_BINS_OF_TURNS = 100
# Of more such curves no ranges are drawn, and fewer means.
MAX_BANDS, _BINS_OF_CROWD = 4, 40

Curve = tuple[NDArray[np.number], NDArray[np.number]]


def finite(points: NDArray[np.number], values: NDArray[np.number]) -> Curve:
    """Return a curve without the points whose values are not finite, as float64."""
    kept = np.isfinite(values)
    return points[kept], values[kept].astype(float)


def bin_size(curves: Sequence[Curve]) -> int:
    """Return how many epochs or steps a point of the lines stands for; 1: each is drawn.

    Where most points of a curve go up after one that went down, the size is even, so that the means
    do not go up and down with the share of either in a bin.

    Args:
        curves: Epochs or steps (k,), rising from 1, and finite values (k,).
    """
    last = max((int(points[-1]) for points, _ in curves if len(points)), default=1)
    if any(len(values) > MAX_POINTS for _, values in curves):
        size = ceil(last / (_BINS_OF_CROWD if is_crowd(curves) else _BINS))
    elif any(_turns(values) > MAX_TURNS for _, values in curves):
        size = max(2, ceil(last / (_BINS_OF_CROWD if is_crowd(curves) else _BINS_OF_TURNS)))
    else:
        return 1
    alternates = any(2 * _turns(values) > len(values) > 2 for _, values in curves)
    return size + size % 2 if alternates else size


def is_crowd(curves: Sequence[Curve]) -> bool:
    """Tell whether so many curves go up and down that their ranges would hide each other."""
    return sum(_turns(values) > MAX_TURNS for _, values in curves) > MAX_BANDS


def _turns(values: NDArray[np.number]) -> int:
    """Return how often values that rose fall, or the other way round."""
    ways = np.sign(np.diff(values))
    ways = ways[ways != 0]
    return int((ways[1:] != ways[:-1]).sum())


def draw_curves(axes: Axes, curves: Mapping[str, Curve], unit: str) -> list[tuple[Artist, str]]:
    """Draw a line for each curve, up to 12 that differ without their colours.

    Args:
        axes: Axes to draw on; the horizontal one gets whole numbers.
        curves: Epochs or steps (k,), rising from 1, and finite values (k,), by name.
        unit: What a point is, "epoch" or "step".

    Returns:
        Entries of the legend, an artist and a name each. Where the lines are means of bins, the
        last one says so, and what is shaded.
    """
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    size, bands = bin_size([*curves.values()]), not is_crowd([*curves.values()])
    entries: list[tuple[Artist, str]] = [
        (_draw_curve(axes, number, size, bands, *curve), name)
        for number, (name, curve) in enumerate(curves.items())
    ]
    if size > 1 and bands:
        shade = Patch(facecolor=INK, alpha=0.25, linewidth=0)
        entries.append((shade, f"range of every {size} {unit}s, line: mean"))
    elif size > 1:
        entries.append((Line2D([], [], color=INK), f"mean of every {size} {unit}s"))
    return entries


def _draw_curve(
    axes: Axes,
    number: int,
    size: int,
    bands: bool,
    points: NDArray[np.number],
    values: NDArray[np.number],
) -> Artist:
    color, marker, edge = _LOOKS[number % len(_LOOKS)]
    look: dict[str, Any] = {"color": color, "linestyle": _LINES[number % len(_LINES)]}
    look |= {"marker": marker, "markersize": 5, "markeredgecolor": edge}
    if size > 1 and values.size:
        points, values, low, high = _binned(size, points, values)
        if bands:
            axes.fill_between(points[1:-1], low, high, color=color, alpha=0.25, linewidth=0)
    # Markers tell the lines apart; the last point always has one.
    between = max(1, len(values) // _MARKERS)
    marked = list(range(len(values) - 1, -1, -between))
    (line,) = axes.plot(points, values, linewidth=1.6, markevery=marked, **look)
    return line


def _binned(
    size: int, points: NDArray[np.number], values: NDArray[np.number]
) -> tuple[NDArray[np.number], NDArray[np.number], NDArray[np.number], NDArray[np.number]]:
    """Return the line through the means of bins, (bins + 2,), and their ranges, (bins,).

    The line starts at the first and ends at the last value itself.
    """
    starts = np.flatnonzero(np.diff((points - 1) // size, prepend=-1))
    sizes = np.diff(starts, append=len(values))
    # Divided first: the sum of losses that diverge might overflow.
    centres, means = (
        np.add.reduceat(column / np.repeat(sizes, sizes), starts) for column in (points, values)
    )
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    x = np.concatenate((points[:1], centres, points[-1:]))
    return x, np.concatenate((values[:1], means, values[-1:])), low, high
