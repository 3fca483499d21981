"""Sizes of splits and folds, in rows."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def fold_sizes(rows: int, folds: int) -> Numbers:
    """Return the number of rows of each fold, which differ by one at most; the first are larger."""
    sizes = np.full(folds, rows // folds, dtype=np.int64)
    sizes[: rows % folds] += 1
    return sizes


def proportional(counts: Numbers, size: int, order: Numbers) -> Numbers:
    """Return how many rows of each class make a part of `size` rows, as close as can be.

    By the largest remainders; of equal ones that which comes first in `order`. As long as it goes,
    every class keeps a row outside of the part.

    Args:
        counts: Rows of each class, (classes,).
        size: Rows of the part; no more than there are.
        order: Order of the classes among equals, (classes,).
    """
    most = counts - 1
    if np.maximum(most, 0).sum() < size:
        most = counts
    most = np.maximum(most, 0)
    exact = size * counts / max(1, counts.sum())
    taken: Numbers = np.minimum(np.floor(exact).astype(np.int64), most)
    # Only what cannot be had of one class makes further rounds.
    while (missing := size - taken.sum()) > 0:
        free = [place for place in order if taken[place] < most[place]]
        free.sort(key=lambda place: -round(exact[place] - taken[place], 9))
        taken[free[:missing]] += 1
    return taken


def fold_allocation(counts: Numbers, folds: int) -> Numbers:
    """Return how many rows of each class every fold has, (folds, classes).

    Both the rows of a fold and those of a class in it differ by one at most between folds, as in
    scikit-learn's StratifiedKFold: the rows, sorted by class, are dealt out like cards.
    """
    sorted_classes = np.repeat(np.arange(len(counts)), counts)
    return np.stack(
        [np.bincount(sorted_classes[fold::folds], minlength=len(counts)) for fold in range(folds)]
    )
