"""Jobs go on with the state of a wider group."""

import pytest
import torch
from tests.composing import composed
from tests.engines.fused.comparison import LINE, QUIET

from seedbed.config.spec import run_spec
from seedbed.engines.fused.engine import Engine
from seedbed.engines.fused.saved.fitting import fits
from seedbed.engines.fused.saved.selection import select
from seedbed.engines.fused.saved.widths import as_wide
from seedbed.runs.outcome import RunOutcome
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import numbers_of

WORDS = (*QUIET, *LINE, "model=mlp", "optimizer=adam", "freeze.parameters=[output_linear.bias]")
SIZES = ("2", "6", "3")


def engine(epochs: int, *sizes: str) -> Engine:
    configs = [
        composed(*WORDS, f"model.hidden_size={size}", f"trainer.max_epochs={epochs}")
        for size in sizes
    ]
    return Engine(make_group(run_spec(configs[0]), [numbers_of(config) for config in configs]))


def test_some_jobs_of_a_group_go_on_as_all_of_them_would() -> None:
    expected = engine(4, *SIZES).train()
    begun = engine(2, *SIZES)
    begun.train()
    # Without the widest, and with all of its room.
    for places in ([2, 0], [1]):
        goes_on_as_expected(begun, places, expected)


def goes_on_as_expected(begun: Engine, places: list[int], expected: list[RunOutcome]) -> None:
    later = engine(4, *(SIZES[place] for place in places))
    state = as_wide(select(begun.state(), places, 2), later.layout, later.widths.shapes)
    assert fits(state, later.state())
    later.restore(state)
    for outcome, place in zip(later.train(), places, strict=True):
        assert outcome.metrics == pytest.approx(expected[place].metrics, rel=1e-6)
        for name in ("best", "last"):
            own, whole = (getattr(of, name).weights for of in (outcome, expected[place]))
            assert own["hidden_linear.weight"].shape == (int(SIZES[place]), 2)
            for key, value in whole.items():
                torch.testing.assert_close(own[key], value)


def test_a_state_of_other_networks_does_not_fit() -> None:
    state, later = engine(1, "2").state(), engine(1, "2", "3")
    for shapes in ({}, {"x": [1]}):
        with pytest.raises(ValueError, match="other networks"):
            as_wide({**state, "shapes": shapes}, later.layout, later.widths.shapes)
    for shape in ([1, 2], [2, -2]):
        few = state["shapes"] | {"hidden_linear.weight": shape}
        changed = as_wide({**state, "shapes": few}, later.layout, later.widths.shapes)
        assert not fits(changed, later.state())
