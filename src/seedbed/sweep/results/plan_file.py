"""sweep.json: what a sweep runs, round by round; each is written before its first job starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from seedbed.config.metrics import Objective, named, parsed_constraint, picks_best_epoch
from seedbed.errors import ConfigError
from seedbed.loggers.labels import NO_LABELS, Labels, labels_of
from seedbed.reading.json_files import Count, Text, read_json
from seedbed.runs.provenance.secrets import plain_word
from seedbed.runs.record import now, write_json
from seedbed.sweep.job import Job, bare_key
from seedbed.sweep.results.continuations import (
    Continuation,
    StoredContinuation,
    continuation_of,
    continued,
)
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.search_plan import SearchPlan, StoredSearch, search_plan
from seedbed.sweep.results.splits import Split

# How the reason of a job begins that does not run.
REFUSED = "refused: "

# Of a sweep of a million jobs.
MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Round:
    """Jobs that were asked for at once.

    `groups` are the numbers of jobs that train as one program, `alone` those of the others by the
    reason. `notes` say why groups are apart that differ in numbers alone, with their first numbers.
    """

    jobs: Sequence[Job]
    groups: Sequence[Sequence[int]]
    alone: Mapping[str, Sequence[int]]
    notes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    # When they were asked for, in UTC; of a search alone.
    started: str = ""


@dataclass
class SweepPlan:
    """The plan of a sweep, to which rounds are added as it goes.

    `objectives` say which trial is best, `jobs_of_trial` of how many jobs, numbered one after
    another, a trial is made: its seeds and folds. `flags` are the command's words beside
    overrides, `config_hash` is the SHA-256 of the first job's config, `data_files` that of each
    file of the user's that the jobs train on, `folds` are `sweep.folds`.
    """

    objectives: Objectives
    flags: Sequence[str] = ()
    config_hash: str = ""
    data_files: dict[str, str] = field(default_factory=dict)
    # Of the cross-validation that each configuration is crossed with.
    folds: int | None = None
    jobs_of_trial: int = 1
    # What it searches, and by which sampler; None: a grid, a table.
    search: SearchPlan | None = None
    # Name, tags and notes, as they were typed.
    labels: Labels = NO_LABELS
    # The option of each group that the first job chose.
    choices: Mapping[str, str] = field(default_factory=dict)
    # When the sweep began, in UTC.
    started: str = field(default_factory=now)
    rounds: list[Round] = field(default_factory=list)
    # The times that jobs went on with other words.
    continuations: list[Continuation] = field(default_factory=list)
    # Groups that were too large and were split, in their order.
    splits: list[Split] = field(default_factory=list)
    # The jobs of all rounds, by their numbers, with the words that they have now.
    jobs: list[Job] = field(default_factory=list)
    # The values of each key that differs among the jobs, as they were written.
    axes: dict[str, list[str]] = field(default_factory=dict)
    # The jobs with the words that they were begun with.
    begun: list[Job] = field(default_factory=list, repr=False)
    _values: dict[str, dict[str, None]] = field(default_factory=dict, repr=False)

    @property
    def metric(self) -> str:
        """The metric that picks the best epoch."""
        return self.objectives.metric

    @property
    def mode(self) -> str:
        """`min` or `max`, what is better of that metric."""
        return self.objectives.mode

    @property
    def rank(self) -> str:
        """The epoch of a job that counts, `best` or `last`."""
        return self.objectives.rank

    def add(self, new: Round) -> None:
        """Add a round, whose jobs are numbered on."""
        if self.search and not new.started:
            new = replace(new, started=now())
        self.rounds.append(new)
        self.jobs.extend(new.jobs)
        self.begun.extend(new.jobs)
        self._note(new.jobs)

    def _note(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            for word in job.overrides:
                key, _, value = word.partition("=")
                self._values.setdefault(key.lstrip("+"), {})[value] = None
        differing = {key: values for key, values in self._values.items() if len(values) > 1}
        self.axes = {key: list(values) for key, values in differing.items()}

    def go_on(self, continuation: Continuation) -> None:
        """Let jobs go on with other words."""
        self.continuations.append(continuation)
        for number in continuation.jobs:
            self.jobs[number] = continued(self.jobs[number], continuation.words)
        self._values = {}
        self._note(self.jobs)
        # Keys that only some of the jobs have, since only some went on.
        for key in {bare_key(word) for each in self.continuations for word in each.words}:
            having = sum(any(bare_key(word) == key for word in job.overrides) for job in self.jobs)
            if 0 < having < len(self.jobs):
                self.axes.setdefault(key, list(self._values[key]))

    def job_at(self, number: int, time: int) -> Job:
        """Return a job as it was after so many continuations of the sweep."""
        job = self.begun[number]
        for continuation in self.continuations[:time]:
            if number in continuation.numbers:
                job = continued(job, continuation.words)
        return job

    def earlier(self, job: Job) -> list[Job]:
        """Return a job with the words that it had before, the newest first."""
        times = range(len(self.continuations) - 1, -1, -1)
        return [self.job_at(job.number, time) for time in times]

    def to_run(self) -> list[Job]:
        """Return the jobs that are not refused."""
        refused = {
            number
            for planned in self.rounds
            for reason, numbers in planned.alone.items()
            if reason.startswith(REFUSED)
            for number in numbers
        }
        return [job for job in self.jobs if job.number not in refused]


def _plain_job(job: Job) -> dict[str, Any]:
    """Return a job as plain values, without secrets: it goes on with those of its environment."""
    return {**job._asdict(), "overrides": [*map(plain_word, job.overrides)]}


def write_plan(path: Path, plan: SweepPlan) -> None:
    """Write sweep.json."""
    resumed = [continuation.stored() for continuation in plan.continuations]
    content = {
        "started": plan.started,
        "config_hash": plan.config_hash,
        "data_files": plan.data_files,
        **_stored_objectives(plan.objectives),
        **({"folds": plan.folds} if plan.folds else {}),
        **({"jobs_of_trial": plan.jobs_of_trial} if plan.jobs_of_trial > 1 else {}),
        **({"search": plan.search.stored()} if plan.search else {}),
        "name": None if "name" in plan.axes else plan.labels.name,
        "tags": [] if "tags" in plan.axes else plan.labels.tags,
        "notes": None if "notes" in plan.axes else plan.labels.notes,
        "choices": plan.choices,
        "flags": [*map(plain_word, plan.flags)],
        "axes": plan.axes,
        "rounds": [
            {
                "groups": planned.groups,
                "alone": planned.alone,
                "notes": planned.notes,
                **({"started": planned.started} if planned.started else {}),
                "jobs": [_plain_job(job) for job in planned.jobs],
            }
            for planned in plan.rounds
        ],
        **({"resumed": resumed} if resumed else {}),
        **({"splits": plan.splits} if plan.splits else {}),
    }
    write_json(path, content)


Mode = Literal["min", "max"]


class _StoredJob(TypedDict):
    number: Count
    overrides: list[Text]


class _StoredRound(TypedDict):
    jobs: Annotated[list[_StoredJob], msgspec.Meta(min_length=1)]
    groups: list[Annotated[list[Count], msgspec.Meta(min_length=1)]]
    alone: dict[str, list[Count]]
    notes: NotRequired[dict[str, list[Count]]]
    started: NotRequired[Text]


class _StoredPlan(TypedDict):
    """What a sweep.json holds; the axes follow from the jobs."""

    started: NotRequired[str]
    config_hash: str
    data_files: NotRequired[dict[str, str]]
    optimized_metric: str | Annotated[list[Text], msgspec.Meta(min_length=2)]
    optimized_mode: Mode | list[Mode]
    rank: Literal["best", "last"]
    constraints: NotRequired[list[Text]]
    folds: NotRequired[Annotated[int, msgspec.Meta(ge=2)]]
    jobs_of_trial: NotRequired[Annotated[int, msgspec.Meta(ge=2)]]
    search: NotRequired[StoredSearch]
    name: NotRequired[str | None]
    tags: NotRequired[list[str]]
    notes: NotRequired[str | None]
    choices: NotRequired[dict[str, str]]
    flags: list[str]
    rounds: Annotated[list[_StoredRound], msgspec.Meta(min_length=1)]
    resumed: NotRequired[list[StoredContinuation]]
    splits: NotRequired[list[Split]]


def read_plan(path: Path) -> SweepPlan:
    """Return what `write_plan` wrote; raises ConfigError that names the field that is damaged."""
    content = read_json(path, _StoredPlan, MOST_BYTES)
    plan = SweepPlan(
        objectives=_objectives(path, content),
        flags=content["flags"],
        config_hash=content["config_hash"],
        data_files=content.get("data_files", {}),
        folds=content.get("folds"),
        jobs_of_trial=content.get("jobs_of_trial", 1),
        search=search_plan(content.get("search")),
        labels=labels_of(content),
        choices=content.get("choices", {}),
        started=content.get("started", ""),
    )
    for number, saved in enumerate(content["rounds"]):
        jobs = [Job(job["number"], tuple(job["overrides"])) for job in saved["jobs"]]
        given, first = [job.number for job in jobs], len(plan.jobs)
        if given != list(range(first, first + len(jobs))):
            raise ConfigError(f"{path}: rounds[{number}].jobs: not numbered on from {first}")
        planned = chain(*saved["groups"], *saved["alone"].values())
        if sorted(planned) != given:
            raise ConfigError(f"{path}: rounds[{number}]: not every job is planned once")
        notes, started = saved.get("notes", {}), saved.get("started", "")
        plan.add(Round(jobs, saved["groups"], saved["alone"], notes, started))
    for number, continuation in enumerate(content.get("resumed", [])):
        concerned = {*continuation["jobs"]}
        together = [job for group in continuation["groups"] for job in group["jobs"]]
        in_sweep = concerned <= {job.number for job in plan.jobs}
        if not in_sweep or len({*together}) < len(together) or not concerned.issuperset(together):
            raise ConfigError(f"{path}: resumed[{number}]: jobs that the sweep does not have")
        plan.go_on(continuation_of(continuation))
    plan.splits = content.get("splits", [])
    return plan


def _stored_objectives(objectives: Objectives) -> dict[str, Any]:
    """Return the fields of sweep.json that say what judges jobs; one objective is no list."""
    metrics: list[str] | str = [each.metric for each in objectives.all]
    modes: list[str] | str = [each.mode for each in objectives.all]
    if not objectives.several:
        metrics, modes = metrics[0], modes[0]
    stored = {"optimized_metric": metrics, "optimized_mode": modes, "rank": objectives.rank}
    constraints = [each.text for each in objectives.constraints]
    return {**stored, **({"constraints": constraints} if constraints else {})}


def _objectives(path: Path, content: _StoredPlan) -> Objectives:
    """Return the objectives of a sweep.json; raises ConfigError where they are damaged."""
    metrics, modes = named(content["optimized_metric"]), named(content["optimized_mode"])
    if len(metrics) != len(modes) or len({*metrics}) < len(metrics):
        raise ConfigError(f"{path}: optimized_metric: not a mode for each metric")
    if picks_best_epoch(metrics) is None:
        raise ConfigError(f"{path}: optimized_metric: no epoch measures {', '.join(metrics)}")
    try:
        constraints = tuple(map(parsed_constraint, content.get("constraints", [])))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    named_objectives = tuple(map(Objective, metrics, modes))
    is_search = "search" in content.get("choices", {})
    return Objectives(named_objectives, content["rank"], constraints, is_search)
