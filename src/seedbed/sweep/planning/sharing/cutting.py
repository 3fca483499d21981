"""Groups of jobs cut into chunks for several workers.

What jobs side by side cost grows with their number: half as many take half as long, and a chunk
itself costs a tenth of a second. So a group is cut for each worker as long as a chunk keeps some
jobs, and unless there are many groups.
"""

from collections.abc import Sequence
from dataclasses import replace

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.planning.groups import PlannedGroup
from seedbed.sweep.planning.sharing.workers import Sharing

# Jobs of a chunk at least: 16 crop_yield jobs take as long as what a chunk costs besides.
FEWEST_JOBS = 16
# Trials of a chunk at least where a rule compares those of a chunk with each other.
FEWEST_TRIALS = 100
# Chunks for each worker, after which groups need not be cut any more.
ENOUGH = 4


def cut_for_workers(
    composer: Composer, groups: Sequence[PlannedGroup], options: SweepOptions, sharing: Sharing
) -> list[PlannedGroup]:
    """Return the groups in parts for the workers that share them.

    A `sweep.chunk_size` stays as it was asked for.
    """
    fused = [group for group in groups if group.jobs and not group.reason]
    if sharing.workers == 1 or options.chunk_size is not None or not fused:
        return list(groups)
    jobs = sum(len(group.jobs) for group in fused)
    with composer.applied(fused[0].jobs[0]) as config:
        compares = config.stop.get("_target_") is not None
    lanes = options.repeats * (options.folds or 1)
    fewest = FEWEST_TRIALS * lanes if compares else FEWEST_JOBS
    return [
        replace(group, parts=_parts(len(group.jobs), jobs, sharing.workers, fewest))
        for group in groups
    ]


def _parts(size: int, jobs: int, workers: int, fewest: int) -> int:
    """Return the parts of a group of this size, of so many jobs in all."""
    share = -(-ENOUGH * workers * size // jobs)
    return max(1, min(workers, share, size // fewest))
