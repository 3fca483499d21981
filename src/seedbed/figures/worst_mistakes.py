"""Misclassified images with the highest predicted probability."""

from collections.abc import Sequence
from math import ceil, sqrt
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from seedbed.figures.style import (
    INK,
    LITERAL,
    SMALL_SIZE,
    TITLE_SIZE,
    new_axes,
    new_figure,
    write_message,
)

MAX_IMAGES = 25
# Characters that fit above an image.
_LINE_LENGTH = 24


def worst_mistakes(
    images: NDArray[np.number],
    true: Sequence[str],
    predicted: Sequence[str],
    probability: NDArray[np.number],
    title: str = "",
) -> Figure:
    """Draw up to 25 images, each under its true class, predicted class and probability.

    Args:
        images: Grey images (n, height, width) or RGB images (n, height, width, 3). Integers, and
            floats of which one is above 1, range from 0 to 255; other floats from 0 to 1.
        true: Name of the true class of each image.
        predicted: Name of the predicted class of each image.
        probability: Probability of the predicted class, (n,).
        title: Title of the figure.
    """
    shown = min(len(images), MAX_IMAGES)
    if not shown:
        return _no_mistakes(title)
    columns = ceil(sqrt(shown))
    rows = ceil(shown / columns)
    columns_of_text = true[:shown], predicted[:shown], probability[:shown].tolist()
    captions = [_caption(*texts) for texts in zip(*columns_of_text, strict=True)]
    lines = max(caption.count("\n") + 1 for caption in captions)
    figure = new_figure(max(1.75 * columns, 3.4), (1.6 + 0.17 * lines) * rows)
    fractions = _fractions(images[:shown])
    for number, caption in enumerate(captions):
        axes = figure.add_subplot(rows, columns, number + 1)
        axes.imshow(fractions[number], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(caption, fontsize=SMALL_SIZE, color=INK, **LITERAL)
    if title:
        figure.suptitle(title, fontsize=TITLE_SIZE, color=INK)
    return figure


def _caption(true: str, predicted: str, probability: float) -> str:
    lines = [true, f"taken for {predicted}", f"probability {probability:.3f}"]
    return "\n".join(fill(line, _LINE_LENGTH) for line in lines)


def _fractions(images: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the images with values in [0, 1]."""
    integers = np.issubdtype(images.dtype, np.integer)
    largest = 255.0 if integers or images.max() > 1 else 1.0
    return (images / largest).clip(0, 1)


def _no_mistakes(title: str) -> Figure:
    figure = new_figure(4.0, 1.5)
    axes = new_axes(figure, "", "", title=title)
    axes.set_axis_off()
    write_message(axes, "no mistakes")
    return figure
