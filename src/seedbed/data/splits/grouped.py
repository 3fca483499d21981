"""Splits that tear no group of rows apart."""

import numpy as np

from seedbed.data.splits.sizes import Numbers
from seedbed.errors import DoesNotFit

# Above so many steps of the exact search the first groups that fit are taken.
MOST_STEPS = 300_000_000


def groups_of_size(sizes: Numbers, wanted: int) -> Numbers:
    """Return the places of groups, not of all, whose rows are as close to `wanted` as can be.

    Args:
        sizes: Rows of each group, in the order in which they are tried.
        wanted: Rows that are wanted, fewer than there are.

    Raises:
        DoesNotFit: There is but one group.
    """
    if len(sizes) < 2:
        raise DoesNotFit("data.split=group: the rows to split are of one group, which stays whole")
    if wanted * len(sizes) > MOST_STEPS:
        return _first_that_fit(sizes, wanted)
    return _exact(sizes, wanted)


def _exact(sizes: Numbers, wanted: int) -> Numbers:
    """Return the groups of the sum that is closest; by dynamic programming over the sums."""
    # No sum above is closer than that of no group at all.
    most = min(max(2 * wanted, int(sizes.min())), int(sizes.sum()) - 1)
    # For each sum the group that reached it first; those before it reach the rest.
    by = np.full(most + 1, -1, dtype=np.int64)
    reached = np.zeros(most + 1, dtype=bool)
    reached[0] = True
    for place, size in enumerate(sizes.tolist()):
        if size > most:
            continue
        new = np.zeros_like(reached)
        new[size:] = reached[: most + 1 - size]
        new &= ~reached
        by[new] = place
        reached |= new
        if reached[wanted]:
            break
    sums = reached.nonzero()[0][1:]
    total = int(sums[np.abs(sums - wanted).argmin()])
    chosen = []
    while total:
        place = int(by[total])
        chosen.append(place)
        total -= int(sizes[place])
    return np.array(sorted(chosen), dtype=np.int64)


def _first_that_fit(sizes: Numbers, wanted: int) -> Numbers:
    chosen, left = [], wanted
    for place, size in enumerate(sizes.tolist()):
        if size <= left:
            chosen.append(place)
            left -= size
        if not left:
            break
    return np.array(chosen or [int(sizes.argmin())], dtype=np.int64)


def group_folds(sizes: Numbers, folds: int) -> Numbers:
    """Return the fold of each group: the largest first, each to the fold with the fewest rows.

    As scikit-learn's GroupKFold does it. Raises DoesNotFit where there are fewer groups than folds.
    """
    if len(sizes) < folds:
        raise DoesNotFit(
            f"data.folds={folds}: only {len(sizes)} groups are there for as many folds"
        )
    rows = np.zeros(folds, dtype=np.int64)
    fold_of = np.empty(len(sizes), dtype=np.int64)
    for place in np.argsort(-sizes, kind="stable"):
        fold = int(rows.argmin())
        fold_of[place] = fold
        rows[fold] += sizes[place]
    return fold_of
