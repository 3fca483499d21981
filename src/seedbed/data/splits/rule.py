"""How rows are split, by the keys of a dataset in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.config.schema.data import all_held_out, held_out_rows
from seedbed.data.random import SPLIT_ORDER, permutations
from seedbed.data.splits.columns import codes_of, moments_of, named_splits
from seedbed.data.splits.grouped import group_folds, groups_of_size
from seedbed.data.splits.sizes import Numbers, fold_allocation, fold_sizes, proportional
from seedbed.errors import DoesNotFit, listed


@dataclass(frozen=True)
class SplitRule:
    """Keys of a dataset that say how its rows are split.

    Attributes:
        kind: random, stratified, group, time or column.
        val_size, test_size: fraction or number of rows, as in `held_out_rows`.
        seed: seed of the split.
        folds, fold: number of folds and the one that validates; None without a cross-validation.
        by: name of the column that the kind looks into; None where it needs none.
        train_size: fraction or number of the rows that are trained on; None: all that are left.
    """

    kind: str
    val_size: float = 0.0
    test_size: float = 0.0
    seed: int = 0
    folds: int | None = None
    fold: int | None = None
    by: str | None = None
    train_size: float | None = None


@dataclass(frozen=True)
class Split:
    """Row numbers of each split, int64, in the order of the table.

    `notes` are lines for people about what cannot be as it was asked for.
    """

    train: Tensor
    val: Tensor
    test: Tensor
    notes: tuple[str, ...] = ()


class _Method(Protocol):
    """A way to hold rows out of some rows, given and returned as sorted row numbers."""

    def held_out(self, rows: Numbers, size: int) -> Numbers:
        """Return `size` of the rows, or as close as can be; never all of them."""
        ...

    def fold(self, rows: Numbers, folds: int, fold: int) -> tuple[Numbers, Numbers]:
        """Return the training and validation rows of a fold."""
        ...


def split_rows(
    rows: int,
    rule: SplitRule,
    classes: NDArray[Any] | None = None,
    column: NDArray[Any] | None = None,
    class_names: Sequence[str] = (),
) -> Split:
    """Return a split of a table.

    The test rows depend on kind, seed and `test_size` alone: another `val_size`, or folds, do not
    change them.

    Args:
        rows: Number of rows of the table.
        rule: How they are split.
        classes: Class of each row, (rows,), for a stratified split.
        column: Values of the column `rule.by`, (rows,), for a split by groups, time or column.
        class_names: Name of each class, for notes; numbers where there are none.

    Raises:
        DoesNotFit: A part would have no row.
    """
    every = np.arange(rows)
    order = permutations(rule.seed, 0, rows, SPLIT_ORDER).numpy()
    ranks = np.empty(rows, dtype=np.int64)
    ranks[order] = every
    method = _method(rule, ranks, classes, column)
    named = {} if rule.kind != "column" else named_splits(str(rule.by), _given(column))
    if named:
        test, rest = named["test"], np.union1d(named["train"], named["val"])
    else:
        _require_room(rule, rows)
        wanted = held_out_rows(rule.test_size, rows)
        test = method.held_out(every, wanted) if wanted else every[:0]
        rest = np.setdiff1d(every, test, assume_unique=True)
    notes: tuple[str, ...] = ()
    if rule.folds is not None and rule.fold is not None:
        if len(rest) < rule.folds:
            raise DoesNotFit(f"data.folds={rule.folds}: {len(rest)} rows are too few for them")
        train, val = method.fold(rest, rule.folds, rule.fold)
        notes += _rare(rule, classes, rest, class_names)
    elif len(named.get("val", ())):
        train, val = named["train"], named["val"]
    else:
        wanted = held_out_rows(rule.val_size, rows)
        if wanted >= len(rest):
            raise DoesNotFit(_none_left(rule, len(rest), rows))
        val = method.held_out(rest, wanted) if wanted else rest[:0]
        train = np.setdiff1d(rest, val, assume_unique=True)
    if not len(train):
        raise DoesNotFit(_none_left(rule, len(rest), rows))
    if rule.train_size is not None:
        train = _fewer(rule.train_size, train, rows, method)
    notes += _off_size(rule, rows, len(val), len(test))
    return Split(_in_order(train), _in_order(val), _in_order(test), notes)


def _fewer(size: float, train: Numbers, rows: int, method: _Method) -> Numbers:
    """Return as many of the training rows, drawn as those that are held out."""
    wanted = held_out_rows(size, rows)
    if wanted > len(train):
        raise DoesNotFit(
            f"data.train_size={size:g}: {wanted:,} rows, and {len(train):,} are left to train on"
        )
    return train if wanted == len(train) else method.held_out(train, wanted)


def _in_order(rows: Numbers) -> Tensor:
    return torch.from_numpy(np.sort(rows))


def _given(column: NDArray[Any] | None) -> NDArray[Any]:
    assert column is not None
    return column


def _require_room(rule: SplitRule, rows: int) -> None:
    problem = all_held_out(rows, rule.val_size, rule.test_size)
    if problem:
        raise DoesNotFit(problem)


def _none_left(rule: SplitRule, rest: int, rows: int) -> str:
    by = f" by '{rule.by}'" if rule.by else ""
    return (
        f"data.split={rule.kind}{by}: of {rows} rows {rest} are not test rows, and none of them "
        "is left for training"
    )


def _rare(
    rule: SplitRule, classes: NDArray[Any] | None, rest: Numbers, names: Sequence[str]
) -> tuple[str, ...]:
    """Return a note on classes with fewer rows than folds."""
    if classes is None or rule.folds is None:
        return ()
    counts = np.bincount(classes[rest])
    rare = ((counts < rule.folds) & (counts > 0)).nonzero()[0].tolist()
    if not rare:
        return ()
    called = [f"'{names[place]}'" if place < len(names) else str(place) for place in rare]
    return (
        f"data.folds={rule.folds}: fewer rows than folds have the classes {listed(called, 5)} "
        f"({int(counts[rare].min())} at least); some folds validate without them",
    )


def _off_size(rule: SplitRule, rows: int, val: int, test: int) -> tuple[str, ...]:
    """Return notes where whole groups, or equal times, make parts of other sizes."""
    if rule.kind not in ("group", "time") or rule.folds is not None:
        return ()
    notes = []
    for name, size, got in (("val", rule.val_size, val), ("test", rule.test_size, test)):
        wanted = held_out_rows(size, rows)
        if abs(got - wanted) > max(1, wanted // 10):
            whole = "groups" if rule.kind == "group" else "moments"
            notes.append(
                f"data.{name}_size={size:g}: {got} rows instead of {wanted}, as the {whole} of "
                f"'{rule.by}' stay whole"
            )
    return tuple(notes)


def _method(
    rule: SplitRule,
    ranks: Numbers,
    classes: NDArray[Any] | None,
    column: NDArray[Any] | None,
) -> _Method:
    if rule.kind == "group":
        return _ByGroup(codes_of(_given(column)), rule.seed)
    if rule.kind == "time":
        return _ByTime(moments_of(str(rule.by), _given(column)))
    if rule.kind == "random" or classes is None:
        return _Random(ranks)
    return _Stratified(codes_of(classes), ranks)


@dataclass(frozen=True)
class _Random:
    """Rows in a random order; `ranks` is the place of each row in it."""

    ranks: Numbers

    def held_out(self, rows: Numbers, size: int) -> Numbers:
        return rows[np.argsort(self.ranks[rows])[:size]]

    def fold(self, rows: Numbers, folds: int, fold: int) -> tuple[Numbers, Numbers]:
        shuffled = rows[np.argsort(self.ranks[rows])]
        ends = fold_sizes(len(rows), folds).cumsum()
        val = shuffled[ends[fold] - fold_sizes(len(rows), folds)[fold] : ends[fold]]
        return np.setdiff1d(rows, val, assume_unique=True), val


@dataclass(frozen=True)
class _Stratified:
    """Random rows of each class, in the proportions of all; `codes` is the class of each row."""

    codes: Numbers
    ranks: Numbers

    def _by_class(self, rows: Numbers) -> list[Numbers]:
        """Return the rows of each class in their random order."""
        shuffled = rows[np.argsort(self.ranks[rows])]
        by_class = shuffled[np.argsort(self.codes[shuffled], kind="stable")]
        counts = np.bincount(self.codes[rows], minlength=int(self.codes.max()) + 1)
        return np.split(by_class, counts.cumsum()[:-1])

    def held_out(self, rows: Numbers, size: int) -> Numbers:
        classes = self._by_class(rows)
        counts = np.array([len(members) for members in classes])
        # Among classes with equal claims the one whose first row comes first.
        order = np.argsort(
            [self.ranks[members[0]] if len(members) else -1 for members in classes], kind="stable"
        )
        taken = proportional(counts, size, order)
        chosen = [members[:count] for members, count in zip(classes, taken, strict=True)]
        return np.concatenate(chosen)

    def fold(self, rows: Numbers, folds: int, fold: int) -> tuple[Numbers, Numbers]:
        classes = self._by_class(rows)
        allocation = fold_allocation(np.array([len(members) for members in classes]), folds)
        starts = allocation[:fold].sum(0)
        val = np.concatenate(
            [
                members[start : start + count]
                for members, start, count in zip(classes, starts, allocation[fold], strict=True)
            ]
        )
        return np.setdiff1d(rows, val, assume_unique=True), val


@dataclass(frozen=True)
class _ByGroup:
    """Whole groups in a random order of theirs; `codes` is the group of each row.

    The order of the rows has no part in it.
    """

    codes: Numbers
    seed: int

    def _groups(self, rows: Numbers) -> tuple[Numbers, Numbers]:
        """Return the codes of the groups of the rows, shuffled, and their sizes."""
        counts = np.bincount(self.codes[rows], minlength=int(self.codes.max()) + 1)
        shuffled = permutations(self.seed, 0, len(counts), SPLIT_ORDER).numpy()
        present = shuffled[counts[shuffled] > 0]
        return present, counts[present]

    def held_out(self, rows: Numbers, size: int) -> Numbers:
        groups, sizes = self._groups(rows)
        chosen = groups[groups_of_size(sizes, size)]
        return rows[np.isin(self.codes[rows], chosen)]

    def fold(self, rows: Numbers, folds: int, fold: int) -> tuple[Numbers, Numbers]:
        groups, sizes = self._groups(rows)
        validates = np.isin(self.codes[rows], groups[group_folds(sizes, folds) == fold])
        return rows[~validates], rows[validates]


@dataclass(frozen=True)
class _ByTime:
    """The latest rows; `moments` is the rank of each row's moment. Equal moments stay together."""

    moments: Numbers

    def _starts(self, rows: Numbers) -> tuple[Numbers, Numbers]:
        """Return the rows from early to late, and the places where a new moment begins."""
        ordered = rows[np.argsort(self.moments[rows], kind="stable")]
        moments = self.moments[ordered]
        return ordered, (moments[1:] != moments[:-1]).nonzero()[0] + 1

    def held_out(self, rows: Numbers, size: int) -> Numbers:
        ordered, starts = self._starts(rows)
        if not len(starts):
            raise DoesNotFit("data.split=time: the rows have too few different times to split")
        start = starts[np.abs(len(rows) - starts - size).argmin()]
        return ordered[start:]

    def fold(self, rows: Numbers, folds: int, fold: int) -> tuple[Numbers, Numbers]:
        """Return the rows of a fold and those before them, as scikit-learn's TimeSeriesSplit."""
        ordered, starts = self._starts(rows)
        size = len(rows) // (folds + 1)
        wanted = len(rows) - size * np.arange(folds, 0, -1)
        if len(starts) < folds:
            raise DoesNotFit(
                f"data.folds={folds}: {len(starts) + 1} different times are too few, and "
                f"{folds + 1} are needed: each fold validates later rows than it trains on"
            )
        bounds = _nearest_bounds(starts, wanted)
        ends = np.append(bounds[1:], len(rows))
        return ordered[: bounds[fold]], ordered[bounds[fold] : ends[fold]]


def _nearest_bounds(starts: Numbers, wanted: Numbers) -> Numbers:
    """Return a start for each wanted bound, the nearest one that leaves one for each other."""
    bounds = np.empty_like(wanted)
    first = 0
    for place, bound in enumerate(wanted):
        last = len(starts) - (len(wanted) - 1 - place)
        chosen = first + int(np.abs(starts[first:last] - bound).argmin())
        bounds[place] = starts[chosen]
        first = chosen + 1
    return bounds
