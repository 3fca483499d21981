"""Tests of the range of inputs that rows to predict from are compared with."""

import pytest
import torch
from torch import Tensor

from seedbed.data.input_range import InputRange, far_outside
from seedbed.errors import RunFolderError


def test_a_range_grows_with_what_is_looked_at() -> None:
    first = InputRange.of(torch.tensor([[1.0, -2.0]]))
    assert InputRange.of(torch.tensor([5]), first) == InputRange(-2.0, 5.0)
    for nothing in ((1, 2), torch.zeros(0), torch.tensor([float("nan")])):
        assert InputRange.of(nothing, first) == first


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (torch.tensor([[0.0, 1.9]]), ""),
        (
            torch.tensor([[0.0, 2.1]]),
            "from 0 to 2.1, and those of the training rows from -1 to 0.5",
        ),
        (torch.tensor([[-3.0, 0.0]], dtype=torch.float64), "the inputs are from -3 to 0"),
    ],
)
def test_inputs_far_outside_of_it_are_told(inputs: Tensor, said: str) -> None:
    plain = InputRange(-1.0, 0.5).to_plain()
    found = far_outside(inputs, plain, "run")
    assert said in found
    assert bool(said) == bool(found)


def test_where_no_range_is_stored_nothing_is_told() -> None:
    for stored in (None, {"input_scaling": {}}):
        assert far_outside(torch.ones(1, 1) * 1e9, stored, "run") == ""
    with pytest.raises(RunFolderError, match="run: input_range: most: expected float, got str"):
        far_outside(torch.ones(1, 1), {"input_range": {"least": 0.0, "most": "x"}}, "run")
