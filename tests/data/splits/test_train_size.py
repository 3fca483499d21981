"""Fewer training rows: drawn of those that are left, whatever is held out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.data.splits import SplitRule, split_rows
from seedbed.errors import DoesNotFit

KINDS = st.sampled_from(["random", "stratified"])


@settings(max_examples=60, deadline=None)
@given(kind=KINDS, size=st.integers(1, 14), seed=st.integers(0, 99), test=st.integers(0, 6))
def test_they_are_some_of_all_and_the_held_out_rows_stay(
    kind: str, size: int, seed: int, test: int
) -> None:
    classes = np.arange(30) % 3
    rest = (kind, 10, test, seed)
    whole = split_rows(30, SplitRule(*rest), classes)
    fewer = split_rows(30, SplitRule(*rest, train_size=size), classes)
    more = split_rows(30, SplitRule(*rest, train_size=min(size + 3, len(whole.train))), classes)

    assert len(fewer.train) == size
    assert {*fewer.train.tolist()} <= {*more.train.tolist()} <= {*whole.train.tolist()}
    assert fewer.val.tolist() == whole.val.tolist()
    assert fewer.test.tolist() == whole.test.tolist()


def test_by_class_each_has_its_share() -> None:
    classes = np.repeat([0, 1], [60, 30])
    split = split_rows(90, SplitRule("stratified", 0.1, 0.1, train_size=12), classes)
    assert np.bincount(classes[split.train]).tolist() == [8, 4]


def test_forward_in_time_they_are_the_latest() -> None:
    rule = SplitRule("time", 3, 0, by="day", train_size=0.2)
    split = split_rows(20, rule, column=np.arange(20))
    assert split.train.tolist() == [13, 14, 15, 16]


def test_in_each_fold() -> None:
    splits = [split_rows(20, SplitRule("random", 0, 0, 0, 5, fold, None, 6)) for fold in range(5)]
    assert [len(split.train) for split in splits] == [6] * 5
    assert sorted(row for split in splits for row in split.val.tolist()) == list(range(20))


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(DoesNotFit, match=r"data\.train_size=19: 19 rows, and 18 are left to train"):
        split_rows(20, SplitRule("random", 2, train_size=19))
