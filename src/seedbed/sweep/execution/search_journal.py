"""Journal of a search, written while it goes: each trial when it, and all before it, have ended."""

import copy
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isfinite, nan
from statistics import stdev
from typing import Any

from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.journal import EndedTrial, Journal, Study, finite
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.table import Row
from seedbed.sweep.search.sampler import Sampler
from seedbed.sweep.search.samplers.study import StudySampler
from seedbed.sweep.search.searches import searched

# The violation of a constraint on what is not known; in JSON there is no infinity.
MOST = sys.float_info.max


class SearchJournal:
    """Writer of a search's optuna.log, who is told of the rows of its jobs as they end."""

    def __init__(self, folder: SweepFolder, plan: SweepPlan, sampler: Sampler) -> None:
        """`sampler` may average over the jobs of a trial."""
        search = searched(sampler)
        assert search is not None
        self.plan = plan
        self.sampler = sampler
        self.search: StudySampler = search
        self.journal = Journal(folder.journal, _study(folder, plan))
        self._rows: dict[int, Row] = {}
        self._trials: list[EndedTrial] = []

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows of jobs that have ended."""
        self._rows |= {row.number: row for row in rows}

    def write(self) -> None:
        """Write the trials of which all jobs have ended, up to the first that has not."""
        jobs = self.plan.jobs_of_trial
        for trial in range(len(self._trials), len(self.search.trials)):
            rows = [self._rows.get(trial * jobs + place) for place in range(jobs)]
            ended = [row for row in rows if row is not None]
            if len(ended) < jobs:
                break
            self._trials.append(self._trial(trial, ended))
        self.journal.write(self._trials)

    def _trial(self, number: int, rows: Sequence[Row]) -> EndedTrial:
        asked, objectives = self.search.trials[number], self.plan.objectives
        [row] = means(self.sampler, [replace(row, metrics=finite(row.metrics)) for row in rows])
        reports = _first_values(row)
        values: Sequence[float | None] = objectives.values(row)
        if row.status == "stopped_early" and reports and not objectives.several:
            last = reports[max(reports)]
            values = [last if isfinite(last) else None]
        known = [value for value in values if value is not None]
        seconds = [each.seconds for each in rows if each.seconds is not None]
        return EndedTrial(
            status=row.status,
            params=asked.params,
            distributions=asked.distributions,
            values=known if len(known) == len(values) else None,
            reports=reports,
            started=self._started(rows[0].number),
            seconds=sum(seconds) if seconds else None,
            attrs=self._attrs(row, rows),
            constraints=[min(each, MOST) for each in objectives.violations(row)],
        )

    def _started(self, job: int) -> str:
        """Return when the generation of a job was asked for."""
        rounds = self.plan.rounds
        return next(each.started for each in reversed(rounds) if each.jobs[0].number <= job)

    def _attrs(self, row: Row, rows: Sequence[Row]) -> dict[str, Any]:
        """Return what else is told of a trial: its jobs, the spread over them, metrics, errors."""
        attrs: dict[str, Any] = {"status": row.status, "jobs": [each.number for each in rows]}
        if errors := [each.error for each in rows if each.error]:
            attrs["error"] = errors[0]
        if row.stopped:
            attrs["stopped"] = row.stopped
        for name in self.plan.objectives.columns if len(rows) > 1 else ():
            values = [each.metrics[name] for each in rows if name in each.metrics]
            if len(values) > 1:
                attrs[f"{name} (standard deviation)"] = stdev(values)
        return attrs | finite(row.metrics)


def _study(folder: SweepFolder, plan: SweepPlan) -> Study:
    objectives, search = plan.objectives, plan.search
    assert search is not None
    attrs: dict[str, Any] = {"sampler": search.sampler}
    if objectives.constraints:
        attrs["constraints"] = [constraint.text for constraint in objectives.constraints]
    return Study(
        name=plan.labels.name or folder.absolute.name,
        objectives=[each.metric for each in objectives.all],
        directions=["min" if each.mode == "min" else "max" for each in objectives.all],
        attrs=attrs,
    )


class _Told:
    """Stands in for the sampler within those that average, and keeps what it is told."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def ask(self, count: int | None = None) -> list[Any]:
        return []

    def tell(self, results: Sequence[Row]) -> None:
        self.rows = list(results)


def means(sampler: Sampler, rows: Sequence[Row]) -> list[Row]:
    """Return the rows that a sampler's innermost one is told where the sampler is told these."""
    told = _Told()
    _around(sampler, told).tell(rows)
    return told.rows


def _around(sampler: Any, innermost: Sampler) -> Sampler:
    """Return a copy of a sampler in which another one is the innermost."""
    if not hasattr(sampler, "sampler"):
        return innermost
    outer = copy.copy(sampler)
    outer.sampler = _around(sampler.sampler, innermost)
    wrapped: Sampler = outer
    return wrapped


def _first_values(row: Row) -> dict[int, float]:
    """Return the values of the first objective by epoch; nan where one is not finite."""
    first = {epoch: value for epoch, (value, *_) in sorted(row.reports.items())}
    return {epoch: nan if value is None else value for epoch, value in first.items()}
