"""How many jobs train as one program: as many as fit in half of the memory that is free.

What a job takes is what the engine keeps of it, and what its programs allocate on the way. The
latter is measured: before anything is trained, one job takes a step and is evaluated on a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from seedbed.data.random import permutations
from seedbed.schema.data import SPLITS
from seedbed.sweep.allocations import Allocations
from seedbed.sweep.batches import Batch, epochs_ahead
from seedbed.sweep.engine import Engine, Group
from seedbed.sweep.free_memory import free_memory
from seedbed.sweep.fusing import JobNumbers, table_key
from seedbed.sweep.journal import logged_epochs
from seedbed.sweep.program import CannotFuse, Program, evaluation_program, training_program
from seedbed.sweep.sums import NUMBERS_KEPT, JobSums

# Jobs that train as one program at most, unless another number is asked for.
LARGEST_CHUNK = 4096
# Bytes in the CPU's memory, measured: texts and records of a job; a tensor of its network and of
# two checkpoints, besides its numbers; a number of its curves on the way to the event file.
_JOB, _TENSOR, _POINT = 15_000, 1_200, 120


@dataclass(frozen=True)
class Needs:
    """Bytes that a chunk takes in one memory: for each job, and for each table that differs."""

    job: int
    table: int

    def jobs(self, budget: int, tables: int) -> int:
        """Return how many jobs, of `tables` different tables at most, take no more than that."""
        return max(budget // (self.job + self.table), (budget - tables * self.table) // self.job)


def chunk_size(group: Group, numbers: Sequence[JobNumbers], most: int) -> int:
    """Return how many of the jobs may train as one program: 1 to `most`.

    `group` is made of `heaviest(numbers)` alone; it is used up.
    """
    most = min(most, len(numbers))
    tables = len({table_key(one) for one in numbers})
    device, cpu = group.batches.data[0].device, torch.device("cpu")
    try:
        there, here = needs(group, most, own_tables=tables > 1)
    except CannotFuse:  # Training will say so.
        return most
    if device == cpu:
        both = Needs(there.job + here.job, there.table + here.table)
        fit = both.jobs(budget(cpu), tables)
    else:
        fit = min(there.jobs(budget(device), tables), here.jobs(budget(cpu), tables))
    return max(1, min(most, fit))


def budget(device: torch.device) -> int:
    """Return the bytes that a chunk may take: half of those that are free."""
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_memory()
    return int(free) // 2


def heaviest(numbers: Sequence[JobNumbers]) -> JobNumbers:
    """Return a job that takes as much as any: with momentum, clipped, as long as the longest."""
    clips = [one.gradient_clip_val for one in numbers if one.gradient_clip_val is not None]
    return replace(
        numbers[0],
        optimizer={k: max(one.optimizer[k] for one in numbers) for k in numbers[0].optimizer},
        gradient_clip_val=max(clips, default=None),
        max_epochs=max(one.max_epochs for one in numbers),
    )


def needs(group: Group, jobs: int, own_tables: bool) -> tuple[Needs, Needs]:
    """Return what a chunk of `jobs` takes where it trains, and in the CPU's memory besides.

    `own_tables` says that the jobs differ in their tables.
    """
    engine, data = Engine(group), group.batches.data[0]
    splits = [split for split in SPLITS if data.has_split(split)]
    table = sum(_bytes(data.table(split).inputs, data.table(split).targets) for split in splits)
    weights = _bytes(engine.rows, engine.others)
    tensors = len(engine.layout.shapes) + len(engine.others)
    # Three times: in the network, and in both of its checkpoints.
    host = _JOB + 3 * (weights + tensors * _TENSOR) + _curves(group, splits)
    # Weights are there as they are, as the epoch began, and at their best.
    state = 3 * weights + _bytes(engine.numbers, engine.states)
    passing = _passing(engine, splits, jobs, own_tables)
    # Tables are there one by one, and stacked.
    return Needs(state + passing, 2 * table), Needs(host, data.nbytes)


def _bytes(*held: Any) -> int:
    return sum(tensor.nbytes for tensor in tree_leaves(held))


def _curves(group: Group, splits: Sequence[str]) -> int:
    """Return the bytes of a job's curves."""
    names = len(splits) * (1 + len(group.task.metrics)) + 1
    epochs = max(group.max_epochs)
    # Where jobs stop by themselves, all have a place for each epoch in which one did.
    ends = epochs if any(group.stopping.rules) else 0
    return names * (len(logged_epochs(epochs, group.points)) * _POINT + ends * 16)


