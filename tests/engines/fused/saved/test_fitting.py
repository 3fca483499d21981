"""A saved state has the keys, types and shapes of a new one, but for the number of jobs."""

from typing import Any

import pytest
import torch

from seedbed.engines.fused.saved.fitting import fits

NEW = {
    "epoch": 0,
    "rows": torch.zeros(4, 3),
    "best": (torch.zeros(4, 3), {"a": torch.zeros(4, 2)}),
    "history": {"curves": []},
}


@pytest.mark.parametrize(
    ("change", "fit"),
    [
        ({}, True),
        ({"rows": torch.ones(2, 3)}, True),
        ({"history": {"curves": [1], "more": 2}}, True),
        ({"rows": torch.ones(2, 4)}, False),
        ({"rows": torch.ones(4, 3, dtype=torch.float64)}, False),
        ({"rows": torch.ones(4)}, False),
        ({"rows": None}, False),
        ({"epoch": "3"}, False),
        ({"best": (torch.zeros(4, 3), {})}, False),
        ({"best": torch.zeros(4, 3)}, False),
        ({"history": []}, False),
        ({"more": 1}, False),
    ],
)
def test_a_state_fits(change: dict[str, Any], fit: bool) -> None:
    assert fits({**NEW, **change}, NEW) is fit
