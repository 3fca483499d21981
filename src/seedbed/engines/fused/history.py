"""What is kept of every job of a group: curves, the best epoch, how it ended."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.training.metrics import LEARNING_RATE

# By `split/name`, a number a row.
Metrics = dict[str, NDArray[np.float64]]


@dataclass
class Kept:
    """A state that a job was in: after which epoch and step, how good, and with what weights."""

    epoch: int
    step: int
    metrics: dict[str, float]
    weights: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class Curves:
    """The logged epochs (points,) and the values by name (points,), nan where there is none."""

    epochs: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]


@dataclass
class Outcome:
    """What became of a job."""

    status: str = "completed"
    error: str | None = None
    stopped: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    best: Kept | None = None
    last: Kept | None = None
    curves: Curves | None = None


class Journal:
    """Notes on all jobs of a group, by their number in it."""

    def __init__(self, max_epochs: Sequence[int], monitor: str, mode: str, points: int) -> None:
        self.monitor = monitor
        self.sign = 1.0 if mode == "min" else -1.0
        self.max_epochs = np.asarray(max_epochs)
        jobs = len(self.max_epochs)
        self._outcomes = [Outcome() for _ in range(jobs)]
        self._logged = logged_epochs(int(self.max_epochs.max()), points)
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
            latest = self._latest.setdefault(name, np.full(len(self._outcomes), np.nan))
            latest[job[running]] = values[running]
        if due.any():
            point = {name: np.full(len(self._outcomes), np.nan) for name in metrics}
            for name, values in metrics.items():
                point[name][job[due]] = values[due]
            self._curves.append((epoch, point))

    def improve(
        self,
        epoch: int,
        step: int,
        metrics: Metrics,
        job: NDArray[np.int64],
        running: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Return the rows whose watched metric is better than in any epoch before, (rows,)."""
        if self.monitor not in metrics:
            return np.zeros(len(job), dtype=bool)
        values, first = metrics[self.monitor], self._best_epoch[job] == 0
        before = self._best.get(self.monitor, np.full(len(self._outcomes), np.nan))[job]
        with np.errstate(invalid="ignore"):
            better: NDArray[np.bool_] = running & (
                first | (self.sign * values < self.sign * before)
            )
        chosen = job[better]
        self._best_epoch[chosen], self._best_step[chosen] = epoch, step
        for name, numbers in metrics.items():
            best = self._best.setdefault(name, np.full(len(self._outcomes), np.nan))
            best[chosen] = numbers[better]
        return better

    def complete(
        self, job: int, epoch: int, step: int, stopped: str | None, weights: dict[str, Tensor]
    ) -> None:
        """Note that a job has come to its end."""
        outcome = self._outcomes[job]
        outcome.stopped = stopped
        outcome.metrics = self._of(job, self._latest)
        outcome.last = Kept(epoch, step, dict(outcome.metrics), weights)
        self._log_last(job, epoch)

    def _log_last(self, job: int, epoch: int) -> None:
        """Let a job's curve end with its last epoch, whichever that is."""
        if not self._curves or self._curves[-1][0] != epoch:
            missing = np.full(len(self._outcomes), np.nan)
            self._curves.append((epoch, {name: missing.copy() for name in self._latest}))
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
            outcome.last = Kept(epoch, step, dict(outcome.metrics), weights)

    def keep_best(self, job: int, weights: dict[str, Tensor]) -> None:
        """Note the weights of a job's best epoch."""
        epoch, step = int(self._best_epoch[job]), int(self._best_step[job])
        if epoch > 0:
            self._outcomes[job].best = Kept(epoch, step, self._of(job, self._best), weights)

    def test(self, jobs: NDArray[np.int64], metrics: Metrics) -> None:
        """Note what the best weights reach on the test rows."""
        for place, job in enumerate(jobs.tolist()):
            tested = {name: float(values[place]) for name, values in metrics.items()}
            outcome = self._outcomes[job]
            outcome.metrics |= tested
            for kept in (outcome.best, outcome.last):
                if kept is not None and kept.epoch == self._best_epoch[job]:
                    kept.metrics |= tested

    def best_so_far(self) -> float | None:
        """Return the best that the watched metric has been in any job; None before there is one."""
        values = self.sign * self._best.get(self.monitor, np.empty(0))
        finite = values[np.isfinite(values)]
        return self.sign * float(finite.min()) if len(finite) else None

    def state(self) -> dict[str, Any]:
        """Return all notes as tensors and plain values."""
        return {
            "outcomes": [asdict(outcome) for outcome in self._outcomes],
            "curves": [(epoch, _tensors(point)) for epoch, point in self._curves],
            "latest": _tensors(self._latest),
            "best_epoch": torch.from_numpy(self._best_epoch),
            "best_step": torch.from_numpy(self._best_step),
            "best": _tensors(self._best),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from notes that `state` returned."""
        self._outcomes = [_outcome(fields) for fields in state["outcomes"]]
        self._curves = [(epoch, _arrays(point)) for epoch, point in state["curves"]]
        self._latest, self._best = _arrays(state["latest"]), _arrays(state["best"])
        self._best_epoch = state["best_epoch"].numpy()
        self._best_step = state["best_step"].numpy()

    def outcomes(self) -> list[Outcome]:
        """Return what became of every job, with its curves."""
        epochs = np.array([epoch for epoch, _ in self._curves], dtype=np.int64)
        names = dict.fromkeys(name for _, point in self._curves for name in point)
        missing = np.full(len(self._outcomes), np.nan)
        matrices = {
            name: np.stack([point.get(name, missing) for _, point in self._curves], axis=1)
            for name in names
        }
        for job, outcome in enumerate(self._outcomes):
            values = {name: matrix[job] for name, matrix in matrices.items()}
            seen = ~np.all([np.isnan(one) for one in values.values()], axis=0)
            outcome.curves = Curves(epochs[seen], {k: one[seen] for k, one in values.items()})
        return self._outcomes

    def _of(self, job: int, metrics: Metrics) -> dict[str, float]:
        found = {name: float(values[job]) for name, values in metrics.items()}
        return {name: value for name, value in found.items() if name != LEARNING_RATE}


def _tensors(metrics: Metrics) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values) for name, values in metrics.items()}


def _arrays(tensors: dict[str, Tensor]) -> Metrics:
    return {name: values.numpy() for name, values in tensors.items()}


def _outcome(fields: dict[str, Any]) -> Outcome:
    kept = {name: Kept(**fields[name]) if fields[name] else None for name in ("best", "last")}
    return Outcome(**{**fields, **kept})


def logged_epochs(epochs: int, points: int) -> set[int]:
    """Return the first and the last epoch and others at equal distances, `points` at most."""
    if epochs <= points:
        return set(range(1, epochs + 1))
    return {round(float(epoch)) for epoch in np.linspace(1, epochs, points)}
