"""How far answers differ."""

import math

import pytest
import torch

from seedbed.experiment.export.comparison import largest_difference

RUN = torch.tensor([[1000.0, 0.1], [500.0, -0.2]])


@pytest.mark.parametrize(
    ("exported", "absolute", "expected"),
    [
        ([[1000.0, 0.1], [500.0, -0.2]], False, 0.0),
        ([[1000.0, 0.1], [510.0, -0.2]], False, 0.01),
        ([[1000.0, 0.1], [510.0, -0.2]], True, 10.0),
        ([[1000.0, 0.15], [500.0, -0.2]], False, 0.25),
        ([[math.nan, 0.1], [500.0, -0.2]], False, math.inf),
        ([[1000.0], [500.0]], False, math.inf),
    ],
)
def test_columns_are_compared_by_their_largest_value(
    exported: list[list[float]], absolute: bool, expected: float
) -> None:
    difference = largest_difference(torch.tensor(exported), RUN, absolute=absolute)
    assert difference == pytest.approx(expected, rel=1e-6)


def test_what_is_unknown_in_both_is_the_same() -> None:
    unknown = torch.tensor([[math.nan], [2.0], [0.0]])
    assert largest_difference(unknown, unknown.clone(), absolute=False) == 0
    assert largest_difference(torch.zeros(2, 1), torch.zeros(2, 1), absolute=False) == 0
