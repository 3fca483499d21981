"""Kinds of splits against scikit-learn, and what each promises whatever the rows."""

from contextlib import nullcontext
from itertools import chain

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
)

from seedbed.config.schema.data import held_out_rows
from seedbed.data.splits import Split, SplitRule, split_rows
from seedbed.errors import DoesNotFit

seeds = st.integers(0, 2**32 - 1)
labels = st.lists(st.integers(0, 4), min_size=12, max_size=80).map(np.array)


def parts(split: Split) -> list[list[int]]:
    return [part.tolist() for part in (split.train, split.val, split.test)]


def counts(classes: np.ndarray, rows: list[int]) -> list[int]:
    return np.bincount(classes[rows], minlength=5).tolist()


def folds_of(kind: str, rows: int, folds: int, seed: int = 0, **given: object) -> list[Split]:
    by = "column" if "column" in given else None
    rules = [SplitRule(kind, 0, 0, seed, folds, fold, by) for fold in range(folds)]
    return [split_rows(rows, rule, **given) for rule in rules]  # type: ignore[arg-type]


def rule(kind: str, val_size: float, test_size: float, seed: int = 0) -> SplitRule:
    return SplitRule(kind, val_size, test_size, seed, by="column")


def split_or_none(rule: SplitRule, column: np.ndarray, refused: str) -> Split | None:
    """The split; None where it is refused, in words that are expected."""
    try:
        return split_rows(len(column), rule, column=column)
    except DoesNotFit as error:
        if refused not in str(error):
            raise
        return None


# By class


@settings(max_examples=60, deadline=None)
@given(classes=labels, val=st.integers(0, 5), test=st.integers(0, 5), seed=seeds)
def test_every_class_is_in_a_part_as_often_as_its_share(
    classes: np.ndarray, val: int, test: int, seed: int
) -> None:
    rows = len(classes)

    split = split_rows(rows, SplitRule("stratified", val, test, seed), classes)

    assert sorted(chain(*parts(split))) == list(range(rows))
    assert [len(split.val), len(split.test)] == [val, test]
    whole = np.bincount(classes, minlength=5)
    exact = test * whole / rows
    taken = np.array(counts(classes, split.test.tolist()))
    # But for classes that must keep a row for training, no count is off by one.
    assert (np.abs(taken - exact) < 1)[whole > 2].all() or (whole[whole > 0] <= 2).any()
    if (np.maximum(whole - 1, 0)).sum() >= val + test:
        assert {*classes[split.train.numpy()]} == {*classes}


@pytest.mark.parametrize("size", [10, 30, 0.25])
def test_class_counts_are_those_of_scikit_learn(size: float) -> None:
    classes = np.repeat([0, 1, 2, 3], [61, 27, 9, 3])
    held_out = held_out_rows(size, len(classes))
    (_, expected), *_ = StratifiedShuffleSplit(1, test_size=held_out, random_state=0).split(
        classes, classes
    )

    split = split_rows(len(classes), SplitRule("stratified", 0, size, 7), classes)

    ours, theirs = (np.bincount(classes[rows], minlength=4) for rows in (split.test, expected))
    exact = held_out * np.bincount(classes) / len(classes)
    # Ties of remainders are broken at random there.
    assert np.abs(ours - exact).sum() <= np.abs(theirs - exact).sum() + 1e-9
    assert np.abs(ours - theirs).max() <= 1


@settings(max_examples=40, deadline=None)
@given(classes=labels, folds=st.integers(2, 6), seed=seeds)
def test_folds_by_class_have_the_counts_of_scikit_learn(
    classes: np.ndarray, folds: int, seed: int
) -> None:
    assume(np.bincount(classes).max() >= folds)
    codes = np.unique(classes, return_inverse=True)[1]
    # scikit-learn numbers classes as they appear; sorted rows appear in our order.
    codes.sort()
    rare = bool(np.bincount(codes).min() < folds)
    with pytest.warns(UserWarning, match="least populated") if rare else nullcontext():
        expected = [
            np.bincount(codes[test], minlength=5).tolist()
            for _, test in StratifiedKFold(folds).split(codes, codes)
        ]

    splits = folds_of("stratified", len(codes), folds, seed, classes=codes)

    assert [counts(codes, split.val.tolist()) for split in splits] == expected
    assert sorted(chain(*(split.val.tolist() for split in splits))) == list(range(len(codes)))
    for split in splits:
        assert sorted(split.train.tolist() + split.val.tolist()) == list(range(len(codes)))
        assert bool(split.notes) == rare


