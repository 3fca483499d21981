"""History of every job of a group: curves, the best epoch, how it ended."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.engines.fused.saved.outcomes import outcome_of, plain
from seedbed.runs.outcome import Curves, EpochState, RunOutcome, StoppedEarly
from seedbed.runs.record import MEASURED
from seedbed.training.best_epoch import improved, no_best_epoch
from seedbed.training.metrics import CLIPPED_NORM, is_metric

# By `split/name`, a number a row.
Metrics = dict[str, NDArray[np.float64]]


class History:
    """Curves, best epoch and outcome of each job of a group, by its number."""

    def __init__(
        self,
        max_epochs: Sequence[int],
        monitor: str,
        mode: str,
        points: int,
        every_n_epochs: int = 1,
    ) -> None:
        self.monitor = monitor
        self.mode = mode
        self.max_epochs = np.asarray(max_epochs)
        jobs = len(self.max_epochs)
        self._outcomes = [RunOutcome() for _ in range(jobs)]
        self._logged = logged_epochs(int(self.max_epochs.max()), points, every_n_epochs)
        self._curves: list[tuple[int, Metrics]] = []
        self._latest: Metrics = {}
        self._best_epoch = np.zeros(jobs, dtype=np.int64)
        self._best_step = np.zeros(jobs, dtype=np.int64)
        self._best: Metrics = {}

    def log(
        self, epoch: int, metrics: Metrics, job: NDArray[np.int64], running: NDArray[np.bool_]
    ) -> None:
        """Note the numbers of an epoch for the jobs that have one."""
        due = running & ((epoch in self._logged) | (self.max_epochs[job] == epoch))
        for name, values in metrics.items():
            latest = self._latest.setdefault(name, self._nan())
            latest[job[running]] = values[running]
        if due.any():
            point = {name: self._nan() for name in metrics}
            for name, values in metrics.items():
                point[name][job[due]] = values[due]
            self._curves.append((epoch, point))

    def improve(
        self,
        epoch: int,
        steps: int | NDArray[np.int64],
        metrics: Metrics,
        job: NDArray[np.int64],
        running: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Return the rows whose watched metric is better than in any epoch before, (rows,).

        `steps` are those taken by now, by all or by each, (rows,).
        """
        if self.monitor not in metrics:
            return np.zeros(len(job), dtype=bool)
        before = self._best.get(self.monitor, self._nan())[job]
        better: NDArray[np.bool_] = running & improved(metrics[self.monitor], before, self.mode)
        chosen = job[better]
        self._best_epoch[chosen] = epoch
        self._best_step[chosen] = np.broadcast_to(steps, len(job))[better]
        for name, numbers in metrics.items():
            best = self._best.setdefault(name, self._nan())
            best[chosen] = numbers[better]
        return better

    def complete(
        self,
        job: int,
        epoch: int,
        step: int,
        stopped: str | StoppedEarly | None,
        weights: dict[str, Tensor],
    ) -> None:
        """Note that a job has come to its end; a trial may be stopped by the search before."""
        outcome = self._outcomes[job]
        outcome.status = "stopped_early" if isinstance(stopped, dict) else "completed"
        outcome.stopped = stopped
        outcome.metrics, outcome.metrics_epoch = self._of(job, self._latest), epoch
        outcome.last = EpochState(epoch, step, dict(outcome.metrics), weights)
        self._log_last(job, epoch)

    def _log_last(self, job: int, epoch: int) -> None:
        """Let a job's curve end with its last epoch, whichever that is."""
        if not self._curves or self._curves[-1][0] != epoch:
            self._curves.append((epoch, {name: self._nan() for name in self._latest}))
        for name, values in self._latest.items():
            self._curves[-1][1][name][job] = values[job]

    def diverge(
        self, job: int, error: str, epoch: int, step: int, weights: dict[str, Tensor]
    ) -> None:
        """Note that a job diverged; `epoch`, `step` and `weights` are the last that were finite."""
        outcome = self._outcomes[job]
        outcome.status, outcome.error = "diverged", error
        outcome.metrics = self._of(job, self._latest)
        if epoch > 0:
            outcome.metrics_epoch = epoch
            outcome.last = EpochState(epoch, step, dict(outcome.metrics), weights)

    def keep_best(self, job: int, weights: dict[str, Tensor]) -> None:
        """Note the weights of a job's best epoch, or that it has none."""
        epoch, step = int(self._best_epoch[job]), int(self._best_step[job])
        outcome = self._outcomes[job]
        if epoch > 0:
            outcome.best = EpochState(epoch, step, self._of(job, self._best), weights)
        elif outcome.status in MEASURED:
            outcome.warning = no_best_epoch(self.monitor)

    def has_best(self, job: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the watched metric was a number in any epoch of these jobs, (rows,)."""
        has_best: NDArray[np.bool_] = self._best_epoch[job] > 0
        return has_best

    def test(self, jobs: NDArray[np.int64], metrics: Metrics) -> None:
        """Note what the best weights, or else the last ones, reach on the test rows."""
        for place, job in enumerate(jobs.tolist()):
            tested = {name: float(values[place]) for name, values in metrics.items()}
            outcome = self._outcomes[job]
            outcome.metrics |= tested
            measured = outcome.best or outcome.last
            for kept in (outcome.best, outcome.last):
                if kept is not None and measured is not None and kept.epoch == measured.epoch:
                    kept.metrics |= tested

    def best_values(self) -> NDArray[np.float64]:
        """Return the best that the watched metric has been in each job, (jobs,); nan: never one."""
        return self._best.get(self.monitor, self._nan())

    def best_so_far(self) -> float | None:
        """Return the best that the watched metric has been in any job; None before there is one."""
        values = self._best.get(self.monitor, np.empty(0))
        finite = values[np.isfinite(values)]
        if not len(finite):
            return None
        return float(finite.min() if self.mode == "min" else finite.max())

    def state(self) -> dict[str, Any]:
        """Return all notes but the weights, as tensors and plain values."""
        epochs, curves = self._curve_matrices()
        return {
            "outcomes": [plain(outcome) for outcome in self._outcomes],
            "epochs": torch.from_numpy(epochs),
            "curves": _tensors(curves),
            "latest": _tensors(self._latest),
            "best_epoch": torch.from_numpy(self._best_epoch),
            "best_step": torch.from_numpy(self._best_step),
            "best": _tensors(self._best),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from notes that `state` returned; weights are given by `give_weights`.

        Raises ValueError where they are not of as many jobs.
        """
        values = [*state["latest"].values(), *state["best"].values(), *state["curves"].values()]
        values += [state["best_epoch"], state["best_step"], state["outcomes"]]
        if any(len(each) != len(self._outcomes) for each in values):
            raise ValueError
        self._outcomes = [outcome_of(fields) for fields in state["outcomes"]]
        curves = _arrays(state["curves"])
        self._curves = [
            (epoch, {name: matrix[:, point].copy() for name, matrix in curves.items()})
            for point, epoch in enumerate(state["epochs"].tolist())
        ]
        self._latest, self._best = _arrays(state["latest"]), _arrays(state["best"])
        self._best_epoch = state["best_epoch"].numpy()
        self._best_step = state["best_step"].numpy()

    def give_weights(self, job: int, last: dict[str, Tensor], best: dict[str, Tensor]) -> None:
        """Give a job that has ended the weights that its outcome was saved without."""
        outcome = self._outcomes[job]
        if outcome.last is not None:
            outcome.last.weights = last
        if outcome.best is not None:
            outcome.best.weights = best

    def has_more_to_train(self, job: int, epoch: int) -> bool:
        """Return whether a job has ended after this epoch without an error, before its last one."""
        outcome = self._outcomes[job]
        has_completed = outcome.status == "completed" and outcome.metrics_epoch == epoch
        return has_completed and bool(epoch < self.max_epochs[job])

    def reopen(self, job: int) -> None:
        """Let a job that had ended train on."""
        self._outcomes[job] = RunOutcome()

    def take_over(self, jobs: NDArray[np.int64], sources: NDArray[np.int64]) -> None:
        """Let jobs go on as others: with their curves and their best epoch, whatever they had."""
        of_epochs = [point for _, point in self._curves]
        for metrics in (*of_epochs, self._latest, self._best):
            for values in metrics.values():
                values[jobs] = values[sources]
        for numbers in (self._best_epoch, self._best_step):
            numbers[jobs] = numbers[sources]
        for job in jobs.tolist():
            self.reopen(job)

    def has_ended(self, job: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether jobs have come to an end, (rows,)."""
        return np.array([self._outcomes[number].status != "running" for number in job], dtype=bool)

    def has_diverged(self) -> NDArray[np.bool_]:
        """Return whether each job has diverged, (jobs,)."""
        return np.array([outcome.status == "diverged" for outcome in self._outcomes], dtype=bool)

    def outcomes(self) -> list[RunOutcome]:
        """Return what became of every job, with its curves."""
        epochs, matrices = self._curve_matrices()
        for job, outcome in enumerate(self._outcomes):
            values = {name: matrix[job] for name, matrix in matrices.items()}
            seen = ~np.all([np.isnan(curve) for curve in values.values()], axis=0)
            outcome.curves = Curves(epochs[seen], {k: curve[seen] for k, curve in values.items()})
        return self._outcomes

    def _curve_matrices(self) -> tuple[NDArray[np.int64], Metrics]:
        """Return the logged epochs, (points,), and the curves of all jobs, (jobs, points)."""
        epochs = np.array([epoch for epoch, _ in self._curves], dtype=np.int64)
        names = dict.fromkeys(name for _, point in self._curves for name in point)
        missing = self._nan()
        return epochs, {
            name: np.stack([point.get(name, missing) for _, point in self._curves], axis=1)
            for name in names
        }

    def _nan(self) -> NDArray[np.float64]:
        return np.full(len(self._outcomes), np.nan)

    def _of(self, job: int, metrics: Metrics) -> dict[str, float]:
        numbers = {name: float(values[job]) for name, values in metrics.items() if is_metric(name)}
        if np.isnan(numbers.get(CLIPPED_NORM, 0.0)):  # Others clip their gradients.
            del numbers[CLIPPED_NORM]
        return numbers


def _tensors(metrics: Metrics) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values) for name, values in metrics.items()}


def _arrays(tensors: dict[str, Tensor]) -> Metrics:
    return {name: values.numpy() for name, values in tensors.items()}


def logged_epochs(epochs: int, points: int, every_n_epochs: int = 1) -> set[int]:
    """Return the epochs that are logged: the first, every n-th and the last.

    Of more than `points` of them, as many at equal distances.
    """
    due = sorted({1, *range(every_n_epochs, epochs + 1, every_n_epochs), epochs})
    if len(due) <= points:
        return set(due)
    return {due[int(place + 0.5)] for place in np.linspace(0, len(due) - 1, points)}
