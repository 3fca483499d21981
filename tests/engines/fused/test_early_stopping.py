"""Early stopping of many jobs, against Lightning's own fed with the same curves."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_lightning.callbacks import EarlyStopping as Reference
from pytorch_lightning.trainer.states import TrainerFn

from seedbed.engines.fused.early_stopping import EarlyStoppingRule, JobStopping

METRIC = "val/loss"
# Few values, so that some are equal and some are a smallest change apart.
values = st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.5, 1.0, -1.0, float("nan"), float("inf")])
rules = st.builds(
    EarlyStoppingRule,
    monitor=st.just(METRIC),
    mode=st.sampled_from(["min", "max"]),
    min_delta=st.sampled_from([0.0, 0.1, 0.25]),
    patience=st.integers(0, 3),
)


def stops_by_lightning(rule: EarlyStoppingRule, curve: list[float]) -> int | None:
    """Return the epoch after which Lightning stops."""
    callback = Reference(rule.monitor, rule.min_delta, rule.patience, mode=rule.mode)
    trainer: Any = SimpleNamespace(
        callback_metrics={},
        fast_dev_run=False,
        should_stop=False,
        current_epoch=0,
        sanity_checking=False,
        state=SimpleNamespace(fn=TrainerFn.FITTING),
        strategy=SimpleNamespace(reduce_boolean_decision=lambda decision, all: decision),
    )
    for epoch, value in enumerate(curve, start=1):
        trainer.callback_metrics[METRIC] = torch.tensor(value, dtype=torch.float64)
        callback._run_early_stopping_check(trainer)
        if trainer.should_stop:
            return epoch
    return None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(rules | st.none(), st.lists(values, min_size=8, max_size=8)), min_size=1))
def test_every_job_stops_when_lightning_would_stop_it(
    jobs: list[tuple[EarlyStoppingRule | None, list[float]]],
) -> None:
    stopping = JobStopping([rule for rule, _ in jobs])
    curves = np.array([curve for _, curve in jobs])
    row_of, running = np.arange(len(jobs)), np.ones(len(jobs), dtype=bool)
    found: dict[int, int] = {}
    for epoch in range(1, 9):
        metrics = {METRIC: curves[row_of, epoch - 1]}
        for row, reason in stopping.after_epoch(epoch, metrics, running).items():
            rule = stopping.rules[row]
            assert rule is not None
            waited = max(rule.patience, 1)  # Without patience the first one ends it.
            epochs = "1 epoch" if waited == 1 else f"{waited} epochs"
            waited = f"has not improved for {epochs}"
            why = waited if np.isfinite(metrics[METRIC][row]) else "is not finite"
            assert reason == f"after epoch {epoch}: {METRIC} {why}"
            found[int(row_of[row])] = epoch
            running[row] = False
        if epoch == 4 and running.any():
            kept = np.flatnonzero(running)
            stopping.keep(kept)
            row_of, running = row_of[kept], running[kept]
    for number, (rule, curve) in enumerate(jobs):
        expected = None if rule is None else stops_by_lightning(rule, curve)
        assert found.get(number) == expected, (rule, curve)


def test_an_epoch_without_the_metric_does_not_count() -> None:
    stopping = JobStopping([EarlyStoppingRule(METRIC, "min", 0.0, 1)])
    running, worse = np.array([True]), {METRIC: np.array([1.0])}
    assert stopping.after_epoch(1, worse, running) == {}
    assert stopping.after_epoch(2, {"train/loss": np.array([1.0])}, running) == {}
    assert list(stopping.after_epoch(3, worse, running)) == [0]


@pytest.mark.parametrize("rule", [None, EarlyStoppingRule(METRIC, "min", 0.0, 0)])
def test_jobs_that_have_ended_are_not_stopped(rule: EarlyStoppingRule | None) -> None:
    stopping = JobStopping([rule])
    for epoch in (1, 2, 3):
        metrics = {METRIC: np.array([float(epoch)])}
        assert stopping.after_epoch(epoch, metrics, np.array([False])) == {}


# The first job gets better all the time, the others do not: they may wait for 3 epochs, and for 4.
CURVES = np.array([[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 2.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0, 1.0]])


def stops_of(stopping: JobStopping, rows: list[int], epochs: range) -> dict[int, int]:
    """Return the epoch after which jobs stop, by their row."""
    found: dict[int, int] = {}
    for epoch in epochs:
        running = np.array([row not in found for row in range(len(rows))])
        measured = {METRIC: CURVES[rows, epoch - 1]}
        found |= dict.fromkeys(stopping.after_epoch(epoch, measured, running), epoch)
    return found


def rules_of_three() -> JobStopping:
    return JobStopping([EarlyStoppingRule(METRIC, "min", 0.0, patience) for patience in (1, 3, 4)])


def test_the_jobs_that_go_on_keep_their_counts() -> None:
    stopping = rules_of_three()
    assert stops_of(stopping, [0, 1, 2], range(1, 4)) == {}
    stopping.keep(np.array([1, 2]))
    assert stops_of(stopping, [1, 2], range(4, 6)) == {0: 4, 1: 5}


def test_saved_counts_go_on_as_they_would_have() -> None:
    stopping, later = rules_of_three(), rules_of_three()
    assert stops_of(stopping, [0, 1, 2], range(1, 4)) == {}
    later.restore(stopping.state())
    assert stops_of(later, [0, 1, 2], range(4, 6)) == {1: 4, 2: 5}
