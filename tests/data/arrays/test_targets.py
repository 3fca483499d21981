"""The task that targets pose, and their classes as numbers."""

from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seedbed.data.arrays.targets import posed_targets
from seedbed.data.tables.targets import _are_classes
from seedbed.errors import ConfigError

TEN = list(range(10))


@pytest.mark.parametrize(
    ("values", "task", "size", "names", "codes"),
    [
        ([0, 1, 1], "binary", 1, ("0", "1"), [0, 1, 1]),
        ([2, 1, 2], "binary", 1, ("1", "2"), [1, 0, 1]),
        ([-1.0, 1.0, -1.0], "binary", 1, ("-1", "1"), [0, 1, 0]),
        ([True, False], "binary", 1, ("false", "true"), [1, 0]),
        (["no", "yes", "no"], "binary", 1, ("no", "yes"), [0, 1, 0]),
        (["b", "c", "a", "b"], "multiclass", 3, ("a", "b", "c"), [1, 2, 0, 1]),
        ([b"b", b"c", b"a"], "multiclass", 3, ("a", "b", "c"), [1, 2, 0]),
        ([1, 2, 3] * 10, "multiclass", 3, ("1", "2", "3"), [0, 1, 2] * 10),
        (TEN * 10, "multiclass", 10, tuple(map(str, TEN)), TEN * 10),
        # Too few rows for so many classes, and a gap between them.
        (TEN, "regression", 1, (), None),
        ([0, 1, 3] * 10, "regression", 1, (), None),
        ([0.5, 1.0, 2.0], "regression", 1, (), None),
        ([[1.0, 2.0], [3.0, 4.0]], "regression", 2, (), None),
    ],
)
def test_the_task_follows_from_the_targets(
    values: list[Any], task: str, size: int, names: tuple[str, ...], codes: list[int] | None
) -> None:
    posed = posed_targets("y", [np.array(values)])

    assert (posed.task, posed.output_size, posed.class_names) == (task, size, names)
    if codes is None:
        assert posed.parts[0].dtype == torch.float64
        assert posed.parts[0].tolist() == np.reshape(values, (len(values), -1)).tolist()
    else:
        assert posed.parts[0].dtype == torch.int64
        assert posed.parts[0].tolist() == codes


@given(
    values=st.lists(st.integers(-1, 4), min_size=2, max_size=60).filter(lambda v: len(set(v)) > 1)
)
def test_whole_numbers_are_classes_where_they_are_in_a_table(values: list[int]) -> None:
    posed = posed_targets("y", [np.array(values)])

    assert (posed.task != "regression") == _are_classes(pl.Series(values))


def test_what_the_user_says_is_honoured() -> None:
    digits = np.array([0, 2, 9])

    amounts = posed_targets("y", [np.array([0, 1, 1])], "regression")
    gaps = posed_targets("y", [digits], "multiclass", 10)
    few = posed_targets("y", [digits], "multiclass")
    soft = posed_targets("y", [np.array([[0.2, 0.8], [1.0, 0.0]])], "multiclass", 2)

    assert amounts.parts[0].tolist() == [[0], [1], [1]]
    assert (gaps.parts[0].tolist(), gaps.output_size) == ([0, 2, 9], 10)
    assert (few.parts[0].tolist(), few.class_names) == ([0, 1, 2], ("0", "2", "9"))
    assert (soft.parts[0].shape, soft.output_size) == ((2, 2), 2)


def test_parts_have_their_classes_in_common() -> None:
    train, test = np.array(["a", "c"]), np.array(["b"])

    posed = posed_targets("y", [train, test])

    assert [part.tolist() for part in posed.parts] == [[0, 2], [1]]


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        ([1.0, 1.0], {}, "1.0 in every row: nothing to learn"),
        (["a", "b"], {"task": "regression"}, "'a' is a word"),
        (["a", "b", "c"], {"task": "binary"}, "3 different values, and these are to be 2 classes"),
        ([1, 2, 3], {"task": "multiclass", "output_size": 2}, "are to be 2 classes"),
        ([["a", "b"]], {}, "2 words a row, and a class is one"),
        ([], {}, "there are no rows"),
        (3.0, {}, "numbers or words by row are needed"),
    ],
)
def test_targets_of_no_task_are_refused(values: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        posed_targets("data.targets 'y'", [np.array(values)], **options)

    assert str(caught.value).startswith("data.targets 'y': ")
    assert said in str(caught.value)
