"""Row numbers of splits as text, and back."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seedbed.runs.provenance.splits import SplitRows, rows_of_text, splits_text


@given(st.sets(st.integers(0, 300)))
def test_rows_can_be_read_back(numbers: set[int]) -> None:
    rows = np.array(sorted(numbers), dtype=np.int64)

    content = json.loads(splits_text({"val": SplitRows(len(rows), rows)}))

    assert content["val"]["count"] == len(numbers)
    assert rows_of_text(content["val"]["rows"]) == sorted(numbers)


def test_the_text_is_short_and_says_where_there_are_no_numbers() -> None:
    val = SplitRows(6, np.array([0, 1, 2, 5, 7, 8]))
    text = splits_text({"train": SplitRows(None), "val": val})

    assert json.loads(text) == {
        "train": {"count": None, "rows": None},
        "val": {"count": 6, "rows": "0-2,5,7-8"},
    }
