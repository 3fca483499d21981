"""Misclassified images and their captions."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tests.figures.reading import drawn, is_literal, texts

from seedbed.figures import worst_mistakes

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 8, 8)).astype(np.uint8)
IMAGES[:, 0, 0] = 255


def mistakes(images: NDArray[Any], true: str = "Shirt", predicted: str = "Coat") -> Figure:
    count = len(images)
    probability = np.linspace(0.999, 0.5, count)
    return worst_mistakes(images, [true] * count, [predicted] * count, probability)


def shown(figure: Figure) -> list[NDArray[Any]]:
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def test_captions_give_both_classes_and_the_probability() -> None:
    names = ["Shirt", "Bag"], ["Coat", "Dress"]
    figure = worst_mistakes(IMAGES[:2], *names, np.array([0.987654, 0.5]))

    assert [axes.get_title() for axes in figure.axes] == [
        "Shirt\ntaken for Coat\nprobability 0.988",
        "Bag\ntaken for Dress\nprobability 0.500",
    ]


@pytest.mark.parametrize("count", [1, 6, 25])
def test_every_image_is_drawn_and_captions_do_not_overlap(count: int) -> None:
    figure = drawn(mistakes(IMAGES[:count], "Ankle boot", "T-shirt/top"))

    assert len(figure.axes) == count
    for image, given in zip(shown(figure), IMAGES, strict=False):
        assert np.allclose(image, given / 255)
    titles = [axes.title.get_window_extent() for axes in figure.axes]
    assert not any(a.overlaps(b) for n, a in enumerate(titles) for b in titles[:n])
    assert min(axes.bbox.width for axes in figure.axes) > 120


def test_long_names_are_broken_into_lines() -> None:
    figure = drawn(mistakes(IMAGES[:10], "Cavalier King Charles spaniel", "Nova Scotia retriever"))
    titles = [axes.title.get_window_extent() for axes in figure.axes]

    assert not any(a.overlaps(b) for n, a in enumerate(titles) for b in titles[:n])
    assert all(box.x0 >= 0 and box.y1 <= figure.bbox.y1 for box in titles)


def test_at_most_25_are_shown() -> None:
    assert len(mistakes(IMAGES).axes) == 25


@pytest.mark.parametrize("shape", [(0, 8, 8), (0, 8, 8, 3), (0,)])
def test_without_mistakes_the_figure_says_so(shape: tuple[int, ...]) -> None:
    figure = drawn(worst_mistakes(np.empty(shape), [], [], np.empty(0)))

    assert "no mistakes" in texts(figure)
    assert not any(axes.images for axes in figure.axes)


@pytest.mark.parametrize(
    ("images", "divisor"),
    [
        (IMAGES[:3], 255),
        (IMAGES[:3].astype(np.int64), 255),
        (IMAGES[:3].astype(np.float32), 255),
        (IMAGES[:3] / 255, 1),
        (np.ones((1, 4, 4), np.uint8), 255),
        (np.full((1, 4, 4), 0.25), 1),
    ],
)
def test_pixel_values_are_scaled_to_0_and_1(images: NDArray[Any], divisor: int) -> None:
    figure = mistakes(images)

    for image, given in zip(shown(figure), images, strict=True):
        assert np.allclose(image, given / divisor)
    assert figure.axes[0].images[0].get_clim() == (0, 1)


def test_images_may_have_colours() -> None:
    colours = np.stack([IMAGES[:2], IMAGES[:2] // 2, IMAGES[:2] // 4], axis=-1)
    figure = mistakes(colours)

    assert np.allclose(shown(figure)[0], colours[0] / 255)


def test_names_are_literal() -> None:
    figure = mistakes(IMAGES[:1], "$a$", "_b %")

    assert is_literal(figure, "$a$\ntaken for _b %")
