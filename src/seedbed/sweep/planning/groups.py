"""Which jobs train side by side, and why the others do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from omegaconf import DictConfig

from seedbed.config.known_keys import varies
from seedbed.config.spec import run_spec
from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job
from seedbed.sweep.planning.chunk_sizes import LARGEST_CHUNK, chunk_size
from seedbed.sweep.planning.compatibility import (
    is_plain,
    key_of,
    shared_values,
    shared_words,
    why_alone,
)
from seedbed.sweep.planning.fusing import JobNumbers, numbers_of
from seedbed.sweep.planning.rehearsal import Rehearsal, Tables
from seedbed.sweep.planning.speedup import why_it_does_not_pay, why_its_step_does_not_pay


@dataclass(frozen=True)
class PlannedGroup:
    """Jobs that share a program. `reason` says why they train one after another, or is empty.

    `chunk_size` are the jobs that train as one program at most. `wrong` says why jobs are left out,
    by their numbers.
    """

    jobs: list[Job]
    numbers: list[JobNumbers]
    reason: str
    chunk_size: int = LARGEST_CHUNK
    wrong: Mapping[int, ConfigError] = field(default_factory=dict)

    def chunks(self) -> list[list[Job]]:
        """Return the jobs in parts that train together, no part more than a job larger."""
        jobs = len(self.jobs)
        parts = -(-jobs // self.chunk_size)
        bounds = pairwise(part * jobs // parts for part in range(parts + 1))
        return [self.jobs[start:end] for start, end in bounds]


def make_plan(composer: Composer, jobs: Sequence[Job], fuse: str) -> list[PlannedGroup]:
    """Return the jobs in groups; `fuse` is auto, always or never."""
    alone: dict[str, list[Job]] = {}
    groups: dict[str, list[tuple[Job, JobNumbers]]] = {}
    kinds = _Kinds()
    for job in jobs:
        with composer.applied(job) as config:
            kind = kinds.of(job, config)
            reason = "sweep.fuse=never" if fuse == "never" else kind.reason
            if reason:
                alone.setdefault(reason, []).append(job)
                continue
            shared = shared_values(config) if kind.like is None else repr(shared_words(job))
            groups.setdefault(shared, []).append((job, numbers_of(config, kind.like)))
    planned = [_paying(composer, group, fuse) for group in groups.values()]
    return planned + [PlannedGroup(group, [], reason) for reason, group in alone.items()]


def numbers_of_jobs(composer: Composer, jobs: Sequence[Job]) -> list[JobNumbers]:
    """Return what each job of a group has for itself."""
    kinds, numbers = _Kinds(), []
    for job in jobs:
        with composer.applied(job) as config:
            numbers.append(numbers_of(config, kinds.of(job, config).like))
    return numbers


class _Kind(NamedTuple):
    """Kind of jobs that differ in nothing but the overrides of seed and optimizer.

    `reason` says why they train alone, or is empty. `like` is one of them, where all that differs
    can be told from those words.
    """

    reason: str
    like: JobNumbers | None


class _Kinds:
    """Kinds of jobs; one job of each is looked at closely, which saves most of a plan's time."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], _Kind] = {}

    def of(self, job: Job, config: DictConfig) -> _Kind:
        others = tuple(word for word in job.overrides if not _is_seed_or_optimizer(key_of(word)))
        if others not in self._known:
            reason = why_alone(config)
            plain = not reason and is_plain(config)
            self._known[others] = _Kind(reason, numbers_of(config) if plain else None)
        return self._known[others]


def _paying(composer: Composer, group: Sequence[tuple[Job, JobNumbers]], fuse: str) -> PlannedGroup:
    jobs, numbers = [job for job, _ in group], [number for _, number in group]
    reason = ""
    if fuse == "auto":
        with composer.applied(jobs[0]) as config:
            reason = why_it_does_not_pay(config, len(jobs))
    return PlannedGroup(jobs, [] if reason else numbers, reason)


def rehearsed(
    composer: Composer, group: PlannedGroup, fuse: str, most: int, tables: Tables | None = None
) -> PlannedGroup:
    """Return the group with the size of its chunks, `most` jobs at most, if a step of it pays.

    Every network and table that differs is built once: some mistakes show only then, and jobs that
    have them are left out. `tables` are given what was read.
    """
    if group.reason:
        return group
    with composer.applied(group.jobs[0]) as config:
        spec = run_spec(config)
        debugs = bool(config.hydra.runtime.choices.get("debug"))
    rehearsal = Rehearsal(spec, group.numbers, debugs)
    single = rehearsal.first()
    if single is not None:
        if tables is not None:
            tables.keep(spec, single.batches.data[0])
        reason = why_its_step_does_not_pay(single) if fuse == "auto" else ""
        size = LARGEST_CHUNK if reason else chunk_size(single, group.numbers, most)
        if not reason:
            rehearsal.others(single, size)
        group = PlannedGroup(group.jobs, [] if reason else group.numbers, reason, size)
    return _without(group, rehearsal.wrong)


def _without(group: PlannedGroup, wrong: Mapping[int, ConfigError]) -> PlannedGroup:
    """Return the group without the jobs at these places, with what is wrong with them."""
    if not wrong:
        return group
    right = [place for place in range(len(group.jobs)) if place not in wrong]
    return replace(
        group,
        jobs=[group.jobs[place] for place in right],
        numbers=[group.numbers[place] for place in right] if group.numbers else [],
        wrong={group.jobs[place].number: error for place, error in wrong.items()},
    )


def _is_seed_or_optimizer(key: str) -> bool:
    return varies(key) and (key in ("seed", "data.seed") or key.startswith("optimizer."))
