"""Decision boundary of a binary classifier of two inputs.

It may be drawn after every epoch, hence few artists and no shading.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from seedbed.figures.style import DARK, INK, MIDDLE, legend_below, new_axes, new_figure

# Probability, line style and line width: the boundary itself is the heaviest.
CONTOURS: list[tuple[float, Any, float]] = [
    (0.3, (0, (1, 1.5)), 1.2),
    (0.4, (0, (5, 2)), 1.2),
    (0.5, "-", 1.8),
]
# Marker and colour of class 0 and class 1.
_MARKERS = [("o", DARK), ("^", MIDDLE)]


def decision_boundary(
    points: NDArray[np.number],
    classes: NDArray[np.number],
    predicted: NDArray[np.number],
    x: NDArray[np.number],
    y: NDArray[np.number],
    probability: NDArray[np.number],
    labels: Sequence[str],
    class_names: Sequence[str],
    title: str = "",
) -> Figure:
    """Draw points of two classes and contours of the predicted probability of class 1.

    Misclassified points are filled, all others hollow.

    Args:
        points: Coordinates, (rows, 2).
        classes: True classes, 0 or 1, (rows,).
        predicted: Predicted classes, 0 or 1, (rows,).
        x: First coordinates of the grid, (n,), rising; they span the axis.
        y: Second coordinates of the grid, (m,), rising; they span the axis.
        probability: Probability of class 1 on the grid, (m, n); NaN is left blank.
        labels: Labels of the two axes.
        class_names: Names of class 0 and class 1.
        title: Title of the axes.
    """
    figure = new_figure(6.0, 5.2)
    axes = new_axes(figure, *labels, title=title)
    # Few marks: laying out each of them takes a millisecond.
    axes.locator_params(nbins=6, steps=[1, 2, 5, 10])
    entries: list[tuple[Artist, str]] = []
    for number, name in enumerate(class_names):
        of_class = classes == number
        hollow, filled = _draw_class(
            axes, points, of_class & (predicted == number), of_class & (predicted != number), number
        )
        entries += [(hollow, name), (filled, f"{name}, wrongly classified")]
    entries += _draw_contours(axes, x, y, probability, class_names[1])
    axes.set_xlim(float(x.min()), float(x.max()))
    axes.set_ylim(float(y.min()), float(y.max()))
    # Columns are filled one after the other: one of points is hollow, one filled.
    legend_below(axes, entries, columns=2)
    return figure


def _draw_class(
    axes: Axes,
    points: NDArray[np.number],
    right: NDArray[np.bool_],
    wrong: NDArray[np.bool_],
    number: int,
) -> tuple[Line2D, Line2D]:
    marker, color = _MARKERS[number]
    look: dict[str, Any] = {"marker": marker, "ls": "", "ms": 5, "mec": color, "mew": 0.9}
    (hollow,) = axes.plot(points[right, 0], points[right, 1], mfc="none", zorder=2, **look)
    (filled,) = axes.plot(points[wrong, 0], points[wrong, 1], mfc=color, zorder=3, **look)
    return hollow, filled


def _draw_contours(
    axes: Axes,
    x: NDArray[np.number],
    y: NDArray[np.number],
    probability: NDArray[np.number],
    name: str,
) -> list[tuple[Artist, str]]:
    """Draw the levels that occur on the grid; list all of them, so that legends do not change."""
    finite = probability[np.isfinite(probability)]
    low, high = (finite.min(), finite.max()) if finite.size else (1.0, 0.0)
    drawn = [contour for contour in CONTOURS if low < contour[0] < high]
    if drawn:
        levels, styles, widths = (list(column) for column in zip(*drawn, strict=True))
        shown = np.ma.masked_invalid(probability)
        look: dict[str, Any] = {"linestyles": styles, "linewidths": widths}
        axes.contour(x, y, shown, levels, colors=INK, zorder=4, **look)
    return [
        (Line2D([], [], color=INK, linestyle=style, linewidth=width), f"P({name}) = {level}")
        for level, style, width in reversed(CONTOURS)
    ]
