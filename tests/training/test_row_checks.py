"""Rows that a task cannot be trained on are refused by their numbers."""

from typing import Any

import pytest
import torch
from torch import tensor

from seedbed.errors import DoesNotFit
from seedbed.training.row_checks import require_rows
from seedbed.training.tasks import Binary, Multiclass, Regression

NAN, INF = float("nan"), float("inf")
X = torch.zeros(4, 2)


def check(task: Any, batch: Any, outputs: int = 1) -> None:
    require_rows("data.train", [10, 11, 12, 13], batch, task, [2], outputs, ["a", "b"])


@pytest.mark.parametrize(
    ("task", "batch", "said"),
    [
        (Regression(), {"x": X}, "a row is a dict, and a pair (input, target) is needed"),
        (Regression(), X, "a row is a Tensor, and a pair"),
        (Regression(), (X, X, X, X), "a row is 4 values, and a pair"),
        (Regression(), (X, X[:, :1], X), "the third value of a row is its weight, one number, and"),
        (Regression(), (X, X[:, :1], tensor([1, -1, 0, 1])), "the weight of row 11 (counted from"),
        (Regression(), (X, X[:, :1], tensor([1.0, NAN, 0, 1])), "the weight of row 11 (counted"),
        (Regression(), (X, ["a"] * 4), "the target of a row is a list, and a tensor is needed"),
        (Regression(), (torch.zeros(4, 3), X), "shape [3], and data.input_shape is [2]"),
        (Regression(), (X, X), "a target has 2 numbers, and data.output_size is 1"),
        (
            Regression(),
            (tensor([[0, 0], [0, NAN], [0, 0], [INF, 0]]), X[:, :1]),
            "the input of rows 11, 13 (counted from 0) is not finite: row 11, column 'b', is nan",
        ),
        (
            Regression(),
            (X, tensor([0, 0, -INF, 0])),
            "the target of row 12 (counted from 0) is not finite: row 12 is -inf",
        ),
        (Binary(), (X, tensor([1, 2, 1, 2])), "rows 11, 13 (counted from 0) is outside the 2"),
        (Binary(), (X, tensor([0, 1, 0.3, 1])), "row 12 (counted from 0) is no class: 0.3"),
        (Multiclass(3), (X, tensor([1, 2, 3, -1])), "rows 12, 13 (counted from 0) is outside"),
        (Multiclass(3), (X, tensor([1, 2, 3, 3])), "classes: 3; right is a whole number from 0"),
        (Multiclass(3), (X, torch.full((4, 3), 0.3)), "rows 10, 11, 12, 13 (counted from 0) holds"),
        (Multiclass(3), (X, torch.full((4, 2), 0.5)), "or 3 floats, the probability of each class"),
        (Multiclass(3), (X, tensor([0.0, NAN, 1, 2])), "row 11 is nan"),
    ],
)
def test_wrong_rows_are_named(task: Any, batch: Any, said: str) -> None:
    with pytest.raises(DoesNotFit) as caught:
        check(task, batch)
    assert said in str(caught.value)
    assert str(caught.value).startswith("data.train: ")


@pytest.mark.parametrize(
    ("task", "targets"),
    [
        (Regression(), torch.zeros(4)),
        (Regression(), torch.zeros(4, 1, dtype=torch.int64)),
        (Binary(), tensor([0, 1, 1, 0])),
        (Binary(), tensor([True, False, True, True])),
        (Binary(), tensor([[0.0], [1.0], [1.0], [0.0]])),
        (Multiclass(3), tensor([0, 1, 2, 2], dtype=torch.uint8)),
        (Multiclass(3), tensor([0.0, 1, 2, 2])),
        (Multiclass(3), tensor([[0.2, 0.3, 0.5]] * 3 + [[0.0, 1, 0]])),
    ],
)
def test_right_rows_are_accepted(task: Any, targets: torch.Tensor) -> None:
    check(task, (X, targets))
    check(task, (X, targets, tensor([0.0, 2, 0.5, 0])))


def test_of_many_rows_the_first_are_shown() -> None:
    with pytest.raises(DoesNotFit, match=r"rows 0, 1, 2, 3, 4 and 95 more \(counted from 0\)"):
        require_rows("rows", range(100), (torch.full((100, 2), NAN), X), Regression(), [2], 1)
