"""Function of one variable, with the path of an optimizer to its minimum."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.optimizer_path import draw_path
from seedbed.figures.style import LIGHT, legend_below, new_axes, new_figure


def minimization_path(
    x: NDArray[np.number],
    values: NDArray[np.number],
    path: NDArray[np.number],
    path_values: NDArray[np.number],
    labels: Sequence[str] = ("x", "f(x)"),
    path_name: str = "path",
) -> Figure:
    """Draw the curve of a function of one variable and the steps of an optimizer on it.

    Args:
        x: Points at which the function is evaluated, (n,), in any order.
        values: Values of the function at `x`, (n,).
        path: The variable at the start and after the steps, (points,).
        path_values: Values of the function along the path, (points,).
        labels: Labels of the two axes.
        path_name: Name of the path in the legend.
    """
    figure = new_figure(6.4, 4.6)
    axes = new_axes(figure, *labels)
    order = np.argsort(x, kind="stable")
    (curve,) = axes.plot(x[order], values[order], color=LIGHT, linewidth=4.0)
    entries = draw_path(axes, path, path_values, path_name)
    legend_below(axes, [(curve, labels[1]), *entries], columns=2)
    return figure
