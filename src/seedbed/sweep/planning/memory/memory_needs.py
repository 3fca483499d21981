"""Memory that a job takes while it trains beside others.

That is what the engine keeps of it, and what its programs allocate on the way. The latter is
measured: before anything is trained, one job takes a step and is evaluated on a batch. A network's
buffers inside an operation and the gaps between blocks of memory are not seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from seedbed.config.schema.data import SPLITS
from seedbed.data.table import Table
from seedbed.engines.fused.engine import Engine
from seedbed.engines.fused.group import Group
from seedbed.engines.fused.history import logged_epochs
from seedbed.engines.fused.metrics import NUMBERS_KEPT, JobSums
from seedbed.engines.fused.network_state import CannotFuse
from seedbed.engines.fused.program import evaluation_program
from seedbed.engines.fused.rows.batches import Batch
from seedbed.engines.fused.rows.parts import Part
from seedbed.engines.fused.torchmetrics_of_jobs import JobTorchmetrics
from seedbed.sweep.planning.memory.allocations import Allocations

# Bytes in the CPU's memory, measured: texts and records of a job; a tensor of its network or of a
# checkpoint, besides its numbers; a number of its curves on the way to the event file.
_JOB, _TENSOR, _POINT = 15_000, 1_200, 120


@dataclass(frozen=True)
class Needs:
    """Bytes that a chunk takes: for each of its jobs, and for each table that differs."""

    job: int
    table: int

    def __add__(self, other: "Needs") -> "Needs":
        return Needs(self.job + other.job, self.table + other.table)


def bytes_per_job(group: Group, jobs: int, own_tables: bool) -> tuple[Needs, Needs]:
    """Return what `jobs` jobs side by side need where they train, and besides in the CPU's memory.

    `group` is made of one of them; `own_tables` says that not all train on the same table. Raises
    CannotFuse where a step does not go through torch.func.
    """
    engine, data = Engine(group), group.batches.data[0]
    splits = [split for split in SPLITS if data.has_split(split)]
    table = sum(data.table(split).nbytes for split in splits)
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
    task = group.task
    others = len(task.make_torchmetrics()) if task.has_torchmetrics else 0
    names = len(splits) * (1 + len(task.metrics) + others) + 1
    epochs = max(group.max_epochs)
    # Where jobs stop by themselves, all have a place for each epoch in which one did.
    ends = epochs if any(group.stopping.rules) else 0
    return names * (len(logged_epochs(epochs, group.points)) * _POINT + ends * 16)


def _passing(engine: Engine, splits: Sequence[str], jobs: int, own_tables: bool) -> int:
    """Return the most bytes that a job has at any time besides its state."""
    shuffled = _shuffled(engine.group, jobs)
    phases, trained = [], 0
    for split in splits:
        state: tuple[Any, ...] = (engine.rows, engine.others)
        if split == "train":
            state = (*state, engine.numbers, engine.states)
        state = (*state, engine.loss_numbers)
        batch = _batch(engine.group, split, own_tables)
        if split == "train":
            batch = replace(batch, draw=next(engine.keys.of_epoch(1)))
        own = 0 if batch.shared else _bytes(batch.tensors())
        step, results = _measured(engine, split, state, batch, jobs)
        # A program is recorded with copies of its arguments.
        phases += [trained + 2 * own + _bytes(state) + step, trained + own + results]
        # The last training batch is still there while others are evaluated.
        trained = trained or own
    return shuffled + max(phases)


def _shuffled(group: Group, jobs: int) -> int:
    """Return the bytes of a job's rows: those in use, and the next ones while they are drawn."""
    if not group.batches.shuffles:
        return 0
    rows, drawing = group.batches.shuffled(), Allocations()
    with drawing:
        block = rows.draw(0, jobs)
    return block.nbytes + drawing.most


def _batch(group: Group, split: str, own_tables: bool) -> Batch:
    """Return a batch of one job, as if it were one of many; with own tables, some of more rows."""
    batches = group.batches
    table, size = batches.data[0].table(split), batches.batch_size
    weights = None if table.weights is None else table.weights[:size]
    rows = Table(table.inputs[:size], table.targets[:size], weights)
    part = Part(slice(0, len(rows.inputs)), np.array([len(rows.inputs)]))
    if not own_tables and (split != "train" or not batches.shuffles):
        return Batch(rows, True, part)
    loss = group.task.own_loss
    # A loss that knows no weights trains beside jobs of as many rows alone.
    if own_tables and not batches.streams and (loss is None or loss.takes_weights):
        present = torch.ones((1, len(rows.inputs)), dtype=torch.bool, device=rows.inputs.device)
        part = replace(part, present=present)
    return Batch(Table(*(column.unsqueeze(0) for column in rows.tensors)), False, part)


def _measured(
    engine: Engine, split: str, state: tuple[Any, ...], batch: Batch, jobs: int
) -> tuple[int, int]:
    """Return the bytes that a step allocates, and those of an epoch's results."""
    group, arguments = engine.group, (*state, batch.tensors())
    step = _step(engine, split, batch)
    with torch.set_grad_enabled(split == "train"), Allocations(arguments) as stepping:
        try:
            results = step(*arguments)
        except Exception as error:  # The user's own network may do anything.
            raise CannotFuse(str(error)) from error
    with Allocations() as summing:
        task = group.task
        sums = JobSums(
            task.metrics, None, JobTorchmetrics(task, 1) if task.has_torchmetrics else None
        )
        sums.add(*results, present=batch.part.present)
        sums.compute()
    if not task.metrics and not task.has_torchmetrics:
        return stepping.most, 0
    kept = min(_steps(group, split, batch), 1 + NUMBERS_KEPT // (jobs * results[1].numel()))
    return stepping.most, kept * (_bytes(results) + summing.most)


def _step(engine: Engine, split: str, batch: Batch) -> Callable[..., tuple[Tensor, ...]]:
    engine.net.train(split == "train")
    if split != "train":
        return evaluation_program(engine.net, engine.group.task, engine.layout, batch.axes())
    return engine.programs.training_program(batch, some_rest=batch.part.present is not None)


def _steps(group: Group, split: str, batch: Batch) -> int:
    """Return the number of batches in a pass over a split."""
    if split == "train" and group.batches.streams:
        return int(group.batches.options.batches_per_epoch)
    return -(-(group.batches.data[0].rows(split) or 1) // batch.rows)