def test_a_class_with_fewer_rows_than_folds_is_said_by_name() -> None:
    classes = np.array([0] * 20 + [1] * 3)

    split, *_ = folds_of("stratified", 23, 5, classes=classes, class_names=["cat", "dog"])

    assert "data.folds=5" in split.notes[0]
    assert "'dog' (3" in split.notes[0]


def test_a_single_row_of_a_class_is_trained_on() -> None:
    classes = np.array([0] * 10 + [1])

    for seed in range(20):
        split = split_rows(11, SplitRule("stratified", 4, 4, seed), classes)
        assert 10 in split.train


def test_random_folds_have_the_sizes_of_scikit_learn() -> None:
    expected = [len(test) for _, test in KFold(4).split(range(23))]

    assert [len(split.val) for split in folds_of("random", 23, 4)] == expected


# By group


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.sampled_from("abcdefg"), min_size=10, max_size=60).map(np.array),
    val=st.floats(0.1, 0.3),
    test=st.floats(0.1, 0.3),
    seed=seeds,
    data=st.data(),
)
def test_no_group_is_in_two_parts(
    groups: np.ndarray, val: float, test: float, seed: int, data: st.DataObject
) -> None:
    assume(len(set(groups)) >= 5)

    split = split_or_none(rule("group", val, test, seed), groups, "one group")
    if split is None:
        return

    held = [set(groups[part]) for part in parts(split)]
    assert sum(map(len, held)) == len(set(groups))
    assert sorted(chain(*parts(split))) == list(range(len(groups)))
    # The best of all sums of groups.
    sizes = np.unique(groups, return_counts=True)[1]
    sums = [
        sizes[[bool(mask >> i & 1) for i in range(len(sizes))]].sum()
        for mask in range(1, 2 ** len(sizes) - 1)
    ]
    wanted = held_out_rows(test, len(groups))
    assert abs(len(split.test) - wanted) == min(abs(total - wanted) for total in sums)
    # The order of the rows has no part in it.
    order = np.array(data.draw(st.permutations(range(len(groups)))))
    shuffled = split_rows(len(groups), rule("group", val, test, seed), column=groups[order])
    assert {*groups[order][shuffled.test.numpy()]} == held[2]
    assert {*groups[order][shuffled.val.numpy()]} == held[1]


@settings(max_examples=30, deadline=None)
@given(
    groups=st.lists(st.integers(0, 9), min_size=20, max_size=60).map(np.array),
    folds=st.integers(2, 4),
    seed=seeds,
)
def test_folds_by_group_are_as_even_as_those_of_scikit_learn(
    groups: np.ndarray, folds: int, seed: int
) -> None:
    assume(len(set(groups)) >= folds)

    splits = folds_of("group", len(groups), folds, seed, column=groups)

    expected = [len(test) for _, test in GroupKFold(folds).split(groups, groups=groups)]
    assert sorted(len(split.val) for split in splits) == sorted(expected)
    for split in splits:
        assert not {*groups[split.train.numpy()]} & {*groups[split.val.numpy()]}
        assert sorted(split.train.tolist() + split.val.tolist()) == list(range(len(groups)))


def test_groups_that_are_too_few_or_too_large_are_said() -> None:
    groups = np.array(["a"] * 9 + ["b"])

    with pytest.raises(DoesNotFit, match="only 2 groups"):
        folds_of("group", 10, 3, column=groups)
    with pytest.raises(DoesNotFit, match="of one group"):
        split_rows(10, rule("group", 2, 0), column=np.array(["a"] * 10))
    notes = split_rows(10, rule("group", 5, 0), column=groups).notes
    assert "data.val_size=5: " in notes[0]
    assert "instead of 5" in notes[0]


# By time


@settings(max_examples=60, deadline=None)
@given(
    times=st.lists(st.integers(0, 40), min_size=12, max_size=60).map(np.array),
    val=st.integers(0, 4),
    test=st.integers(0, 4),
    data=st.data(),
)
def test_every_part_is_later_than_those_before_it(
    times: np.ndarray, val: int, test: int, data: st.DataObject
) -> None:
    assume(len(set(times)) >= 3)

    split = split_or_none(rule("time", val, test), times, "too few different times")
    if split is None:
        return

    train, validation, last = (times[part] for part in parts(split))
    if val:
        assert train.max() < validation.min()
    if test:
        assert max([*train, *validation]) < last.min()
    assert sorted(chain(*parts(split))) == list(range(len(times)))
    order = np.array(data.draw(st.permutations(range(len(times)))))
    shuffled = split_rows(len(times), rule("time", val, test), column=times[order])
    assert sorted(times[order][shuffled.test.numpy()]) == sorted(last)


