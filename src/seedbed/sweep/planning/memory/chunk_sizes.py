"""How many jobs train as one program: as many as fit in half of the memory that is free."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from seedbed.engines.fused.group import Group
from seedbed.process.free_memory import free_memory
from seedbed.sweep.planning.data_modules import table_key
from seedbed.sweep.planning.job_numbers import JobNumbers
from seedbed.sweep.planning.memory.memory_needs import Needs, bytes_per_job
from seedbed.sweep.planning.sharing.workers import NO_WORKERS, Sharing

# Jobs that train as one program at most, unless another number is asked for.
LARGEST_CHUNK = 4096


def heaviest(numbers: Sequence[JobNumbers]) -> JobNumbers:
    """Return a job that takes as much as any: with momentum, clipped, as long as the longest.

    Each number of its model is the largest that a job has, too.
    """
    clips = [job.gradient_clip_val for job in numbers if job.gradient_clip_val is not None]
    return replace(
        numbers[0],
        model={k: _largest([job.model[k] for job in numbers]) for k in numbers[0].model},
        optimizer={k: max(job.optimizer[k] for job in numbers) for k in numbers[0].optimizer},
        gradient_clip_val=max(clips, default=None),
        max_epochs=max(job.max_epochs for job in numbers),
    )


def _largest(values: Sequence[Any]) -> Any:
    """Return the largest of numbers, or of each entry of lists of them; None where some are."""
    if isinstance(values[0], list):
        return list(map(max, *values)) if len(values) > 1 else values[0]
    return None if None in values else max(values)


def chunk_size(
    group: Group, numbers: Sequence[JobNumbers], most: int, sharing: Sharing = NO_WORKERS
) -> int:
    """Return how many of the jobs may train as one program: 1 to `most`.

    The memory is that of several programs, where workers share it. `group` is made of
    `heaviest(numbers)` alone; its job is trained a little. Raises CannotFuse where a step does not
    go through torch.func.
    """
    most = min(most, len(numbers))
    tables = len({table_key(job) for job in numbers})
    differ = tables > 1 or len({job.data["batch_size"] for job in numbers}) > 1
    there, here = bytes_per_job(group, most, differ)
    device, cpu = group.batches.data[0].device, torch.device("cpu")
    if device == cpu:
        fit = jobs_that_fit(there + here, budget(cpu) // sharing.on_memory, tables)
    else:
        on_device = jobs_that_fit(there, budget(device) // sharing.on_gpu, tables)
        fit = min(on_device, jobs_that_fit(here, budget(cpu) // sharing.on_memory, tables))
    return max(1, min(most, fit))


def budget(device: torch.device) -> int:
    """Return the bytes that chunks may take at a time: half of those that are free."""
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_memory()
    return int(free) // 2


def jobs_that_fit(needs: Needs, budget: int, tables: int) -> int:
    """Return how many jobs take no more than a budget; any of them may have other tables."""
    with_own_tables = budget // (needs.job + needs.table)
    return max(with_own_tables, (budget - tables * needs.table) // needs.job)
