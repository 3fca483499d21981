"""Targets far from unit scale are said, and others are not."""

import pytest
import torch

from seedbed.analysis.suspicions.targets import unscaled_targets

UNIT = torch.tensor([[-1.0], [1.0]])


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (4202 + 802 * UNIT, "mean 4,202 and deviation 802"),
        (50 * UNIT, "mean 0 and deviation 50"),
        (100 + UNIT, "mean 100 and deviation 1"),
        (0.001 * UNIT, "mean 0 and deviation 0.001"),
        (4202 + 802 * UNIT.flatten().int(), "mean 4,202 and deviation 802"),
    ],
)
def test_targets_far_from_unit_scale(targets: torch.Tensor, said: str) -> None:
    line = f"the target has {said}: data.target_scale=standard trains on scaled ones"
    assert list(unscaled_targets(targets, ["y"])) == [line]


@pytest.mark.parametrize("targets", [UNIT, 9 * UNIT, 10 + 0 * UNIT, 99 + 0 * UNIT, UNIT[:0]])
def test_targets_near_it_or_that_no_scale_changes(targets: torch.Tensor) -> None:
    assert list(unscaled_targets(targets)) == []


def test_of_several_targets_the_first_is_named() -> None:
    targets = torch.cat([UNIT, 30 * UNIT, 20 * UNIT], 1)
    [line] = unscaled_targets(targets, ["a", "b", "c"])
    assert line.startswith("the target 'b' has mean 0 and deviation 30 (1 more are alike): ")
