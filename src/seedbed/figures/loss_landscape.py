"""Contours of a loss over two parameters, with the path of an optimizer."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from seedbed.figures.contour_levels import contour_levels
from seedbed.figures.optimizer_path import draw_path
from seedbed.figures.style import (
    INK,
    LABEL_SIZE,
    LITERAL,
    SMALL_SIZE,
    legend_below,
    new_axes,
    new_figure,
    plain_number,
)

# Low is light, high is darker, and nothing is so dark that the path would be lost on it.
_SHADES = LinearSegmentedColormap.from_list("landscape", ["#fbfdff", "#b5d3ec", "#5f97c8"])


def loss_landscape(
    x: NDArray[np.number],
    y: NDArray[np.number],
    loss: NDArray[np.number],
    path: NDArray[np.number],
    reference: NDArray[np.number] | None = None,
    reference_name: str = "",
    labels: Sequence[str] = ("x", "y"),
    log: bool = True,
    value_label: str = "loss",
    path_name: str = "path",
    title: str = "",
) -> Figure:
    """Draw filled contours of a loss or function, an optimizer's path, and a reference point.

    Args:
        x: First parameter on the grid, (n,), rising; it spans the axis.
        y: Second parameter on the grid, (m,), rising; it spans the axis.
        loss: Loss on the grid, (m, n); where it is not finite, the ground stays white.
        path: Parameters at the start and after the steps, (points, 2).
        reference: Parameters to compare with, (2,): the true ones or those of least squares; None
            (default) for none.
        reference_name: Name of the reference in the legend.
        labels: Labels of the two axes.
        log: Whether contour levels are spaced logarithmically.
        value_label: Label of the colour bar.
        path_name: Name of the path in the legend.
        title: Title of the axes.
    """
    figure = new_figure(6.4, 5.2)
    axes = new_axes(figure, *labels, title=title)
    named = {"value_label": value_label, "path_name": path_name}
    draw_loss_landscape(axes, x, y, loss, path, reference, reference_name, log=log, **named)
    return figure


def draw_loss_landscape(
    axes: Axes,
    x: NDArray[np.number],
    y: NDArray[np.number],
    loss: NDArray[np.number],
    path: NDArray[np.number],
    reference: NDArray[np.number] | None = None,
    reference_name: str = "",
    *,
    log: bool = True,
    value_label: str = "loss",
    path_name: str = "path",
) -> None:
    """Draw a loss landscape with its colour bar and legend on given axes."""
    _draw_contours(axes, x, y, loss, log, value_label)
    entries = draw_path(axes, path[:, 0], path[:, 1], path_name)
    if reference is not None:
        # A cross shows behind the end of a path that has reached it.
        (cross,) = axes.plot(*reference[:, None], "+", color=INK, ms=17, mew=1.8, zorder=5)
        entries.append((cross, reference_name))
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlim(float(x.min()), float(x.max()))
    axes.set_ylim(float(y.min()), float(y.max()))
    if entries:
        legend_below(axes, entries, columns=2 if len(entries) > 3 else 3)


def _draw_contours(
    axes: Axes,
    x: NDArray[np.number],
    y: NDArray[np.number],
    values: NDArray[np.number],
    log: bool,
    value_label: str,
) -> None:
    if not np.isfinite(values).any():
        return
    levels = contour_levels(values, log)
    shown = np.ma.masked_invalid(values).clip(levels[0], levels[-1])
    # The bands differ by equal steps of shade, whether the levels grow by sums or by factors.
    norm = BoundaryNorm(levels, _SHADES.N)
    bands = axes.contourf(x, y, shown, levels=levels, cmap=_SHADES, norm=norm)
    # Older versions of matplotlib warn of levels that do not occur.
    inner = levels[(levels > shown.min()) & (levels < shown.max())]
    if inner.size:
        axes.contour(x, y, shown, levels=inner, colors=INK, linewidths=0.35, alpha=0.6)
    figure = axes.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(bands, ax=axes, ticks=levels, format=FuncFormatter(plain_number))
    bar.set_label(value_label, fontsize=LABEL_SIZE, color=INK, **LITERAL)
    bar.ax.tick_params(labelsize=SMALL_SIZE, color=INK, labelcolor=INK)
    bar.outline.set_visible(False)
