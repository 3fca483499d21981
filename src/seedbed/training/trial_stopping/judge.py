"""Judge of the trials that train together: what they report, and which of them stop."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from seedbed.config.metrics import Constraint, Objective
from seedbed.training.trial_stopping.trials import Mask, Rule, Stop, Trials, Values

# The values of the objectives by the epoch after which they were measured.
Reports = Mapping[int, Sequence[float | None]]


class EarlierTrial(NamedTuple):
    """Trial of an earlier generation.

    Attributes:
        number: its number.
        status: how it ended, one of `seedbed.runs.record.STATUSES`.
        reports: what it reported, the mean over its jobs where it has several.
        violation: by how much it misses the constraints, as it ended.
    """

    number: int
    status: str
    reports: Reports
    violation: float = 0.0


class Judge:
    """Judge of the jobs that train together, by a rule that sees them and earlier trials.

    A trial is judged by the mean over its jobs, which stop together. It has no value where a job of
    it diverged. Jobs of a trial whose other jobs do not train here are not judged.

    What counts of a trial after an epoch is its best value until then, as at the end. Optuna
    and the papers take the value of the epoch itself; where losses rise again, as those of large
    learning rates do, that stops the best trials (docs/search.md has figures).

    Args:
        rule: The rule.
        objectives: What trials are judged by; metrics that an epoch measures.
        trials: Number of the trial of each job; None: not judged.
        earlier: Trials of earlier generations.
        by_best: Whether the best value so far counts; False: the value of the epoch.
        constraints: Bounds that trials have to keep; of them counts what counts of objectives.

    Attributes:
        watched: the objectives, then the metrics of the constraints.
        known: watched metrics that no epoch measures, by name, (jobs,).
        hand_on: called with the judge when a job that trains by itself has ended; None: nobody is.
    """

    def __init__(
        self,
        rule: Rule,
        objectives: Sequence[Objective],
        trials: Sequence[int | None],
        earlier: Sequence[EarlierTrial] = (),
        by_best: bool = True,
        constraints: Sequence[Constraint] = (),
    ) -> None:
        self.rule = rule
        self.objectives = tuple(objectives)
        modes = {"<=": "min", ">=": "max"}
        bounded = [Objective(each.metric, modes[each.sign]) for each in constraints]
        self.watched = (*self.objectives, *bounded)
        self.numbers = list(dict.fromkeys(number for number in trials if number is not None))
        place_of = {number: place for place, number in enumerate(self.numbers)}
        self._place = np.array([-1 if n is None else place_of[n] for n in trials], dtype=np.int64)
        self.by_best = by_best
        self.known: dict[str, Values] = {}
        self.hand_on: Callable[[Judge], None] | None = None
        self._signs = np.array([1.0 if each.mode == "min" else -1.0 for each in self.watched])
        self._bounds = np.array([each.bound for each in constraints]) * self._signs[self._own :]
        # What is known of earlier trials at all looks.
        known = [self._values_of(trial) for trial in earlier]
        before, looks = len(known), len(rule.epochs)
        self._numbers_before = [trial.number for trial in earlier]
        self._violations_before = np.array([trial.violation for trial in earlier], dtype=float)
        self._completed_before = [trial.status == "completed" for trial in earlier]
        self._values_before = np.reshape([v for v, _ in known], (before, looks, len(objectives)))
        self._present_before = np.reshape([p for _, p in known], (before, looks)).astype(bool)
        jobs, shape = len(trials), (len(trials), len(self.watched))
        self.latest, self.best = np.full(shape, np.nan), np.full(shape, np.nan)
        # The epoch after which a job was stopped; 0: it was not.
        self.stopped = np.zeros(jobs, dtype=np.int64)
        self.epochs: list[int] = []
        # By look: values of jobs that count, and those of the epoch, carried on of those that have
        # ended; which of them were running.
        self.looked: list[Values] = []
        self.measured: list[Values] = []
        self.reported: list[Mask] = []

    def after_epoch(
        self, epoch: int, metrics: Mapping[str, Values], running: Mask, diverged: Mask
    ) -> dict[int, Stop]:
        """Return why jobs stop after an epoch, by their places.

        Args:
            epoch: The epoch, from 1.
            metrics: Metrics by name, (jobs,); nan where a job has none.
            running: Jobs that train on where they are not stopped, (jobs,).
            diverged: Jobs that have diverged, (jobs,).
        """
        for column, (metric, _) in enumerate(self.watched):
            measured = self.known.get(metric, metrics.get(metric))
            if measured is not None:
                # Where it is measured less often, the last value holds.
                known = ~np.isnan(measured)
                self.latest[known, column] = measured[known] * self._signs[column]
        self.latest[diverged] = np.nan
        self.best = np.fmin(self.best, self.latest)
        if epoch not in self.rule.epochs or not self.numbers:
            return {}
        self.epochs.append(epoch)
        counts = self.best if self.by_best else self.latest
        self.looked.append(np.where(diverged[:, None], np.nan, counts))
        self.measured.append(self.latest.copy())
        self.reported.append(running.copy())
        if not running.any():
            return {}
        stops = self.rule.stops(self._trials(running, diverged))
        numbers = {place: stop for place, stop in stops.items() if place < len(self.numbers)}
        found = {
            int(job): numbers[place]
            for job, place in enumerate(self._place.tolist())
            if place in numbers and running[job]
        }
        self.stopped[list(found)] = epoch
        return found

    def _trials(self, running: Mask, diverged: Mask) -> Trials:
        jobs = self._place >= 0
        stopped = np.zeros(len(self.numbers), dtype=np.int64)
        np.maximum.at(stopped, self._place[jobs], self.stopped[jobs])
        at = np.array(self.epochs)
        present = (stopped[:, None] == 0) | (at[None] <= stopped[:, None])
        trains = self._any_job(running)
        places = [list(self.rule.epochs).index(epoch) for epoch in self.epochs]
        values = self._values_before[:, places]
        before, own = len(values), self._own
        looked = self._means(np.stack(self.looked, axis=1))
        measured = self._means(np.stack(self.measured, axis=1))
        return Trials(
            numbers=np.array([*self.numbers, *self._numbers_before]),
            epochs=self.epochs,
            values=np.concatenate([looked[..., :own], values]),
            measured=np.concatenate([measured[..., :own], values]),
            present=np.concatenate([present, self._present_before[:, places]]),
            best=np.concatenate([self._means(self.best)[:, :own], np.full((before, own), np.nan)]),
            running=np.concatenate([trains, np.zeros(before, dtype=bool)]),
            completed=np.concatenate(
                [
                    ~trains & (stopped == 0) & ~self._any_job(diverged),
                    np.array(self._completed_before, dtype=bool),
                ]
            ),
            violations=np.concatenate(
                [self._violations(looked[:, -1, own:]), self._violations_before]
            ),
        )

    @property
    def _own(self) -> int:
        return len(self.objectives)

    def _violations(self, values: Values) -> Values:
        """Return by how much trials miss the constraints, whose metrics are given, (trials,)."""
        missed = np.maximum(values - self._bounds, 0.0)
        total: Values = np.where(np.isnan(missed), np.inf, missed).sum(axis=1)
        return total

    def _means(self, values: Values) -> Values:
        """Return the means over the jobs of each trial; nan where one has no value."""
        jobs, own = self._place >= 0, len(self.numbers)
        total = np.zeros((own, *values.shape[1:]))
        np.add.at(total, self._place[jobs], values[jobs])
        several = np.bincount(self._place[jobs], minlength=own)
        mean: Values = total / several.reshape(-1, *[1] * (values.ndim - 1))
        return mean

    def _any_job(self, mask: Mask) -> Mask:
        """Return whether any job of each trial is marked."""
        jobs = self._place >= 0
        counts = np.bincount(self._place[jobs], mask[jobs], minlength=len(self.numbers))
        found: Mask = counts > 0
        return found

    def _values_of(self, trial: EarlierTrial) -> tuple[Values, Mask]:
        """Return the values of an earlier trial at all looks, and at which of them it has one."""
        looks = len(self.rule.epochs)
        values = np.full((looks, len(self.objectives)), np.nan)
        present, last = np.zeros(looks, dtype=bool), None
        for look, epoch in enumerate(self.rule.epochs):
            reported = trial.reports.get(epoch)
            if reported is not None:
                known = np.array([np.nan if v is None else v for v in reported])
                last = known * self._signs[: self._own]
            if reported is not None or (trial.status == "completed" and last is not None):
                values[look], present[look] = last, True
            elif trial.status == "diverged":
                present[look] = True
        return values, present

    def reports(self, job: int) -> dict[int, list[float | None]]:
        """Return what a job reported, by the epoch."""
        return {
            epoch: [
                None if np.isnan(value) else value
                for value in (values[job] * self._signs)[: self._own].tolist()
            ]
            for epoch, values, running in zip(self.epochs, self.looked, self.reported, strict=True)
            if running[job]
        }

    def state(self) -> dict[str, Any]:
        """Return what has been seen so far, as arrays with the jobs as first axis, and epochs."""
        jobs, objectives = self.latest.shape
        looked = np.stack(self.looked, axis=1) if self.looked else np.empty((jobs, 0, objectives))
        measured = np.stack(self.measured, axis=1) if self.looked else looked
        reported = np.stack(self.reported, axis=1) if self.looked else np.empty((jobs, 0), bool)
        return {
            "epochs": list(self.epochs),
            "looked": looked,
            "measured": measured,
            "reported": reported,
            "latest": self.latest.copy(),
            "best": self.best.copy(),
            "stopped": self.stopped.copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; raises ValueError where it is not of these jobs."""
        jobs, objectives = self.latest.shape
        epochs = [int(epoch) for epoch in state["epochs"]]
        shapes = {
            "looked": (jobs, len(epochs), objectives),
            "measured": (jobs, len(epochs), objectives),
            "reported": (jobs, len(epochs)),
            "latest": (jobs, objectives),
            "best": (jobs, objectives),
            "stopped": (jobs,),
        }
        if any(state[name].shape != shape for name, shape in shapes.items()):
            raise ValueError("not the state of these jobs")
        self.epochs = epochs
        self.looked = [state["looked"][:, look].copy() for look in range(len(epochs))]
        self.measured = [state["measured"][:, look].copy() for look in range(len(epochs))]
        self.reported = [state["reported"][:, look].copy() for look in range(len(epochs))]
        self.latest, self.best = state["latest"].copy(), state["best"].copy()
        self.stopped = state["stopped"].copy()


_judge: ContextVar[Judge | None] = ContextVar("judge", default=None)


def current_judge() -> Judge | None:
    """Return the judge of the run in this context; None where nothing stops it as a trial."""
    return _judge.get()


@contextmanager
def judged_by(judge: Judge | None) -> Iterator[None]:
    """Context of a run that is a trial of a search and trains by itself."""
    token = _judge.set(judge)
    try:
        yield
    finally:
        _judge.reset(token)
