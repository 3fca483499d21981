"""Jobs of a sweep that go on with other words, and what each goes on from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import run_spec
from seedbed.engines.fused.saved.selection import Standing, cohorts, standings
from seedbed.errors import ConfigError, RunFolderError, listed
from seedbed.runs.checkpoints import read_checkpoint
from seedbed.runs.folder import RunFolder
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.execution.chunk_state import NOT_OURS
from seedbed.sweep.execution.continued_jobs import (
    has_more_to_train,
    may_go_on,
    plain_values_of,
)
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.job import Job
from seedbed.sweep.planning.compatibility import why_alone
from seedbed.sweep.planning.data_modules import data_of, table_facts
from seedbed.sweep.planning.groups import numbers_of_jobs
from seedbed.sweep.planning.job_numbers import JobNumbers
from seedbed.sweep.results.continuations import GoesOn
from seedbed.sweep.results.kept import kept_jobs
from seedbed.sweep.results.table import Row
from seedbed.sweep.results.together import Together, groups_of
from seedbed.terminal.words import jobs_text
from seedbed.training.schedulers import RunLength, length_problem

# Jobs named in one message.
MOST_SHOWN = 5


def chosen_jobs(worker: Worker, done: Sequence[Row], top: int | None) -> list[int]:
    """Return the numbers of the jobs that go on: all that can run, or the best of them.

    Raises ConfigError where the best are asked for before all have ended.
    """
    plan = worker.plan
    able = [job.number for job in plan.to_run()]
    if top is None:
        return able
    ended = {row.number for row in done}
    if left := [number for number in able if number not in ended]:
        raise ConfigError(
            f"sweep.top={top}: {jobs_text(len(left))} of this sweep have no result yet, so the "
            "best are not known; go on with it without other words first"
        )
    best = kept_jobs(plan, done, top)
    if not best:
        raise ConfigError(f"sweep.top={top}: no job has completed {plan.objectives.wanted}")
    return sorted(row.number for row in best)


class GoingOn:
    """What jobs with other words go on from.

    Args:
        worker: Worker of the sweep, whose plan has the words of before.
        jobs: The jobs that go on, with their words as they are from now on.
        done: Rows of the jobs that have ended.

    Attributes:
        groups: Jobs that train on side by side.
        trains: Whether there is anything to train.
    """

    def __init__(self, worker: Worker, jobs: Sequence[Job], done: Sequence[Row]) -> None:
        self.worker = worker
        self.composer: Composer = worker.composer
        self.jobs = {job.number: job for job in jobs}
        self.done = {row.number: row for row in done}
        self.groups: list[GoesOn] = []
        self.trains = any(number not in self.done for number in self.jobs)
        beside: set[int] = set()
        for group in groups_of(worker.plan):
            numbers = [number for number in group.newest if number in self.jobs]
            beside.update(numbers)
            if numbers:
                self._add(group, numbers)
        for number in self.jobs.keys() - beside:
            self._check_alone(self.jobs[number])

    def _add(self, group: Together, numbers: Sequence[int]) -> None:
        """Let jobs of a group train on, in parts that are equally far."""
        jobs = [self.jobs[number] for number in numbers]
        self._require_beside(jobs[0])
        of_jobs = numbers_of_jobs(self.composer, jobs)
        self._require_length(jobs, of_jobs)
        path = self.worker.folder.state(*group.key)
        if not path.is_file() and not group.epoch:
            self._require_not_begun(numbers, path)
            self.groups.append({"jobs": list(numbers), "epoch": 0})
            return
        places = {number: place for place, number in enumerate(group.jobs)}
        found, epoch = self._standings(path, group, numbers, places, of_jobs)
        self._require_more_epochs(jobs, of_jobs, found)
        self.trains |= any(standing.goes_on for standing in found)
        for cohort in cohorts(found, epoch):
            reached = {found[place].epoch for place in cohort if found[place].goes_on}
            self.groups.append(
                {
                    "jobs": [numbers[place] for place in cohort],
                    "epoch": reached.pop() if reached else epoch,
                }
            )

    def _standings(
        self,
        path: Path,
        group: Together,
        numbers: Sequence[int],
        places: dict[int, int],
        of_jobs: Sequence[JobNumbers],
    ) -> tuple[list[Standing], int]:
        """Return how far jobs are, and their group; raises RunFolderError where that is damaged."""
        state = _engine_state(path if path.is_file() else self._before(group, path))
        jobs = len(state["history"]["outcomes"])
        if path.is_file() and jobs != len(group.jobs):
            raise RunFolderError(f"{path}: not the state of these jobs")
        by_place = {places[n]: own for n, own in zip(numbers, of_jobs, strict=True)}
        most = [by_place[p].max_epochs if p in by_place else 0 for p in range(jobs)]
        rules = [by_place[p].early_stopping if p in by_place else None for p in range(jobs)]
        try:
            found = standings(state, most, rules)
        except NOT_OURS:
            raise RunFolderError(f"{path}: not the state of these jobs") from None
        return [found[places[number]] for number in numbers], int(state["epoch"])

    def _before(self, group: Together, path: Path) -> Path:
        raise ConfigError(
            f"{path}: its jobs have not gone on yet to where they were asked to; go on with the "
            "sweep without other words first"
        )

    def _require_beside(self, job: Job) -> None:
        with self.composer.applied(job) as config:
            reason = why_alone(config)
        if reason:
            raise ConfigError(f"{reason}: the jobs of this sweep train side by side")

    def _require_not_begun(self, numbers: Sequence[int], path: Path) -> None:
        """Raise ConfigError where jobs have ended and their state is not there."""
        ended = [number for number in numbers if number in self.done]
        if ended:
            raise ConfigError(
                f"{path}: missing, without which number {listed(ended, MOST_SHOWN)} cannot train "
                "on; a sweep that an older version ran kept none"
            )

    def _require_length(self, jobs: Sequence[Job], of_jobs: Sequence[JobNumbers]) -> None:
        """Raise ConfigError where a schedule does not fit the length."""
        known: set[str] = set()
        for job, own in zip(jobs, of_jobs, strict=True):
            size = own.data["batch_size"]
            kind = repr((own.scheduler, own.max_epochs, size))
            if kind in known:
                continue
            known.add(kind)
            with self.composer.applied(job) as config:
                spec = run_spec(config)
                debugs = bool(config.hydra.runtime.choices.get("debug"))
            if own.scheduler.get("_target_") is None:
                continue
            steps = table_facts(data_of(spec, own, keep=True)).steps(size)
            length = RunLength(own.max_epochs, steps_per_epoch=steps)
            if problem := length_problem(keys_of(spec.scheduler), length, debugs):
                raise ConfigError(problem)

    def _require_more_epochs(
        self, jobs: Sequence[Job], of_jobs: Sequence[JobNumbers], found: Sequence[Standing]
    ) -> None:
        for job, own, standing in zip(jobs, of_jobs, found, strict=True):
            if own.max_epochs < standing.epoch:
                raise ConfigError(
                    f"trainer.max_epochs={own.max_epochs}: job {job.number} has trained "
                    f"{standing.epoch} epochs already"
                )

    def _check_alone(self, job: Job) -> None:
        """Raise ConfigError where a job alone has ended, and nothing is left to go on from."""
        if job.number not in self.done:
            return
        folder = RunFolder(self.worker.folders.path(job))
        if not may_go_on(folder):
            raise ConfigError(
                f"job {job.number} trained by itself, and {folder.path} with its last.ckpt, from "
                "which it would go on, is not there (sweep.keep)"
            )
        with self.composer.applied(job) as config:
            self.trains |= has_more_to_train(folder, plain_values_of(config))


def _engine_state(path: Path) -> dict[str, Any]:
    content = read_checkpoint(path)
    try:
        state: dict[str, Any] = content["engine"]
        _ = state["history"]["outcomes"], state["epoch"]
    except (KeyError, TypeError):
        raise RunFolderError(f"{path}: not the state of jobs side by side") from None
    return state
