"""Value of each trial of a search, and the best so far."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seedbed.figures.search.importances import shortened
from seedbed.figures.search.trials import (
    COMPLETED,
    Numbers,
    kinds,
    laid_out,
    mark,
    mark_beyond,
    scale,
    shown_range,
    within,
)
from seedbed.figures.style import INK, legend_below, new_axes, write_message


def history(
    numbers: Numbers,
    values: Numbers,
    statuses: Sequence[str],
    value_label: str,
    mode: str = "min",
    generations: Sequence[int] = (),
) -> Figure:
    """Draw the value of each trial over its number, and a line of the best so far.

    A trial without a value, or with one far worse than most, lies at the worse end of the axis.

    Args:
        numbers: Numbers of the trials, rising, (trials,).
        values: Their values, (trials,); those that were stopped early have what they had by then,
            NaN where there is none.
        statuses: COMPLETED, STOPPED or FAILED, (trials,); only the first kind can be the best.
        value_label: Label of the vertical axis.
        mode: `min` (default) or `max`, which values are better.
        generations: Number of the first trial of each generation; of two to forty generations the
            bounds are drawn.
    """
    figure = laid_out(7.2, 4.7, left=0.8, right=0.2, bottom=1.2, top=0.4)
    axes = new_axes(
        figure, "trial", shortened(value_label), title="value of each trial, and the best so far"
    )
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    shown = shown_range(values, mode)
    if shown is None:
        write_message(axes, "no trial has a finite value")
        return figure
    scale(axes, shown)
    entries: list[tuple[Artist, str]] = []
    if 2 <= len(generations) <= 40:
        for first in generations[1:]:
            bound = axes.axvline(first - 0.5, color=INK, linewidth=0.6, linestyle=":", alpha=0.6)
        entries.append((bound, "generation"))
    if beyond := mark_beyond(axes, numbers, values, shown, mode):
        entries.append((beyond, "beyond the axis"))
    for kind, mask in reversed(kinds(statuses).items()):
        inside = mask & ~((values > shown.high) | (values < shown.low))
        points = mark(axes, numbers[inside], within(values[inside], shown), kind, len(values))
        entries.insert(0, (points, f"{kind} ({mask.sum():,})"))
    counted = np.array([status == COMPLETED for status in statuses]) & np.isfinite(values)
    if counted.any():
        sign = 1.0 if mode == "min" else -1.0
        best = sign * np.minimum.accumulate(sign * values[counted])
        # To the last trial, whatever became of it.
        x, y = np.append(numbers[counted], numbers[-1]), np.append(best, best[-1])
        (line,) = axes.step(x, y, where="post", color=INK, linewidth=1.5)
        entries.append((line, f"best so far ({best[-1]:.6g})"))
    legend_below(axes, entries, columns=3)
    return figure
