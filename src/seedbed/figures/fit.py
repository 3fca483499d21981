"""A model of one input and one target: its curve, the readings, and the fitted values."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.style import DARK, INK, LIGHT, legend_below, new_axes, new_figure

# More readings than these are drawn small, so that the model is seen behind them.
MOST_LARGE = 100


def fit_on_range(
    inputs: NDArray[Any],
    targets: NDArray[Any],
    fitted: NDArray[Any],
    range_inputs: NDArray[Any],
    range_outputs: NDArray[Any],
    input_label: str,
    target_label: str,
    held_out: NDArray[np.bool_] | None = None,
) -> Figure:
    """Draw the model's curve over a range, the readings, and the model's values at the readings.

    `inputs`, `targets` and `fitted` have shape (rows,), `range_inputs` and `range_outputs` shape
    (points,). `held_out` of shape (rows,) is true at the rows that are kept for validation; they
    get a marker of their own.
    """
    held = np.zeros(len(inputs), bool) if held_out is None else held_out.astype(bool)
    figure = new_figure(6.0, 4.6)
    axes = new_axes(figure, input_label, target_label)
    order = np.argsort(range_inputs, kind="stable")
    (curve,) = axes.plot(range_inputs[order], range_outputs[order], color=DARK, linewidth=1.6)
    size = 4.5 if len(inputs) <= MOST_LARGE else 1.5
    (values,) = axes.plot(inputs, fitted, "o", color=DARK, markersize=size)
    few = len(inputs) <= MOST_LARGE
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