@pytest.mark.parametrize(("rows", "folds", "test"), [(23, 4, 0), (30, 5, 6), (6, 5, 0)])
def test_folds_by_time_are_those_of_scikit_learn(rows: int, folds: int, test: int) -> None:
    times = np.random.default_rng(0).permutation(rows)
    order = times.argsort()[: rows - test]
    expected = [
        (sorted(order[train]), sorted(order[val]))
        for train, val in TimeSeriesSplit(folds).split(order)
    ]

    splits = [
        split_rows(rows, SplitRule("time", 0, test, 0, folds, fold, "column"), column=times)
        for fold in range(folds)
    ]

    assert [(s.train.tolist(), s.val.tolist()) for s in splits] == expected


def test_dates_are_times_and_words_are_none() -> None:
    days = np.array(["2024-03-01", "2023-01-01", "2024-01-01", "2025-01-01"], "datetime64[D]")

    for column in (days, days.astype(str), days.astype(str).astype(object), days.astype(object)):
        assert split_rows(4, rule("time", 1, 1), column=column).val.tolist() == [0]
    for kind in (str, object):
        with pytest.raises(DoesNotFit, match="'monday' is no number, date or time"):
            split_rows(2, rule("time", 1, 0), column=np.array(["monday", "friday"], kind))
    with pytest.raises(DoesNotFit, match=r"2 different times are too few, and 4"):
        folds_of("time", 6, 3, column=np.array([1, 1, 1, 2, 2, 2]))


# By a column


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("part", ["train", "Validation", "TEST", "dev"], [[0], [1, 3], [2]]),
        ("held_out", [False, True, False, True], [[0, 2], [1, 3], []]),
        ("is_test", ["no", "yes", "no", "no"], [[0, 2, 3], [], [1]]),
        ("is_train", [1, 0, 1, 1], [[0, 2, 3], [1], []]),
        ("is_train", [1.0, 0.0, 1.0, 1.0], [[0, 2, 3], [1], []]),
    ],
)
def test_a_column_names_the_part_of_each_row(
    name: str, values: list[object], expected: list[list[int]]
) -> None:
    split = split_rows(4, SplitRule("column", by=name), column=np.array(values))

    assert parts(split) == expected


def test_a_column_of_other_words_is_refused_with_those_accepted() -> None:
    column = np.array(["train", "trian", "test"])

    with pytest.raises(DoesNotFit, match=r"row 1 .* 'trian'.*accepted: train, training"):
        split_rows(3, SplitRule("column", by="part"), column=column)
    split = split_rows(
        3, SplitRule("column", 0.2, 0.1, by="part"), column=np.array(["train", "val", "test"])
    )
    assert split.notes == ()  # The sizes are those of the option, which nobody typed.
    with pytest.raises(DoesNotFit, match="none of them is left for training"):
        split_rows(2, SplitRule("column", by="part"), column=np.array(["val", "test"]))


def test_rows_that_a_column_calls_training_rows_are_held_out_and_folded() -> None:
    column = np.array(["train", "test"] * 10)

    split = split_rows(20, SplitRule("column", 4, by="part"), column=column)
    folds = folds_of("column", 20, 5, column=column)

    assert split.test.tolist() == list(range(1, 20, 2))
    assert len(split.val) == 4
    assert not set(split.val.tolist()) & set(split.test.tolist())
    assert sorted(chain(*(fold.val.tolist() for fold in folds))) == list(range(0, 20, 2))


# Test rows


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(["random", "stratified", "group", "time"]), seed=seeds)
def test_neither_val_size_nor_folds_change_the_test_rows(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes, column = rng.integers(0, 3, 60), rng.integers(0, 20, 60)

    rules = [SplitRule(kind, val, 0.2, seed, by="column") for val in (0, 5, 0.3)]
    rules += [SplitRule(kind, 0, 0.2, seed, folds, 1, by="column") for folds in (2, 5)]
    tests = [split_rows(60, rule, classes, column).test.tolist() for rule in rules]

    assert tests == tests[:1] * len(tests)
