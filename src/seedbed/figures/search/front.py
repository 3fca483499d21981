"""Pareto front of a search of two objectives."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.search.importances import shortened
from seedbed.figures.search.trials import COMPLETED, Numbers
from seedbed.figures.style import (
    DARK,
    INK,
    LIGHT,
    MIDDLE,
    legend_below,
    new_axes,
    new_figure,
    plain_numbers,
    write_message,
)


def front(
    values: Numbers,
    on_front: NDArray[np.bool_],
    statuses: Sequence[str],
    labels: tuple[str, str],
    modes: tuple[str, str] = ("min", "min"),
    feasible: NDArray[np.bool_] | None = None,
) -> Figure:
    """Draw the trials over two objectives, and the front of those that none is better than in both.

    Args:
        values: Values of the two objectives, (trials, 2); trials with a NaN are left out.
        on_front: Which trials are on the front, (trials,).
        statuses: COMPLETED, STOPPED or FAILED, (trials,).
        labels: Names of the objectives.
        modes: `min` or `max` of each, which is better.
        feasible: Which trials keep the constraints, (trials,); None (default): all.
    """
    figure = new_figure(6.4, 4.9)
    labels = shortened(labels[0]), shortened(labels[1])
    words = " and ".join(
        f"{'low' if mode == 'min' else 'high'} {name}"
        for name, mode in zip(labels, modes, strict=True)
    )
    axes = new_axes(figure, *labels, title=f"Pareto front: {words}")
    finite = np.isfinite(values).all(axis=1)
    if not finite.any():
        write_message(axes, "no trial has a value of both")
        return figure
    completed = np.array([status == COMPLETED for status in statuses])
    kept = np.ones(len(values), bool) if feasible is None else feasible
    for axis, column in ((axes.xaxis, values[finite, 0]), (axes.yaxis, values[finite, 1])):
        _scale(axis, column)
    entries = []
    looks: dict[str, tuple[NDArray[np.bool_], dict[str, Any]]] = {
        "stopped early": (~completed, {"marker": "x", "color": MIDDLE, "markersize": 4.5}),
        "breaks a constraint": (
            completed & ~kept,
            {"marker": "s", "color": INK, "markerfacecolor": "white", "markersize": 4.5},
        ),
        "completed": (
            completed & kept & ~on_front,
            {"marker": "o", "color": LIGHT, "markeredgecolor": DARK, "markeredgewidth": 0.4},
        ),
    }
    for name, (mask, look) in looks.items():
        if (mask & finite).any():
            x, y = values[mask & finite].T
            (points,) = axes.plot(x, y, linestyle="", **{"markersize": 4.5, **look})
            entries.append((points, name))
    if (on_front & finite).any():
        ends = values[on_front & finite]
        x, y = ends[np.argsort(ends[:, 0], kind="stable")].T
        # Between two trials of the front nothing better than both was seen.
        where: Literal["post", "pre"] = "post" if modes[0] == "min" else "pre"
        axes.step(x, y, where=where, color=DARK, linewidth=1.2)
        (line,) = axes.plot(x, y, "D", color=DARK, markersize=6, linestyle="-", linewidth=0)
        entries.append((line, f"front ({len(x):,})"))
    legend_below(axes, entries, columns=4)
    return figure


def _scale(axis: Axis, values: Numbers) -> None:
    low, high = float(values.min()), float(values.max())
    if low > 0 and high > 10 * low:
        axis._set_axes_scale("log")  # type: ignore[attr-defined]
        plain_numbers(axis, low, high)
