"""The images that a classifier got wrong while it was most certain."""

from collections.abc import Sequence
from math import ceil, sqrt
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.style import INK, LITERAL, SMALL_SIZE, new_axes, new_figure, say

MOST_IMAGES = 25
# As many as fit over an image.
_CHARACTERS_A_LINE = 24


def worst_mistakes(
    images: NDArray[Any],
    true: Sequence[str],
    predicted: Sequence[str],
    probability: NDArray[Any],
) -> Figure:
    """Draw the first 25 images, each under its true and its predicted class and the probability.

    `images` has shape (n, height, width), grey, or (n, height, width, 3), red, green and blue.
    Whole numbers, and fractions of which one is above 1, go from 0 to 255; other fractions from 0
    to 1. `probability` of shape (n,) is what the model gave to the predicted class.
    """
    shown = min(len(images), MOST_IMAGES)
    if not shown:
        return _nothing_to_show()
    columns = ceil(sqrt(shown))
    rows = ceil(shown / columns)
    each = zip(true[:shown], predicted[:shown], probability[:shown].tolist(), strict=True)
    titles = [_title(*one) for one in each]
    lines = max(title.count("\n") + 1 for title in titles)
    figure = new_figure(max(1.75 * columns, 2.6), (1.6 + 0.17 * lines) * rows)
    fractions = _fractions(images[:shown])
    for number, title in enumerate(titles):
        axes = figure.add_subplot(rows, columns, number + 1)
        axes.imshow(fractions[number], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(title, fontsize=SMALL_SIZE, color=INK, **LITERAL)
    return figure


def _title(true: str, predicted: str, probability: float) -> str:
    lines = [true, f"taken for {predicted}", f"probability {probability:.3f}"]
    return "\n".join(fill(line, _CHARACTERS_A_LINE) for line in lines)


def _fractions(images: NDArray[Any]) -> NDArray[np.float64]:
    """Return values from 0 to 1."""
    whole = np.issubdtype(images.dtype, np.integer)
    largest = 255.0 if whole or images.max() > 1 else 1.0
    return (images / largest).clip(0, 1)


def _nothing_to_show() -> Figure:
    figure = new_figure(4.0, 1.5)
    axes = new_axes(figure, "", "")
    axes.set_axis_off()
    say(axes, "no mistakes")
    return figure
