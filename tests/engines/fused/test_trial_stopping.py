"""Trials that a rule stops in the fused engine: their outcomes, the others', and their states."""

from copy import deepcopy

import numpy as np
import pytest
from tests.composing import composed
from tests.engines.fused.comparison import BLOBS, DOUBLE, QUIET, SPLIT

from seedbed.config.metrics import Objective
from seedbed.config.spec import run_spec
from seedbed.engines.fused.engine import Engine
from seedbed.runs.outcome import RunOutcome
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import numbers_of
from seedbed.training.trial_stopping.halving import Halving
from seedbed.training.trial_stopping.judge import Judge

COMMON = (*QUIET, *BLOBS, *SPLIT, "model=mlp", "model.hidden=[4]", "optimizer=adam", DOUBLE)
RATES = (1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 0.1)


def engine(epochs: int = 6, only: int | None = None) -> Engine:
    """Return an engine of some learning rates, or of one of them alone, which nothing stops."""
    rates = RATES if only is None else (RATES[only],)
    configs = [
        composed(*COMMON, f"trainer.max_epochs={epochs}", f"optimizer.lr={rate}") for rate in rates
    ]
    judge = Judge(Halving((1, 2, 4), 2), [Objective("val/loss", "min")], range(len(rates)))
    numbers = [numbers_of(config) for config in configs]
    judged = judge if only is None else None
    return Engine(make_group(run_spec(configs[0]), numbers, judge=judged))


@pytest.fixture(scope="module")
def whole() -> list[RunOutcome]:
    return engine().train()


def test_at_every_rung_the_better_half_goes_on(whole: list[RunOutcome]) -> None:
    epochs = [outcome.metrics_epoch for outcome in whole]
    assert sorted(map(int, filter(None, epochs))) == [1, 1, 1, 2, 2, 6]
    for outcome in whole:
        is_whole = outcome.metrics_epoch == 6
        assert outcome.status == ("completed" if is_whole else "stopped_early")
        if not is_whole:
            assert isinstance(outcome.stopped, dict)
            rung = (1, 2).index(outcome.metrics_epoch or 0)
            reason = outcome.stopped["reason"]
            place, of = reason.split(" at ")[0].split()[1::2]
            assert int(place) > int(of) // 2
            assert int(of) == (6, 3)[rung]
            stopped = {"rule": "halving", "rung": rung, "epoch": rung + 1, "reason": reason}
            assert outcome.stopped == stopped


@pytest.mark.parametrize("job", [0, 3, 5])
def test_a_stopped_trial_is_what_a_shorter_run_would_have_been(
    whole: list[RunOutcome], job: int
) -> None:
    found = whole[job]
    [alone] = engine(found.metrics_epoch or 0, only=job).train()
    assert found.best is not None
    assert alone.best is not None
    assert found.best.epoch == alone.best.epoch
    for name, value in alone.metrics.items():
        assert found.metrics[name] == pytest.approx(value, rel=1e-9)
    assert found.curves is not None
    assert found.curves.epochs.tolist()[-1] == found.metrics_epoch


def test_it_goes_on_in_mid_search_to_the_same_bits(whole: list[RunOutcome]) -> None:
    states = []
    engine().train(lambda trained: states.append(deepcopy(trained.state())))
    for state in states[:4]:
        later = engine()
        later.restore(state)
        for found, expected in zip(later.train(), whole, strict=True):
            assert (found.status, found.stopped) == (expected.status, expected.stopped)
            assert found.metrics == expected.metrics
            assert found.curves is not None
            assert expected.curves is not None
            np.testing.assert_array_equal(found.curves.epochs, expected.curves.epochs)
