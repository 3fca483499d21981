"""A function of one or two variables, and the path of an optimizer to its minimum."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.loss_landscape import loss_landscape
from seedbed.figures.optimizer_path import draw_path
from seedbed.figures.style import LIGHT, legend_below, new_axes, new_figure


def minimization_path_1d(
    x: NDArray[Any],
    values: NDArray[Any],
    path: NDArray[Any],
    path_values: NDArray[Any],
    labels: Sequence[str] = ("x", "f(x)"),
) -> Figure:
    """Draw the function's curve and the steps on it.

    `x` and `values` have shape (n,), `path` and `path_values` shape (steps,).
    """
    figure = new_figure(6.4, 4.6)
    axes = new_axes(figure, *labels)
    order = np.argsort(x, kind="stable")
    (curve,) = axes.plot(x[order], values[order], color=LIGHT, linewidth=4.0)
    legend_below(axes, [(curve, labels[1]), *draw_path(axes, path, path_values)], columns=2)
    return figure


def minimization_path_2d(
    first: NDArray[Any],
    second: NDArray[Any],
    values: NDArray[Any],
    path: NDArray[Any],
    labels: Sequence[str] = ("x", "y"),
    value_label: str = "f(x, y)",
    log: bool = False,
) -> Figure:
    """Draw contours of the function and the steps across them.

    `values` of shape (m, n) belongs to the grid of `second` (m,) and `first` (n,); `path` has shape
    (steps, 2). With `log` the levels grow by factors.
    """
    return loss_landscape(first, second, values, path, None, "", labels, log, value_label)
