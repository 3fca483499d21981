"""The benchmark of tables: its folds, verdicts and large file are what it says."""

from pathlib import Path

import numpy as np
import polars as pl
from scripts.tables import Data, compared, data_of, folds_of, prepared, write_large


def test_the_folds_are_those_of_seedbed_and_cover_all_rows(tmp_path: Path) -> None:
    data = data_of("iris", tmp_path)
    folds = list(folds_of(data))
    assert len(folds) == 5
    assert sorted(np.concatenate([val for _, val in folds])) == list(range(150))
    for train, val in folds:
        assert sorted([*train, *val]) == list(range(150))
        assert np.bincount(data.targets[val]).tolist() == [10, 10, 10]


def test_no_worse_than_a_standard_deviation() -> None:
    theirs = ([1.0, 3.0], 0.1)
    assert compared("t", ([2.9, 2.9], 1.0), theirs, lower=True)[3].endswith("reached")
    assert compared("t", ([3.1, 3.1], 1.0), theirs, lower=True)[3].endswith("MISSED")
    assert compared("t", ([1.1, 1.1], 1.0), theirs, lower=False)[3].endswith("reached")
    assert compared("t", ([0.9, 0.9], 1.0), theirs, lower=False)[3].endswith("MISSED")


def test_the_large_table_is_read_and_prepared(tmp_path: Path) -> None:
    write_large(tmp_path / "large.csv", 300)
    assert pl.read_csv(tmp_path / "large.csv").shape == (300, 30)
    # 25 numbers, and the words of all categories but the target: 7 + 11 + 15 + 19.
    assert prepared()(str(tmp_path / "large.csv")).shape == (300, 25 + 52)


def test_a_regression_is_said_to_be_one() -> None:
    data = Data("diabetes", Path("d.csv"), np.zeros((1, 1)), np.zeros(1))
    assert "data.columns={target: number}" in data.words
