"""Trials that train by themselves, and stop as those side by side do."""

import warnings
from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from seedbed.callbacks import TrialStopping
from seedbed.config.metrics import Objective
from seedbed.training.trial_stopping.halving import Halving
from seedbed.training.trial_stopping.judge import EarlierTrial, Judge

# Four trials: after the second epoch all were better.
EARLIER = [EarlierTrial(n, "completed", {1: [1.0 + n], 2: [0.1]}) for n in range(4)]


def callback(earlier: Any = EARLIER) -> TrialStopping:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TrialStopping(
            Judge(Halving((1, 2), 2), [Objective("val/loss", "min")], [9], earlier)
        )


def trained(stopping: TrialStopping, values: list[float], first: int = 1) -> int:
    """Return the epoch after which training ends."""
    module: Any = SimpleNamespace(net=nn.Linear(1, 1), epoch_metrics={})
    trainer: Any = SimpleNamespace(max_epochs=4, should_stop=False, world_size=1)
    stopping.on_train_start(trainer, module)
    for epoch, value in enumerate(values, start=first):
        if trainer.should_stop:
            return epoch - 1
        trainer.current_epoch, module.epoch_metrics = epoch - 1, {"val/loss": value}
        stopping.on_train_epoch_end(trainer, module)
    return first + len(values) - 1


def test_a_trial_stops_at_the_rung_at_which_others_were_better() -> None:
    stopping, told = callback(), []
    assert stopping.judge is not None
    stopping.judge.hand_on = lambda judge: told.append(judge.reports(0))
    assert trained(stopping, [1.5, 0.5, 0.4, 0.3]) == 2
    reason = "place 5 of 5 at rung 1; the best 1/2 go on"
    assert stopping.stopped == {"rule": "halving", "rung": 1, "epoch": 2, "reason": reason}
    stopping.on_train_end(None, None)  # type: ignore[arg-type]
    assert told == [{1: [1.5], 2: [0.5]}]
    assert trained(callback(()), [1.5, 0.5, 0.4, 0.3]) == 4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert trained(TrialStopping(None), [1.5, 0.5, 0.4, 0.3]) == 4


@pytest.mark.parametrize("epochs", [1, 2])
def test_it_goes_on_from_a_checkpoint_as_it_would_have(epochs: int) -> None:
    values = [1.5, 0.5, 0.4, 0.3]
    stopping, later = callback(), callback()
    trained(stopping, values[:epochs])
    later.load_state_dict(stopping.state_dict())
    assert trained(later, values[epochs:], epochs + 1) == 2
    assert later.stopped is not None
    assert later.judge is not None
    assert later.judge.reports(0) == {1: [1.5], 2: [0.5]}
