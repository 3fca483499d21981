"""Confusion matrix of a classifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.style import (
    DARK,
    GRID,
    INK,
    LABEL_SIZE,
    LITERAL,
    SMALL_SIZE,
    new_axes,
    new_figure,
)

_SHADES = LinearSegmentedColormap.from_list("shares", ["#ffffff", "#8cbfe6", DARK])
# Text on cells above this share of a row is white.
_DARK_SHARE = 0.6
# With more classes the cells are too small for numbers.
MAX_NUMBERED = 30
# In inches.
_LARGEST_SIDE = 12.0
# Characters of a name of which two fit side by side.
_LONGEST_LEVEL_NAME = 17


def confusion_matrix(
    counts: NDArray[np.number], class_names: Sequence[str], rows_label: str = "rows"
) -> Figure:
    """Draw a confusion matrix, with the accuracy in its title.

    Args:
        counts: Number of rows by true class (first axis) and predicted class, (classes, classes).
            A cell is shaded by its share of the rows of its true class.
        class_names: Name of each class. Counts are written for up to 30 classes.
        rows_label: What the rows are called in the title, such as "test rows".
    """
    classes = len(class_names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(2.6 + 0.55 * classes, _LARGEST_SIDE)
    figure = new_figure(side + 1.2, side)
    axes = new_axes(figure, "predicted class", "true class", title=_accuracy(counts, rows_label))
    edges = np.arange(classes + 1)
    cells = axes.pcolormesh(
        edges, edges, shares, cmap=_SHADES, vmin=0, vmax=1, edgecolors=GRID, linewidth=0.8
    )
    _name_classes(axes, class_names)
    if classes <= MAX_NUMBERED:
        _write_counts(axes, counts, shares)
    bar = figure.colorbar(cells, ax=axes, shrink=0.85)
    bar.set_label("share of the true class", fontsize=LABEL_SIZE, color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL_SIZE, color=INK, labelcolor=INK)
    return figure


def _accuracy(counts: NDArray[np.number], rows_label: str) -> str:
    correct, rows = int(np.trace(counts)), int(counts.sum())
    share = f"{correct / rows:.4f}" if rows else "-"
    return f"accuracy {share} ({correct:,} of {rows:,} {rows_label})"


def _name_classes(axes: Axes, names: Sequence[str]) -> None:
    centres = np.arange(len(names)) + 0.5
    # Long names would run into each other side by side.
    slanted = len(names) > 2 or max(map(len, names)) > _LONGEST_LEVEL_NAME
    slant: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(centres, names, **LITERAL, **(slant if slanted else {}))
    axes.set_yticks(centres, names, **LITERAL)
    axes.tick_params(length=0, labelsize=_text_size(len(names)))
    axes.spines[:].set_visible(False)
    axes.grid(False)
    axes.set_aspect("equal")
    axes.invert_yaxis()


def _text_size(classes: int) -> float:
    """Return the font size of names and counts, in points."""
    return min(SMALL_SIZE, max(220 / classes, 4))


def _write_counts(axes: Axes, counts: NDArray[np.number], shares: NDArray[np.number]) -> None:
    size = _text_size(len(counts))
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if shares[row, column] > _DARK_SHARE else INK
        place = (column + 0.5, row + 0.5)
        axes.text(*place, f"{int(count)}", ha="center", va="center", fontsize=size, color=color)
