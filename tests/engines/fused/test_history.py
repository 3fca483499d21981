"""What is kept of every job: curves, the best epoch, how it ended."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch

from seedbed.engines.fused.history import History, logged_epochs
from seedbed.runs.outcome import EpochState, RunOutcome
from seedbed.training.metrics import LEARNING_RATE

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
    history = History([3, 3], "val/loss", mode, 10)
    for epoch, losses in enumerate([(3.0, 1.0), (1.0, 1.0), (1.0, 2.0)], start=1):
        history.improve(epoch, 10 * epoch, metrics(*losses), JOBS, ALL)
    for job in range(2):
        history.keep_best(job, {"w": torch.tensor(float(job))})
    kept = [outcome.best for outcome in history.outcomes()]
    assert [one.epoch for one in kept] == best
    assert [one.step for one in kept] == [10 * epoch for epoch in best]
    assert [float(one.weights["w"]) for one in kept] == [0.0, 1.0]


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("never", [np.nan, np.inf])
def test_what_is_no_number_is_never_the_best(mode: str, never: float) -> None:
    never = never if mode == "min" else -never
    history = History([3, 3], "val/loss", mode, 10)
    found = [
        history.improve(epoch, epoch, metrics(*losses), JOBS, ALL).tolist()
        for epoch, losses in enumerate([(np.nan, never), (0.5, never), (np.nan, np.nan)], start=1)
    ]
    assert found == [[False, False], [True, False], [False, False]]
    for job in range(2):
        history.complete(job, 3, 3, None, {})
        history.keep_best(job, {})
    assert history.has_best(JOBS).tolist() == [True, False]
    first, second = history.outcomes()
    assert (first.best.epoch, first.warning) == (2, None)
    assert second.best is None
    assert second.warning.startswith("val/loss was a finite number in no epoch")


def test_rows_need_not_be_all_jobs() -> None:
    history = History([2, 2, 2], "val/loss", "min", 10)
    rows, running = np.array([2, 0]), np.array([True, False])
    history.log(1, metrics(5.0, 7.0), rows, running)
    assert history.improve(1, 4, metrics(5.0, 7.0), rows, running).tolist() == [True, False]
    history.complete(2, 1, 4, "because", {})
    history.keep_best(2, {})
    outcome = history.outcomes()[2]
    assert (outcome.metrics, outcome.stopped) == ({"val/loss": 5.0}, "because")
    assert (outcome.best.metrics, outcome.last.metrics) == ({"val/loss": 5.0}, {"val/loss": 5.0})
    others = history.outcomes()[:2]
    assert [len(one.curves.epochs) for one in others] == [0, 0]


def test_a_job_without_the_watched_metric_has_no_best() -> None:
    history = History([1], "val/loss", "min", 10)
    one = {"train/loss": np.array([1.0])}
    assert history.improve(1, 1, one, np.array([0]), np.array([True])).tolist() == [False]
    history.keep_best(0, {})
    assert history.outcomes()[0].best is None


def test_a_diverged_job_keeps_what_it_had() -> None:
    history = History([3, 3], "val/loss", "min", 10)
    history.log(1, metrics(2.0, 1.0), JOBS, ALL)
    history.diverge(0, "the loss became nan", 1, 5, {})
    history.log(2, metrics(np.nan, 0.5), JOBS, np.array([False, True]))
    outcome = history.outcomes()[0]
    assert (outcome.status, outcome.error) == ("diverged", "the loss became nan")
    assert (outcome.metrics, outcome.last.epoch, outcome.last.step) == ({"val/loss": 2.0}, 1, 5)
    assert outcome.curves.epochs.tolist() == [1]
    early = History([3], "val/loss", "min", 10)
    early.diverge(0, "error", 0, 0, {})
    assert (early.outcomes()[0].last, early.outcomes()[0].metrics) == (None, {})


def test_what_the_test_measures_belongs_to_the_best_epoch() -> None:
    history = History([1, 1], "val/loss", "min", 10)
    history.log(1, metrics(2.0, 1.0), JOBS, ALL)
    history.improve(1, 1, metrics(2.0, 1.0), JOBS, ALL)
    for job in (0, 1):
        history.complete(job, 1, 1, None, {})
        history.keep_best(job, {})
    history.test(np.array([1]), {"test/loss": np.array([9.0])})
    first, second = history.outcomes()
    assert second.metrics == second.best.metrics == {"val/loss": 1.0, "test/loss": 9.0}
    assert "test/loss" not in first.metrics


def test_curves_have_the_last_epoch_of_each_job() -> None:
    history = History([9, 4], "val/loss", "min", 2)
    for epoch in range(1, 10):
        running = np.array([True, epoch <= 4])
        history.log(epoch, metrics(float(epoch), -float(epoch)), JOBS, running)
    long, short = (outcome.curves for outcome in history.outcomes())
    assert (long.epochs.tolist(), long.values["val/loss"].tolist()) == ([1, 9], [1.0, 9.0])
    assert (short.epochs.tolist(), short.values["val/loss"].tolist()) == ([1, 4], [-1.0, -4.0])


def test_a_job_that_stops_early_has_its_last_epoch_in_the_curve() -> None:
    # Alone, on_train_end logs the last epoch, whichever it was.
    history = History([100, 100], "val/loss", "min", 2)
    for epoch in (1, 2, 3):
        history.log(epoch, metrics(float(epoch), float(epoch)), JOBS, ALL)
    history.complete(0, 3, 3, "stopped", {})
    assert history.outcomes()[0].curves.epochs.tolist() == [1, 3]


# All that a history does at once, against notes taken of each job by itself.

NAMES = ("train/loss", "val/loss", LEARNING_RATE)
STEPS, EPOCHS, POINTS = 7, 9, 3


@dataclass
class Life:
    """A job: its curves (epochs, names), how long it may train, and when and how it ends."""

    values: np.ndarray
    max_epochs: int
    end: int
    diverges: bool

    @property
    def last(self) -> int:
        """The last epoch whose loss was finite."""
        return self.end - 1 if self.diverges else self.end

    def at(self, epoch: int) -> dict[str, float]:
        pairs = zip(NAMES, self.values[epoch - 1].tolist(), strict=True)
        return {name: value for name, value in pairs if name != LEARNING_RATE}


def lives(seed: int) -> list[Life]:
    random = np.random.default_rng(seed)
    # Few values, so that some are equal; some validations have no number.
    values = random.integers(0, 5, (6, EPOCHS, len(NAMES))).astype(float)
    values[..., 1][random.random((6, EPOCHS)) < 0.1] = np.nan
    longest = [EPOCHS, *random.integers(1, EPOCHS + 1, 5).tolist()]
    ends = [random.integers(1, most + 1) if random.random() < 0.5 else most for most in longest]
    diverging = random.random(6) < 0.3
    return [Life(*one) for one in zip(values, longest, map(int, ends), diverging, strict=True)]


def noted(jobs: list[Life], mode: str, saved_after: int) -> list[RunOutcome]:
    """Return what a history says of the jobs; it is saved and restored once."""
    longest = [one.max_epochs for one in jobs]
    history = History(longest, "val/loss", mode, POINTS)
    rows, running = np.arange(len(jobs)), np.ones(len(jobs), dtype=bool)
    for epoch in range(1, EPOCHS + 1):
        at = np.array([jobs[job].values[epoch - 1] for job in rows])
        at[~running] = -100.0  # What has ended goes on in its row until the group is packed.
        found = {name: at[:, column] for column, name in enumerate(NAMES)}
        ended = np.array([jobs[job].end == epoch for job in rows]) & running
        for row in np.flatnonzero(ended & [jobs[job].diverges for job in rows]):
            running[row], job, before = False, int(rows[row]), epoch - 1
            history.diverge(job, "error", before, before * STEPS, {"last": torch.tensor(job)})
            history.keep_best(job, {"best": torch.tensor(job)})
        history.log(epoch, found, rows, running)
        measured = {name: values for name, values in found.items() if name != LEARNING_RATE}
        history.improve(epoch, epoch * STEPS, measured, rows, running)
        assert history.best_so_far() == best_of_all(jobs, mode, epoch)
        arrived = np.flatnonzero(ended & running)
        for row in arrived:
            running[row], job = False, int(rows[row])
            weights = {"last": torch.tensor(job)}
            history.complete(job, epoch, epoch * STEPS, f"after {epoch}", weights)
            history.keep_best(job, {"best": torch.tensor(job)})
        history.test(rows[arrived], {"test/loss": 1000.0 + rows[arrived]})
        if not running.any():
            break
        if epoch % 2 == 0:
            rows, running = rows[running], running[running]
        if epoch == saved_after:
            file = BytesIO()
            torch.save(history.state(), file)
            file.seek(0)
            history = History(longest, "val/loss", mode, POINTS)
            history.restore(torch.load(file, weights_only=True))
            for job in range(len(jobs)):
                history.give_weights(job, *({n: torch.tensor(job)} for n in ("last", "best")))
    return history.outcomes()


def best_of_all(jobs: list[Life], mode: str, epoch: int) -> float | None:
    reached = []
    for one in jobs:
        seen = best_epoch(one, mode, min(epoch, one.last))
        reached += [one.at(seen)["val/loss"]] if seen else []
    finite = [value for value in reached if np.isfinite(value)]
    return (min if mode == "min" else max)(finite, default=None)


def best_epoch(one: Life, mode: str, last: int) -> int:
    best = 0
    for epoch in range(1, last + 1):
        value = one.at(epoch)["val/loss"]
        worst = np.inf if mode == "min" else -np.inf
        before = one.at(best)["val/loss"] if best else worst
        if value < before if mode == "min" else value > before:
            best = epoch
    return best


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("seed", range(12))
def test_notes_on_many_jobs_are_those_on_each(seed: int, mode: str) -> None:
    jobs = lives(seed)
    for number, (one, outcome) in enumerate(
        zip(jobs, noted(jobs, mode, 1 + seed % 8), strict=True)
    ):
        tested = {} if one.diverges else {"test/loss": 1000.0 + number}
        best, last = best_epoch(one, mode, one.last), one.last
        assert outcome.status == ("diverged" if one.diverges else "completed")
        assert outcome.error == ("error" if one.diverges else None)
        assert outcome.stopped == (None if one.diverges else f"after {one.end}")
        assert_equal(outcome.metrics, {**(one.at(last) if last else {}), **tested})
        for name, epoch in (("best", best), ("last", last)):
            kept: Any = getattr(outcome, name)
            if epoch == 0:
                assert kept is None
                continue
            more = tested if epoch == (best or last) else {}
            assert isinstance(kept, EpochState)
            assert (kept.epoch, kept.step) == (epoch, epoch * STEPS)
            assert_equal(kept.metrics, {**one.at(epoch), **more})
            assert kept.weights == {name: torch.tensor(number)}
        shown = {*logged_epochs(EPOCHS, POINTS), *([] if one.diverges else [one.end])}
        expected = sorted(epoch for epoch in shown if epoch <= last)
        assert outcome.curves.epochs.tolist() == expected
        for column, name in enumerate(NAMES):
            values = one.values[np.array(expected, dtype=int) - 1, column]
            np.testing.assert_array_equal(outcome.curves.values.get(name, []), values)


def assert_equal(found: dict[str, float], expected: dict[str, float]) -> None:
    assert found == pytest.approx(expected, rel=0, abs=0, nan_ok=True)
