"""Curve of a model of one input and one target, with the data it is fitted to."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.style import DARK, INK, LIGHT, legend_below, new_axes, new_figure

# More readings are drawn small, so that the curve is seen behind them.
MAX_LARGE = 100


def fit_on_range(
    inputs: NDArray[np.number],
    targets: NDArray[np.number],
    fitted: NDArray[np.number],
    range_inputs: NDArray[np.number],
    range_outputs: NDArray[np.number],
    input_label: str,
    target_label: str,
    held_out: NDArray[np.bool_] | None = None,
    title: str = "",
    equation: str = "",
) -> Figure:
    """Draw a model's curve over a range, the data, and the model's values at the data.

    Args:
        inputs: Inputs of the data, (rows,).
        targets: Targets of the data, (rows,).
        fitted: Outputs of the model at `inputs`, (rows,).
        range_inputs: Inputs at which the curve is evaluated, (points,), in any order.
        range_outputs: Outputs of the model at `range_inputs`, (points,).
        input_label: Label of the horizontal axis.
        target_label: Label of the vertical axis.
        held_out: True for rows kept for validation, (rows,), which get their own marker; None
            (default) where there are none.
        title: Title of the axes.
        equation: What the curve is, in the units of the data, written below the title; empty
            (default) where it is not a line.
    """
    held = np.zeros(len(inputs), bool) if held_out is None else held_out.astype(bool)
    figure = new_figure(6.0, 4.6)
    heading = "\n".join(filter(None, (title, equation)))
    axes = new_axes(figure, input_label, target_label, title=heading)
    order = np.argsort(range_inputs, kind="stable")
    (curve,) = axes.plot(range_inputs[order], range_outputs[order], color=DARK, linewidth=1.6)
    few = len(inputs) <= MAX_LARGE
    (values,) = axes.plot(inputs, fitted, "o", color=DARK, markersize=4.5 if few else 1.5)
    look: dict[str, Any] = {"mew": 1.3, "ms": 7} if few else {"mew": 0.6, "ms": 3}
    look |= {"mec": INK, "zorder": 1.5, "ls": ""}
    (trained,) = axes.plot(inputs[~held], targets[~held], marker="o", mfc="none", **look)
    entries = [(trained, "readings"), (values, "model at the readings"), (curve, "model")]
    if held.any():
        (kept,) = axes.plot(inputs[held], targets[held], marker="s", mfc=LIGHT, **look)
        entries[0] = (trained, "readings trained on")
        entries.insert(1, (kept, "readings held out"))
    legend_below(axes, entries, columns=2 if held.any() else 3)
    return figure
