"""Sample weights: what they may be."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from seedbed.data.weights import require_weights
from seedbed.errors import DoesNotFit


@pytest.mark.parametrize("column", [[0, 1.5, 2], np.array([0, 1.5, 2]), pl.Series([0.0, 1.5, 2.0])])
def test_weights_are_numbers_of_at_least_0(column: Any) -> None:
    assert require_weights("w", column, "the rows").tolist() == [0, 1.5, 2]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([1, -2.0, -1], "the weight of row 1 (counted from 0) of the rows is below 0: -2, and 1"),
        ([1, 2, float("nan")], "row 2 (counted from 0) of the rows is not finite: nan"),
        ([float("inf"), 2], "row 0 (counted from 0) of the rows is not finite: inf"),
        (pl.Series([1.0, None]), "row 1 (counted from 0) of the rows is not finite"),
        ([0, 0, 0], "all 3 weights of the rows are 0"),
        (["1", "much"], "a weight is a number, and row 1 (counted from 0) has 'much'"),
        ([[1], [2]], "it has [1] values a row, not one"),
    ],
)
def test_others_are_refused_with_their_row(column: Any, said: str) -> None:
    with pytest.raises(DoesNotFit) as caught:
        require_weights("w", column, "the rows")

    assert str(caught.value).startswith("data.weight=w: ")
    assert said in str(caught.value)
