"""The plan of a round of jobs: they are checked, grouped, and a step of each group is tried."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job
from seedbed.sweep.planning.data_modules import forget_data
from seedbed.sweep.planning.groups import PlannedGroup, make_plan, rehearsed
from seedbed.sweep.planning.job_folders import JobFolders
from seedbed.sweep.planning.job_numbers import JobNumbers
from seedbed.sweep.planning.memory.chunk_sizes import LARGEST_CHUNK
from seedbed.sweep.planning.populations import as_populations, frame_of
from seedbed.sweep.planning.rehearsal import Tables, wrong_alone
from seedbed.sweep.planning.sharing.cutting import cut_for_workers
from seedbed.sweep.planning.sharing.workers import NO_WORKERS, Sharing
from seedbed.sweep.planning.validation import refuse, refuse_alone, wrong_jobs
from seedbed.sweep.results.plan_file import REFUSED, Round


class PlannedRound(NamedTuple):
    """Round of jobs.

    Attributes:
        round: which jobs train together.
        numbers: what each fused job has for itself, by its number.
        refused: why jobs do not run, by their numbers; they are among those that train alone.
        description: what the columns of a table are, as a rich table; None of other data.
    """

    round: Round
    numbers: Mapping[int, JobNumbers]
    refused: Mapping[int, str] = {}
    description: Any = None


def plan_round(
    composer: Composer,
    jobs: Sequence[Job],
    options: SweepOptions,
    folders: JobFolders,
    sharing: Sharing = NO_WORKERS,
    before_data: Callable[[bool], None] = lambda alone: None,
) -> PlannedRound:
    """Return which of the jobs train as one program.

    Args:
        composer: gives the configs.
        jobs: the jobs.
        options: the keys of `sweep`.
        folders: notes the folders of the jobs.
        sharing: among how many workers the jobs are shared; none by default.
        before_data: called before any data are read; it is told whether jobs will train alone.

    Raises ConfigError, or what Hydra raises, where a job is wrong that keeps the others from
    running, or trains alone against `sweep.fuse=always`.
    """
    wrong = wrong_jobs(composer, jobs, folders, options.table)
    refuse(wrong, jobs, options.on_failure)
    most = options.chunk_size or LARGEST_CHUNK
    population = frame_of(composer, jobs[0], options)
    fuse = options.fuse if population is None else "always"
    right = [job for job in jobs if job.number not in wrong]
    tables = Tables()
    forget_data()
    kinds = make_plan(composer, right, fuse)
    before_data(any(group.reason for group in kinds))
    groups = [
        part for group in kinds for part in rehearsed(composer, group, fuse, most, tables, sharing)
    ]
    alone = [job for group in groups if group.reason for job in group.jobs]
    wrong |= {number: error for group in groups for number, error in group.wrong.items()}
    wrong |= wrong_alone(composer, alone, tables)
    refuse(wrong, jobs, options.on_failure)
    if population is not None:
        groups = as_populations(groups, population)
    elif fuse == "always":
        refuse_alone(_alone(groups), len(jobs))
    if population is None:
        groups = [with_whole_trials(composer, group, options) for group in groups]
        groups = cut_for_workers(composer, groups, options, sharing)
    numbers = {
        job.number: numbers
        for group in groups
        for job, numbers in zip(group.jobs, group.numbers, strict=False)
    }
    refused = {number: str(error) for number, error in wrong.items()}
    return PlannedRound(_round(jobs, groups, refused), numbers, refused, tables.description)


def with_whole_trials(
    composer: Composer, group: PlannedGroup, options: SweepOptions
) -> PlannedGroup:
    """Return a group whose chunks do not part the jobs of a trial, where a rule may stop trials."""
    size = options.repeats * (options.folds or 1)
    if size == 1 or group.reason or not group.jobs:
        return group
    with composer.applied(group.jobs[0]) as config:
        if config.stop.get("_target_") is None:
            return group
    trials = Counter(job.number // size for job in group.jobs)
    is_whole = set(trials.values()) == {size}
    return replace(group, lanes=size) if is_whole else group


def _round(
    jobs: Sequence[Job], groups: Sequence[PlannedGroup], refused: Mapping[int, str]
) -> Round:
    alone = _alone(groups)
    known = {number for numbers in alone.values() for number in numbers}
    for number, error in refused.items():
        if number not in known:
            alone.setdefault(f"{REFUSED}{error}", []).append(number)
    fused = [group for group in groups if group.jobs and not group.reason]
    chunks, notes = [], dict[str, list[int]]()
    for group in fused:
        numbers = [[job.number for job in chunk] for chunk in group.chunks()]
        chunks += numbers
        if group.note:
            notes.setdefault(group.note, []).extend(chunk[0] for chunk in numbers)
    return Round(jobs, chunks, alone, notes)


def _alone(groups: Sequence[PlannedGroup]) -> dict[str, list[int]]:
    """Return the numbers of the jobs that train one after another, by the reason."""
    alone: dict[str, list[int]] = {}
    for group in groups:
        if group.reason:
            alone.setdefault(group.reason, []).extend(job.number for job in group.jobs)
    return {reason: numbers for reason, numbers in alone.items() if numbers}
