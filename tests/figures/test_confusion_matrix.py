"""Confusion matrix: counts, shades and readability."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from tests.figures.reading import drawn, grey, is_literal

from seedbed.figures import confusion_matrix
from seedbed.figures.confusion_matrix import MAX_NUMBERED

FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
COUNTS = np.array([[30, 10], [0, 60]])


def cells(figure: Figure) -> dict[tuple[float, float], str]:
    """Return the numbers by column and row of their cell."""
    texts = figure.axes[0].texts
    return {tuple(np.floor(text.get_position())): text.get_text() for text in texts}


def mesh(figure: Figure) -> QuadMesh:
    (found,) = [one for one in figure.axes[0].collections if isinstance(one, QuadMesh)]
    return found


def test_true_classes_go_down_and_predicted_ones_across() -> None:
    figure = drawn(confusion_matrix(COUNTS, ["cat", "dog"]))
    axes, bar = figure.axes

    assert cells(figure) == {(0, 0): "30", (1, 0): "10", (0, 1): "0", (1, 1): "60"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert axes.yaxis_inverted()
    assert not axes.xaxis_inverted()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["cat", "dog"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]
    assert bar.get_ylabel() == "share of the true class"


def test_cells_are_shaded_by_their_share_of_the_row() -> None:
    figure = confusion_matrix(COUNTS, ["cat", "dog"])

    assert np.allclose(mesh(figure).get_array(), [[0.75, 0.25], [0, 1]])
    assert mesh(figure).get_clim() == (0, 1)


@pytest.mark.parametrize(
    ("counts", "title"),
    [
        (COUNTS, "accuracy 0.9000 (90 of 100 rows)"),
        (COUNTS * 100, "accuracy 0.9000 (9,000 of 10,000 rows)"),
        (COUNTS * 0, "accuracy - (0 of 0 rows)"),
    ],
)
def test_the_title_gives_the_accuracy(counts: np.ndarray, title: str) -> None:
    assert confusion_matrix(counts, ["cat", "dog"]).axes[0].get_title() == title


def test_a_class_without_rows_is_drawn() -> None:
    figure = drawn(confusion_matrix(np.array([[5, 1], [0, 0]]), ["cat", "dog"]))

    assert np.allclose(mesh(figure).get_array(), [[5 / 6, 1 / 6], [0, 0]])


def test_counts_contrast_with_their_cells() -> None:
    shares = np.linspace(0, 1000, 21).astype(int)
    counts = np.zeros((21, 21), int)
    counts[:, 0], counts[:, 1] = shares, 1000 - shares
    figure = confusion_matrix(counts, [str(number) for number in range(21)])
    shades = mesh(figure)

    for text in figure.axes[0].texts:
        column, row = np.floor(text.get_position()).astype(int)
        behind = shades.cmap(shades.norm(shades.get_array()[row, column]))
        assert abs(grey(text.get_color()) - grey(behind)) > 0.35


@pytest.mark.parametrize(
    "names", [FASHION, ("class 0", "class 1"), ("a rather long name", "another long name")]
)
def test_class_names_do_not_overlap(names: tuple[str, ...]) -> None:
    figure = drawn(confusion_matrix(np.eye(len(names), dtype=int) * 1000, names))
    axes = figure.axes[0]
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])
    assert all(box.x0 >= 0 for box in boxes)

    labels = axes.get_xticklabels()
    extents = [label.get_window_extent() for label in labels]
    assert all(box.y0 >= 0 and box.x0 >= 0 for box in extents)
    if labels[0].get_rotation() == 0:
        assert all(left.x1 < right.x0 for left, right in pairwise(extents))
    else:
        # Slanted text is as close as its line height allows.
        assert axes.bbox.width / len(names) > 20


@pytest.mark.parametrize("classes", [2, 10])
def test_counts_fit_their_cells(classes: int) -> None:
    counts = np.full((classes, classes), 6000)
    figure = drawn(confusion_matrix(counts, [f"class {number}" for number in range(classes)]))
    axes = figure.axes[0]

    width = axes.bbox.width / classes
    assert max(text.get_window_extent().width for text in axes.texts) < width
    assert axes.bbox.width == pytest.approx(axes.bbox.height, abs=1)


def test_more_than_30_classes_have_no_counts() -> None:
    many = MAX_NUMBERED + 1
    figure = confusion_matrix(np.eye(many, dtype=int), [str(n) for n in range(many)])

    assert not figure.axes[0].texts


def test_names_are_literal() -> None:
    figure = drawn(confusion_matrix(COUNTS, ["$cat$", "_dog %"]))

    assert is_literal(figure, "$cat$")
    assert is_literal(figure, "_dog %")
