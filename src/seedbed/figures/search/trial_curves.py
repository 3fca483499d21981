"""Curves of the trials of a search, and the epochs at which a rule stopped some of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from seedbed.figures.search.importances import shortened
from seedbed.figures.search.trials import (
    COMPLETED,
    FAILED,
    STOPPED,
    Numbers,
    kinds,
    laid_out,
    mark,
    mark_beyond,
    scale,
    shown_range,
    within,
)
from seedbed.figures.style import (
    DARK,
    INK,
    LIGHT,
    MIDDLE,
    legend_below,
    new_axes,
    write_message,
)

Curve = tuple[NDArray[np.number], Numbers]
_LINES = {COMPLETED: (LIGHT, "-"), STOPPED: (MIDDLE, "-"), FAILED: (INK, ":")}
# More epochs with rungs are not drawn: of rules that ask after every epoch.
MOST_RUNGS = 12


def trial_curves(
    curves: Sequence[Curve],
    statuses: Sequence[str],
    value_label: str,
    mode: str = "min",
    rungs: Mapping[int, int] | None = None,
    best: int | None = None,
) -> Figure:
    """Draw the curve of each trial, with a mark where it was stopped, and the rungs.

    Args:
        curves: Epochs, rising, and values, of shape (k,) each, of each trial; there may be none.
        statuses: COMPLETED, STOPPED or FAILED, (trials,).
        value_label: Label of the vertical axis.
        mode: `min` (default) or `max`, which values are better.
        rungs: How many trials were stopped after each epoch; of more than twelve such epochs no
            lines are drawn. None (default): none.
        best: Place of the best trial among the curves, drawn thick; None (default): none.
    """
    figure = laid_out(7.2, 4.7, left=0.8, right=0.2, bottom=1.2, top=0.4)
    axes = new_axes(figure, "epoch", shortened(value_label), title="curves of the trials")
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    ends = [values[-1] for _, values in curves if len(values)]
    known = np.concatenate([np.empty(0), *(values for _, values in curves)])
    shown = shown_range(known, mode)  # Of all epochs: how curves begin is seen, too.
    if shown is None or not ends:
        write_message(axes, "no trial has a finite value")
        return figure
    scale(axes, shown)
    last = max(int(epochs[-1]) for epochs, _ in curves if len(epochs))
    axes.set_xlim(0.5 if last < 20 else 0, last + max(0.5, 0.02 * last))
    entries: list[tuple[Artist, str]] = []
    thin = 0.9 if len(curves) <= 60 else 0.5
    last_epochs = np.array([epochs[-1] for epochs, _ in curves if len(epochs)], float)
    if beyond := mark_beyond(axes, last_epochs, np.array(ends), shown, mode):
        entries.append((beyond, "ends beyond the axis"))
    for kind, mask in kinds(statuses).items():
        chosen = [curves[place] for place in np.flatnonzero(mask).tolist() if len(curves[place][0])]
        color, style = _LINES[kind]
        lines = [np.column_stack([epochs, within(values, shown)]) for epochs, values in chosen]
        look: dict[str, Any] = {"colors": color, "linestyles": style, "linewidths": thin}
        axes.add_collection(LineCollection(lines, alpha=0.75, **look))
        entries.append((_sample(kind, color, style), f"{kind} ({int(mask.sum()):,})"))
        if kind != COMPLETED and chosen:
            x, y = (np.array([curve[at][-1] for curve in chosen], float) for at in (0, 1))
            inside = ~((y > shown.high) | (y < shown.low))
            mark(axes, x[inside], within(y[inside], shown), kind, len(curves))
    if best is not None and len(curves[best][0]):
        epochs, values = curves[best]
        (line,) = axes.plot(epochs, within(values, shown), color=DARK, linewidth=2.0, zorder=3)
        entries.append((line, "best trial"))
    if rungs and len(rungs) <= MOST_RUNGS:
        for epoch in rungs:
            rung = axes.axvline(epoch, color=INK, linewidth=0.9, linestyle="--", zorder=1.5)
        entries.append((rung, _rungs_text(rungs)))
    legend_below(axes, entries, columns=3)
    return figure


def _sample(kind: str, color: str, style: str) -> Line2D:
    marker = {STOPPED: "x", FAILED: "v"}.get(kind, "")
    look: dict[str, Any] = {"color": color, "linestyle": style}
    return Line2D([], [], **look, marker=marker, markersize=5, mfc="white")


def _rungs_text(rungs: Mapping[int, int]) -> str:
    """Return the epochs of the rungs, and how many trials were stopped there."""
    if len(rungs) > 3:
        return f"rungs: {len(rungs)} epochs"
    counts = ", ".join(f"{epoch} ({count:,})" for epoch, count in sorted(rungs.items()))
    return f"rung, stopped there: {counts}"
