"""What is kept of every job: curves, the best epoch, how it ended."""

import numpy as np
import pytest
import torch

from seedbed.sweep.journal import Journal, logged_epochs

ALL = np.array([True, True])
JOBS = np.array([0, 1])


def metrics(*losses: float, **more: list[float]) -> dict[str, np.ndarray]:
    return {"val/loss": np.array(losses), **{k: np.array(v) for k, v in more.items()}}


@pytest.mark.parametrize(("epochs", "points"), [(1, 2), (5, 100), (100, 100), (101, 100), (999, 7)])
def test_logged_epochs_begin_and_end_with_the_run(epochs: int, points: int) -> None:
    found = sorted(logged_epochs(epochs, points))
    assert (found[0], found[-1]) == (1, epochs)
    assert len(found) == min(epochs, points)
    gaps = np.diff(found)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


@pytest.mark.parametrize(("mode", "best"), [("min", [2, 1]), ("max", [1, 3])])
def test_the_best_epoch_is_each_jobs_own_and_the_first_of_equal_ones(
    mode: str, best: list[int]
) -> None:
    journal = Journal([3, 3], "val/loss", mode, 10)
    for epoch, losses in enumerate([(3.0, 1.0), (1.0, 1.0), (1.0, 2.0)], start=1):
        journal.improve(epoch, 10 * epoch, metrics(*losses), JOBS, ALL)
    for job in range(2):
        journal.keep_best(job, {"w": torch.tensor(float(job))})
    kept = [outcome.best for outcome in journal.outcomes()]
    assert [one.epoch for one in kept] == best
    assert [one.step for one in kept] == [10 * epoch for epoch in best]
    assert [float(one.weights["w"]) for one in kept] == [0.0, 1.0]


def test_a_first_value_that_is_no_number_is_never_surpassed_as_alone() -> None:
    # seedbed.callbacks.Checkpoint keeps the first epoch whatever its metric.
    journal = Journal([2, 2], "val/loss", "min", 10)
    assert journal.improve(1, 1, metrics(np.nan, 1.0), JOBS, ALL).tolist() == [True, True]
    assert journal.improve(2, 2, metrics(0.5, np.nan), JOBS, ALL).tolist() == [False, False]


def test_rows_need_not_be_all_jobs() -> None:
    journal = Journal([2, 2, 2], "val/loss", "min", 10)
    rows, running = np.array([2, 0]), np.array([True, False])
    journal.log(1, metrics(5.0, 7.0), rows, running)
    assert journal.improve(1, 4, metrics(5.0, 7.0), rows, running).tolist() == [True, False]
    journal.complete(2, 1, 4, "because", {})
    journal.keep_best(2, {})
    outcome = journal.outcomes()[2]
    assert (outcome.metrics, outcome.stopped) == ({"val/loss": 5.0}, "because")
    assert (outcome.best.metrics, outcome.last.metrics) == ({"val/loss": 5.0}, {"val/loss": 5.0})
    others = journal.outcomes()[:2]
    assert [len(one.curves.epochs) for one in others] == [0, 0]


def test_a_job_without_the_watched_metric_has_no_best() -> None:
    journal = Journal([1], "val/loss", "min", 10)
    one = {"train/loss": np.array([1.0])}
    assert journal.improve(1, 1, one, np.array([0]), np.array([True])).tolist() == [False]
    journal.keep_best(0, {})
    assert journal.outcomes()[0].best is None


def test_a_diverged_job_keeps_what_it_had() -> None:
    journal = Journal([3, 3], "val/loss", "min", 10)
    journal.log(1, metrics(2.0, 1.0), JOBS, ALL)
    journal.diverge(0, "the loss became nan", 1, 5, {})
    journal.log(2, metrics(np.nan, 0.5), JOBS, np.array([False, True]))
    outcome = journal.outcomes()[0]
    assert (outcome.status, outcome.error) == ("diverged", "the loss became nan")
    assert (outcome.metrics, outcome.last.epoch, outcome.last.step) == ({"val/loss": 2.0}, 1, 5)
    assert outcome.curves.epochs.tolist() == [1]
    early = Journal([3], "val/loss", "min", 10)
    early.diverge(0, "error", 0, 0, {})
    assert (early.outcomes()[0].last, early.outcomes()[0].metrics) == (None, {})


def test_what_the_test_measures_belongs_to_the_best_epoch() -> None:
    journal = Journal([1, 1], "val/loss", "min", 10)
    journal.log(1, metrics(2.0, 1.0), JOBS, ALL)
    journal.improve(1, 1, metrics(2.0, 1.0), JOBS, ALL)
    for job in (0, 1):
        journal.complete(job, 1, 1, None, {})
        journal.keep_best(job, {})
    journal.test(np.array([1]), {"test/loss": np.array([9.0])})
    first, second = journal.outcomes()
    assert second.metrics == second.best.metrics == {"val/loss": 1.0, "test/loss": 9.0}
    assert "test/loss" not in first.metrics


def test_curves_have_the_last_epoch_of_each_job() -> None:
    journal = Journal([9, 4], "val/loss", "min", 2)
    for epoch in range(1, 10):
        running = np.array([True, epoch <= 4])
        journal.log(epoch, metrics(float(epoch), -float(epoch)), JOBS, running)
    long, short = (outcome.curves for outcome in journal.outcomes())
    assert (long.epochs.tolist(), long.values["val/loss"].tolist()) == ([1, 9], [1.0, 9.0])
    assert (short.epochs.tolist(), short.values["val/loss"].tolist()) == ([1, 4], [-1.0, -4.0])


def test_a_job_that_stops_early_has_its_last_epoch_in_the_curve() -> None:
    # Alone, on_train_end logs the last epoch, whichever it was.
    journal = Journal([100, 100], "val/loss", "min", 2)
    for epoch in (1, 2, 3):
        journal.log(epoch, metrics(float(epoch), float(epoch)), JOBS, ALL)
    journal.complete(0, 3, 3, "stopped", {})
    assert journal.outcomes()[0].curves.epochs.tolist() == [1, 3]
