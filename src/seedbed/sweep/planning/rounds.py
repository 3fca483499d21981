"""The plan of a round of jobs: they are checked, grouped, and a step of each group is tried."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job
from seedbed.sweep.planning.chunk_sizes import LARGEST_CHUNK
from seedbed.sweep.planning.fusing import JobNumbers
from seedbed.sweep.planning.groups import PlannedGroup, make_plan, rehearsed
from seedbed.sweep.planning.validation import check_jobs
from seedbed.sweep.results.plan_file import Round


class PlannedRound(NamedTuple):
    """Round of jobs, with what each fused job has for itself, by their numbers."""

    round: Round
    numbers: Mapping[int, JobNumbers]


def plan_round(composer: Composer, jobs: Sequence[Job], options: SweepOptions) -> PlannedRound:
    """Return which of the jobs train as one program; `options` are the keys of `sweep`.

    Raises ConfigError, or what Hydra raises, where a job is wrong.
    """
    check_jobs(composer, jobs, options.table)
    most = options.chunk_size or LARGEST_CHUNK
    groups = [
        rehearsed(composer, group, options.fuse, most)
        for group in make_plan(composer, jobs, options.fuse)
    ]
    numbers = {
        job.number: numbers
        for group in groups
        for job, numbers in zip(group.jobs, group.numbers, strict=False)
    }
    return PlannedRound(_round(jobs, groups), numbers)


def _round(jobs: Sequence[Job], groups: Sequence[PlannedGroup]) -> Round:
    alone: dict[str, list[int]] = {}
    for group in groups:
        if group.reason:
            alone.setdefault(group.reason, []).extend(job.number for job in group.jobs)
    fused = [group for group in groups if not group.reason]
    chunks = [[job.number for job in chunk] for group in fused for chunk in group.chunks()]
    return Round(jobs, chunks, alone)
