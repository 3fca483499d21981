"""Marks of trials in the figures of a search, and the range of their values that is shown."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.style import DARK, DOTS_PER_INCH, INK, MIDDLE, plain_numbers

Numbers = NDArray[np.float64]
COMPLETED, STOPPED, FAILED = "completed", "stopped early", "failed or diverged"
# Told apart by shape as well as by colour.
MARKS: dict[str, dict[str, Any]] = {
    COMPLETED: {"marker": "o", "color": DARK, "markersize": 4.5},
    STOPPED: {"marker": "x", "color": MIDDLE, "markersize": 4.5, "markeredgewidth": 1.1},
    FAILED: {"marker": "v", "color": INK, "markerfacecolor": "white", "markersize": 6},
}
# Of more trials the marks are smaller.
FEW = 200
# Values are shown up to this many ranges of the better nine tenths more, on a linear axis and on a
# logarithmic one.
FARTHEST, FARTHEST_LOG = 1.5, 4.0


def laid_out(
    width: float, height: float, left: float, right: float, bottom: float, top: float
) -> Figure:
    """Return an empty figure with these margins around its axes, all in inches.

    To find the margins that texts need takes as long as to draw a figure.
    """
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH)
    figure.subplots_adjust(
        left / width, bottom / height, 1 - right / width, 1 - top / height, wspace=0.1, hspace=0.3
    )
    return figure


class Range(NamedTuple):
    """Range of the values that an axis shows, whether it is logarithmic, and the worse end of it.

    What is worse than `worst` is drawn there.
    """

    low: float
    high: float
    log: bool
    worst: float


def shown_range(values: Numbers, mode: str) -> Range | None:
    """Return the range that shows most of the values well; None where none is finite.

    It is logarithmic where all values are positive and span more than a factor of 10. Some of the
    worst tenth may lie beyond: one training that blew up would flatten all others.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    log = low > 0 and high > 10 * low
    bulk = np.log(finite) if log else finite
    sign = 1.0 if mode == "min" else -1.0
    best, most = float((sign * bulk).min()), float(np.quantile(sign * bulk, 0.9))
    reach = best + (1 + (FARTHEST_LOG if log else FARTHEST)) * (most - best)
    worst = sign * min(float((sign * bulk).max()), reach if most > best else np.inf)
    end = float(np.exp(worst)) if log else worst
    return Range(low, end, log, end) if mode == "min" else Range(end, high, log, end)


def scale(axes: Axes, shown: Range) -> None:
    """Give the vertical axis a range, with room for what is drawn at its worse end."""
    low, high = shown.low, shown.high
    if shown.log:
        axes.set_yscale("log")
        plain_numbers(axes.yaxis, low, high)
        room = (high / low) ** 0.06
        axes.set_ylim(low / room, high * room)
        return
    room = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    axes.set_ylim(low - room, high + room)


def within(values: Numbers, shown: Range) -> Numbers:
    """Return values with those that are worse than the range, or no numbers, at its worse end."""
    placed: Numbers = np.clip(np.where(np.isfinite(values), values, shown.worst), *shown[:2])
    return placed


def mark_beyond(axes: Axes, x: Numbers, values: Numbers, shown: Range, mode: str) -> Artist | None:
    """Mark at the worse end of the axis the values that lie beyond it; None where none does."""
    beyond = values > shown.high if mode == "min" else values < shown.low
    if not beyond.any():
        return None
    look: dict[str, Any] = {"marker": "^" if mode == "min" else "v", "color": INK, "markersize": 5}
    (line,) = axes.plot(x[beyond], np.full(int(beyond.sum()), shown.worst), linestyle="", **look)
    return line


def kinds(statuses: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Return which trials have each kind that there is, in the order of the legend."""
    named = np.array(statuses, dtype=object)
    masks = {kind: named == kind for kind in MARKS}
    return {kind: mask for kind, mask in masks.items() if mask.any()}


def mark(axes: Axes, x: Numbers, y: Numbers, kind: str, of: int) -> Artist:
    """Draw the trials of a kind; `of` is how many there are of all kinds."""
    look = dict(MARKS[kind])
    if of > FEW:
        look["markersize"] *= 0.7
    (line,) = axes.plot(x, y, linestyle="", **look)
    return line
