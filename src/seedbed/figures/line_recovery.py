"""Three panels on how a line is recovered from noisy points: parameters, loss and data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.loss_landscape import draw_loss_landscape
from seedbed.figures.style import (
    DARK,
    INK,
    MIDDLE,
    legend_below,
    new_axes,
    new_figure,
    plain_numbers,
    write_message,
)

# Lines of the model that are drawn, the first and the last included.
MAX_LINES = 5
_SHADES = LinearSegmentedColormap.from_list("lines", ["#c3d9ec", DARK])


def line_recovery(
    x: NDArray[np.number],
    y: NDArray[np.number],
    loss: NDArray[np.number],
    path: NDArray[np.number],
    true: NDArray[np.number],
    losses: NDArray[np.number],
    inputs: NDArray[np.number],
    targets: NDArray[np.number],
    parameter_labels: Sequence[str] = ("weight", "bias"),
    data_labels: Sequence[str] = ("x", "y"),
    step_name: str = "step",
    reference_name: str = "true line",
    steps: NDArray[np.integer] | None = None,
    path_name: str = "path",
    rows_label: str = "",
) -> Figure:
    """Draw the loss over weight and bias, the loss by step, and the line among the data.

    Args:
        x: Weights of the grid, (n,), rising.
        y: Biases of the grid, (m,), rising.
        loss: Loss on the grid, (m, n).
        path: Weight and bias of the model at the start and after the steps, (points, 2).
        true: Weight and bias of the line to be recovered, (2,).
        losses: Loss at the points of the path, (points,).
        inputs: Inputs of the data, (rows,).
        targets: Targets of the data, (rows,).
        parameter_labels: Axis labels of the first panel.
        data_labels: Axis labels of the third panel.
        step_name: What a step is called, such as "epoch".
        reference_name: What the line to be recovered is called.
        steps: Step of each point of the path, (points,), rising from 0; None (default): 0, 1, 2...
        path_name: Name of the path in the legend.
        rows_label: Which rows loss and data are of, such as "training rows".
    """
    of, among = (f" of the {rows_label}", rows_label) if rows_label else ("", "data")
    numbers = np.arange(len(path)) if steps is None else steps
    figure = new_figure(14.0, 4.8)
    landscape = new_axes(
        figure, *parameter_labels, title=f"loss{of} over the parameters", place=(1, 3, 1)
    )
    draw_loss_landscape(landscape, x, y, loss, path, true, reference_name, path_name=path_name)
    by_step = new_axes(figure, step_name, "loss", title=f"loss{of} by {step_name}", place=(1, 3, 2))
    _draw_losses(by_step, numbers, losses)
    lines = new_axes(figure, *data_labels, title=f"the line in the {among}", place=(1, 3, 3))
    (rows,) = lines.plot(inputs, targets, "o", mfc="none", mec=INK, mew=0.8, ms=4, alpha=0.55)
    ends = np.array([inputs.min(), inputs.max()], dtype=float)
    entries = [(rows, "data"), *_draw_lines(lines, path, numbers, ends, step_name)]
    (dashed,) = lines.plot(ends, true[0] * ends + true[1], color=MIDDLE, ls=(0, (4, 3)), lw=2.0)
    lines.set_ylim(*_limits(lines, targets))
    legend_below(lines, [*entries, (dashed, reference_name)], columns=3)
    return figure


def _draw_losses(axes: Axes, steps: NDArray[np.integer], losses: NDArray[np.number]) -> None:
    """Draw the positive losses over steps on log axes, the horizontal one linear up to step 1."""
    shown = np.isfinite(losses) & (losses > 0)
    if not shown.any():
        write_message(axes, "no loss above 0")
        return
    axes.set_xscale("symlog", linthresh=1, linscale=0.4)
    axes.set_yscale("log")
    marker = "o" if shown.sum() == 1 else ""
    axes.plot(steps[shown], losses[shown], color=DARK, linewidth=1.0, marker=marker)
    axes.set_xlim(left=0)
    plain_numbers(axes.xaxis, 1, int(steps[-1]) + 1)
    plain_numbers(axes.yaxis, losses[shown].min(), losses[shown].max())


def _draw_lines(
    axes: Axes,
    path: NDArray[np.number],
    steps: NDArray[np.integer],
    ends: NDArray[np.float64],
    step_name: str,
) -> list[tuple[Artist, str]]:
    """Draw the model's lines at a few steps, from pale and thin to dark and thick."""
    entries: list[tuple[Artist, str]] = []
    points = _chosen_points(path)
    # From 0 to 1; a single line is the last one.
    shades = np.linspace(1, 0, len(points))[::-1]
    for point, shade in zip(points, shades, strict=True):
        look: dict[str, Any] = {"color": _SHADES(shade), "linewidth": 1.2 + 1.2 * shade}
        (line,) = axes.plot(ends, path[point, 0] * ends + path[point, 1], **look)
        entries.append((line, f"{step_name} {int(steps[point]):,}"))
    return entries


def _chosen_points(path: NDArray[np.number]) -> list[int]:
    """Return a few finite points, closer to each other at first, where the line moves most."""
    finite = np.flatnonzero(np.isfinite(path).all(axis=1))
    if not finite.size:
        return []
    places = np.geomspace(1, finite.size, MAX_LINES).round().astype(int) - 1
    return [int(point) for point in finite[np.unique(places)]]


def _limits(axes: Axes, targets: NDArray[np.number]) -> tuple[float, float]:
    """Return limits that show all lines, but none farther off the data than the data are high."""
    low, high = float(targets.min()), float(targets.max())
    height = high - low or 1.0
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines])
    near = values.clip(low - height, high + height)
    return float(near.min()) - 0.05 * height, float(near.max()) + 0.05 * height
