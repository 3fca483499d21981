"""What tests of the engine compare: jobs that train side by side, and each of them alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from tests.composing import composed
from tests.experiments import record, trained

from seedbed.config.spec import run_spec
from seedbed.engines.fused.engine import Engine
from seedbed.experiment.training.experiment import Experiment
from seedbed.runs.outcome import RunOutcome
from seedbed.sweep.planning.compatibility import why_alone
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import numbers_of

Job = Sequence[str]
QUIET = ("callbacks=quiet", "logger=none", "trainer=cpu")
DOUBLE = "trainer.precision=64-true"
STOPS = "+callback@callbacks.early_stopping=early_stopping"
# As many rows a split as a batch, so that few programs are recorded.
SPLIT = ("data.val_size=4", "data.test_size=4")
LINE = ("data=linear_noise", "data.rows=20", "data.features=2", "data.batch_size=4")
TWO = ("data=clusters", "data.rows=20", "data.batch_size=4")
BLOBS = ("data=blobs", "data.rows=20", "data.features=3", "data.classes=4", "data.batch_size=4")
MLP = ("model=mlp", "model.hidden=[5]")
RATES = (("optimizer.lr=0.01",), ("optimizer.lr=0.003", "seed=1"), ("optimizer.lr=0.05", "seed=2"))


EPOCHS = "trainer.max_epochs=3"


def together(folder: Path, common: Job, jobs: Sequence[Job], points: int = 100) -> list[RunOutcome]:
    configs = [composed(*QUIET, *common, *job) for job in jobs]
    assert [why_alone(config) for config in configs] == [""] * len(jobs)
    numbers = [numbers_of(config) for config in configs]
    group = make_group(run_spec(configs[0]), numbers, points)
    outcomes = Engine(group).train()
    assert not (folder / "nowhere").exists()
    return outcomes


def assert_as_alone(folder: Path, outcome: RunOutcome, rtol: float, *overrides: str) -> None:
    alone = trained(folder, *QUIET[1:], *overrides)
    fields = record(folder)
    assert (outcome.status, outcome.error) == (fields["status"], fields["error"])
    assert outcome.stopped == fields["stopped"]
    assert_close(outcome.metrics, metrics_of(alone), rtol)
    for name in ("best", "last"):
        kept, expected = getattr(outcome, name), getattr(alone.checkpoint, name)
        if expected is None:
            assert kept is None
            continue
        assert (kept.epoch, kept.step) == (expected.epoch, expected.step), name
        assert_close(trained_on(kept.metrics), trained_on(expected.metrics), rtol)
        assert list(kept.weights) == list(expected.weights)
        for key, value in expected.weights.items():
            torch.testing.assert_close(kept.weights[key], value, rtol=rtol, atol=rtol / 10)


def metrics_of(alone: Experiment) -> dict[str, float]:
    """Return the metrics of the last epoch, and those of the test rows."""
    return {**alone.module.epoch_metrics, **alone.module.tested_metrics}


def assert_close(found: dict[str, float], expected: dict[str, float], rtol: float) -> None:
    assert sorted(found) == sorted(expected)
    assert found == pytest.approx(expected, rel=rtol, abs=rtol / 10, nan_ok=True)


def trained_on(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if not name.startswith("test/")}


def compare(folder: Path, common: Job, jobs: Sequence[Job] = RATES) -> list[RunOutcome]:
    """Train jobs side by side, then each alone."""
    common = common if any("max_epochs" in one for one in common) else (*common, EPOCHS)
    rtol = 1e-9 if DOUBLE in common else 1e-4
    outcomes = together(folder, common, jobs)
    for number, (outcome, job) in enumerate(zip(outcomes, jobs, strict=True)):
        assert_as_alone(folder / str(number), outcome, rtol, *common, *job)
    return outcomes
