"""Value of the trials of a search over each of its keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from seedbed.figures.search.importances import shortened
from seedbed.figures.search.trials import (
    COMPLETED,
    FAILED,
    MARKS,
    STOPPED,
    Numbers,
    Range,
    kinds,
    laid_out,
    scale,
    shown_range,
    within,
)
from seedbed.figures.style import (
    DARK,
    INK,
    LABEL_SIZE,
    LIGHT,
    SMALL_SIZE,
    TITLE_SIZE,
    legend_below_all,
    new_axes,
    plain_numbers,
    write_message,
)

# More keys, and more values of a category, are left out.
MOST, MOST_WORDS = 9, 8
COLUMNS = 3
# Width over which the trials of a word are spread, so that equal ones are seen.
SPREAD = 0.5


@dataclass(frozen=True)
class Slice:
    """Key of a search and its values: numbers, or words.

    Attributes:
        name: the key.
        values: its value in each trial, (trials,), NaN in those that do not have it; of words the
            places among `words`.
        log: whether the axis is logarithmic.
        words: the words, in their order; none: the values are numbers.
    """

    name: str
    values: Numbers
    log: bool = False
    words: Sequence[str] = ()


def slices(
    keys: Sequence[Slice],
    values: Numbers,
    statuses: Sequence[str],
    value_label: str,
    mode: str = "min",
) -> Figure:
    """Draw a panel for each key: the value of each trial over the key's, later trials darker.

    Trials that failed, and those far worse than most, lie at the worse end of the axis.

    Args:
        keys: The keys, at most nine of which are drawn, the first ones.
        values: Value of each trial, (trials,).
        statuses: COMPLETED, STOPPED or FAILED, (trials,).
        value_label: Label of the vertical axes.
        mode: `min` (default) or `max`, which values are better.
    """
    value_label = shortened(value_label)
    drawn = list(keys)[:MOST]
    columns = 2 if len(drawn) == 4 else min(COLUMNS, max(1, len(drawn)))
    rows = max(1, ceil(len(drawn) / columns))
    height = 1.2 + 2.8 * rows
    figure = laid_out(1.6 + 3.2 * columns, height, left=0.8, right=0.8, bottom=0.9, top=0.5)
    title = f"{value_label} over each key"
    more = f", the {MOST} most important of {len(keys)}" if len(keys) > MOST else ""
    look: dict[str, Any] = {"fontsize": TITLE_SIZE, "color": INK, "parse_math": False}
    figure.suptitle(title + more, y=1 - 0.15 / height, va="top", **look)
    shown = shown_range(values, mode)
    if shown is None or not drawn:
        axes = new_axes(figure, "", value_label)
        write_message(axes, "no trial has a finite value" if drawn else "no key has several values")
        return figure
    colours = LinearSegmentedColormap.from_list("trials", ["#d3e6f5", LIGHT, "#3f7fba", DARK])
    norm = Normalize(0, max(1, len(values) - 1))
    for place, key in enumerate(drawn):
        label = value_label if place % columns == 0 else ""
        axes = new_axes(figure, shortened(key.name), label, place=(rows, columns, place + 1))
        scale(axes, shown)
        axes.minorticks_off()
        if place % columns:
            axes.tick_params(labelleft=False, which="both")
        _draw(axes, key, values, shown, statuses, colours, norm)
    width = 1.6 + 3.2 * columns
    place_of_bar = (1 - 0.68 / width, 0.9 / height, 0.14 / width, 1 - 1.4 / height)
    bar = figure.colorbar(ScalarMappable(norm, colours), cax=figure.add_axes(place_of_bar))
    bar.set_label("trial", fontsize=LABEL_SIZE, color=INK)
    bar.ax.tick_params(labelsize=SMALL_SIZE, colors=INK)
    bar.ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    bar.outline.set_visible(False)
    entries = [(Line2D([], [], linestyle="", **_sample(kind)), kind) for kind in kinds(statuses)]
    if len(entries) > 1:
        legend_below_all(figure, entries)
    return figure


def _sample(kind: str) -> dict[str, Any]:
    """Return the mark of a kind in the legend."""
    edge = {"markeredgecolor": INK, "markeredgewidth": 0.5} if kind == COMPLETED else {}
    return {**MARKS[kind], **edge}


def _draw(
    axes: Axes,
    key: Slice,
    values: Numbers,
    shown: Range,
    statuses: Sequence[str],
    colours: LinearSegmentedColormap,
    norm: Normalize,
) -> None:
    x = key.values
    if key.words:
        x = x + SPREAD * _spread(len(x))
        _name_words(axes, key.words)
    elif key.log:
        axes.set_xscale("log")
        finite = x[np.isfinite(x)]
        low, high = float(finite.min()), float(finite.max())
        plain_numbers(axes.xaxis, low, high)
        if high >= 300 * low or low < 1e-3:
            axes.xaxis.set_major_locator(_decades(low, high))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    y = within(values, shown)
    small = len(values) > 200
    for kind, mask in reversed(kinds(statuses).items()):
        at = mask & np.isfinite(x)
        look: dict[str, Any] = {COMPLETED: {"marker": "o", "s": 12 if small else 22}}.get(kind, {})
        if kind == COMPLETED:
            look |= {"linewidths": 0.3, "edgecolors": INK}
        else:
            look = {STOPPED: {"marker": "x", "s": 10 if small else 16, "linewidths": 0.9}}.get(
                kind, {"marker": "v", "s": 24, "edgecolors": INK, "linewidths": 0.8}
            )
        tint: Any = "white" if kind == FAILED else colours(norm(np.flatnonzero(at)))
        tint = MARKS[kind]["color"] if kind == STOPPED else tint
        points: PathCollection = axes.scatter(x[at], y[at], c=tint, **look)
        points.set_clip_on(False)


def _decades(low: float, high: float) -> Any:
    """Return a locator of at most four powers of ten between two numbers."""
    from matplotlib.ticker import FixedLocator

    first, last = ceil(np.log10(low) - 1e-9), int(np.floor(np.log10(high) + 1e-9))
    step = max(1, ceil((last - first + 1) / 4))
    return FixedLocator([10.0**power for power in range(first, last + 1, step)])


def _spread(count: int) -> NDArray[np.float64]:
    """Return numbers from -0.5 to 0.5 that fill the range evenly: multiples of the golden ratio."""
    return np.arange(count, dtype=np.float64) * 0.6180339887498949 % 1.0 - 0.5


def _name_words(axes: Axes, words: Sequence[str]) -> None:
    axes.set_xlim(-0.6, len(words) - 0.4)
    longest = max(6, 28 // max(1, min(len(words), MOST_WORDS)))
    names = [shortened(word, longest) for word in words]
    step = ceil(len(words) / MOST_WORDS)
    axes.set_xticks(range(0, len(words), step), names[::step])
    if sum(map(len, names[::step])) > 24:
        axes.tick_params(axis="x", labelrotation=30)
    for label in axes.get_xticklabels():
        label.set_parse_math(False)
