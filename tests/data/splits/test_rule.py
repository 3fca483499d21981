"""Splits: every row in exactly one part, of the size asked for, by a seed of their own."""

from itertools import chain

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seedbed.config.schema.data import held_out_rows
from seedbed.data.splits import Split, SplitRule
from seedbed.data.splits import split_rows as split_by_rule
from seedbed.errors import ConfigError

counts = st.integers(0, 60).map(float)
fractions = st.floats(min_value=0.001, max_value=0.999)
sizes = st.one_of(counts, fractions)
seeds = st.integers(0, 2**32 - 1)


def split_rows(rows: int, val_size: float, test_size: float, seed: int) -> Split:
    return split_by_rule(rows, SplitRule("random", val_size, test_size, seed))


@pytest.mark.parametrize(
    ("size", "rows", "expected"),
    [
        (0.0, 100, 0),
        (1.0, 100, 1),
        (5000.0, 60_000, 5000),
        (0.2, 100, 20),
        (0.24, 10, 2),
        (0.26, 10, 3),
        # A fraction that was asked for never holds out nothing.
        (0.001, 10, 1),
    ],
)
def test_a_size_is_a_fraction_or_a_count(size: float, rows: int, expected: int) -> None:
    held_out = held_out_rows(size, rows)

    assert held_out == expected
    assert isinstance(held_out, int)


@settings(max_examples=80, deadline=None)
@given(rows=st.integers(1, 200), val_size=sizes, test_size=sizes, seed=seeds)
def test_every_row_is_in_exactly_one_split(
    rows: int, val_size: float, test_size: float, seed: int
) -> None:
    assume(held_out_rows(val_size, rows) + held_out_rows(test_size, rows) < rows)

    split = split_rows(rows, val_size, test_size, seed)

    assert len(split.val) == held_out_rows(val_size, rows)
    assert len(split.test) == held_out_rows(test_size, rows)
    parts = [part.tolist() for part in (split.train, split.val, split.test)]
    assert sorted(chain(*parts)) == list(range(rows))
    # In the order of the table.
    assert parts == [sorted(part) for part in parts]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(80, 200),
    val_size=st.integers(0, 30),
    other_size=st.integers(0, 30),
    test_size=st.integers(1, 40),
    seed=seeds,
)
def test_test_rows_do_not_depend_on_val_size(
    rows: int, val_size: int, other_size: int, test_size: int, seed: int
) -> None:
    one = split_rows(rows, val_size, test_size, seed)
    other = split_rows(rows, other_size, test_size, seed)

    assert torch.equal(one.test, other.test)


def test_another_seed_holds_out_other_rows() -> None:
    held_out = {tuple(split_rows(1000, 100, 100, seed).test.tolist()) for seed in range(10)}

    assert len(held_out) == 10


def test_every_row_is_equally_likely_to_be_held_out() -> None:
    rows, seeds_drawn = 20, 2000
    held_out = torch.stack(
        [
            torch.bincount(split_rows(rows, 0, 5, seed).test, minlength=rows)
            for seed in range(seeds_drawn)
        ]
    )

    # Each row is held out with probability 1/4.
    times = held_out.sum(0).double()
    deviation = (seeds_drawn * 0.25 * 0.75) ** 0.5
    assert ((times - seeds_drawn * 0.25).abs() < 5 * deviation).all()


@pytest.mark.parametrize(
    ("rows", "val_size", "test_size"),
    [(10, 5, 5), (10, 10, 0), (10, 0, 11), (2, 0.1, 0.1), (1, 0.5, 0), (10, 0.5, 0.5)],
)
def test_a_split_without_training_rows_is_refused(
    rows: int, val_size: float, test_size: float
) -> None:
    with pytest.raises(ConfigError, match="none is left for training") as caught:
        split_rows(rows, val_size, test_size, 0)

    assert f"data.val_size={val_size:g} and data.test_size={test_size:g}" in str(caught.value)
    assert f"of {rows} rows" in str(caught.value)


def test_a_table_of_one_row_is_a_training_row() -> None:
    split = split_rows(1, 0, 0, 0)

    assert split.train.tolist() == [0]
    assert len(split.val) == len(split.test) == 0