def _passing(engine: Engine, splits: Sequence[str], jobs: int, own_tables: bool) -> int:
    """Return the most bytes that a job has at any time besides its state."""
    orders = _orders(engine.group, jobs)
    phases, trained = [0], 0
    for split in splits:
        state: tuple[Any, ...] = (engine.rows, engine.others)
        if split == "train":
            state = (*state, engine.numbers, engine.states)
        state = (*state, engine.loss_numbers)
        batch = _batch(engine.group, split, own_tables)
        own = 0 if batch.shared else _bytes(batch.inputs, batch.targets)
        step, results = _measured(engine, split, state, batch, jobs)
        # A program is recorded with copies of its arguments.
        phases += [trained + 2 * own + _bytes(state) + step, trained + own + results]
        # The last training batch is still there while others are evaluated.
        trained = trained or own
    return orders + max(phases)


def _orders(group: Group, jobs: int) -> int:
    """Return the bytes of a job's orders: those in use, and the next ones while they are drawn."""
    batches = group.batches
    if batches.streams or not batches.options.shuffle:
        return 0
    rows = batches.data[0].rows("train") or 1
    with Allocations(batches.seeds) as counted:
        order = permutations(batches.seeds, 0, rows)
    ahead = epochs_ahead(rows, jobs)
    return ahead * int(order.nbytes + counted.most)


def _batch(group: Group, split: str, own_tables: bool) -> Batch:
    """Return a batch of one job, as if it were one of many."""
    batches = group.batches
    table, size = batches.data[0].table(split), batches.options.batch_size
    inputs, targets = table.inputs[:size], table.targets[:size]
    ordered = split == "train" and batches.options.shuffle and not batches.streams
    if ordered or own_tables:
        return Batch(inputs.unsqueeze(0), targets.unsqueeze(0), shared=False)
    return Batch(inputs, targets, shared=True)


def _measured(
    engine: Engine, split: str, state: tuple[Any, ...], batch: Batch, jobs: int
) -> tuple[int, int]:
    """Return the bytes that a step allocates, and those of an epoch's results."""
    group, trains = engine.group, split == "train"
    step = _training(engine, batch) if trains else _evaluation(engine, batch)
    engine.net.train(trains)
    with torch.set_grad_enabled(trains), Allocations(state, batch.inputs, batch.targets) as program:
        try:
            results = step(*state, batch.inputs, batch.targets)
        except Exception as error:  # The user's own network may do anything.
            raise CannotFuse(str(error)) from error
        kept = program.now
    with Allocations() as summing:
        sums = JobSums(group.task.metrics)
        sums.add(*results)
        sums.compute()
    steps = -(-(group.batches.data[0].rows(split) or 1) // batch.rows)
    if trains and group.batches.streams:
        steps = group.batches.options.batches_per_epoch
    unsummed = min(steps, 1 + NUMBERS_KEPT // (jobs * results[1].numel()))
    return program.most, unsummed * (kept + summing.most) if group.task.metrics else 0


def _training(engine: Engine, batch: Batch) -> Program:
    group = engine.group
    return training_program(
        engine.net,
        group.task,
        engine.layout,
        engine.rule,
        group.flags,
        group.clip_by_norm,
        batch.shared,
    )


def _evaluation(engine: Engine, batch: Batch) -> Program:
    return evaluation_program(engine.net, engine.group.task, engine.layout, batch.shared)
