"""Batches of many jobs; each job has the rows that it would have alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.data import Clusters, InMemoryData
from seedbed.data.table import Table
from seedbed.engines.fused.shuffled_rows import ShuffledRows


@dataclass(frozen=True)
class Batch:
    """Batch of all jobs.

    Attributes:
        inputs, targets: (jobs, rows, ...), or (rows, ...) where all jobs share them.
        shared: whether all jobs share them.
    """

    inputs: Tensor
    targets: Tensor
    shared: bool

    @property
    def rows(self) -> int:
        """Rows of one job."""
        return self.inputs.shape[0 if self.shared else 1]


class JobBatches:
    """Batches of jobs, cut from the tables of one or several data modules.

    Args:
        data: The data modules that differ from each other.
        which: Number of the module of each job, (jobs,).
        seeds: Seed of the order of each job, (jobs,).
    """

    def __init__(
        self, data: Sequence[InMemoryData], which: Sequence[int], seeds: Sequence[int]
    ) -> None:
        self.data = list(data)
        device = data[0].device
        self.which = torch.tensor(which, device=device)
        self.seeds = torch.tensor(seeds, device=device)
        self.options: Any = data[0].options
        self._tables: dict[str, Table] = {}
        self._shuffled: ShuffledRows | None = None

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Go on with some of the jobs only."""
        chosen = torch.from_numpy(rows).to(self.which.device)
        self.which, self.seeds = self.which[chosen], self.seeds[chosen]
        self._shuffled = None

    @property
    def streams(self) -> bool:
        """Whether every step draws fresh rows."""
        return isinstance(self.data[0], Clusters) and self.options.sample == "stream"

    @property
    def shuffles(self) -> bool:
        """Whether the rows of a table come in another order in every epoch."""
        return bool(self.options.shuffle) and not self.streams

    def has_split(self, split: str) -> bool:
        """Tell whether any rows are in a split."""
        return self.data[0].has_split(split)

    def table(self, split: str) -> Table:
        """Return a split of all data modules, (modules, rows, ...)."""
        if split not in self._tables:
            tables = [source.table(split) for source in self.data]
            inputs = torch.stack([source.inputs for source in tables])
            self._tables[split] = Table(inputs, torch.stack([source.targets for source in tables]))
        return self._tables[split]

    def rows(self, split: str) -> int:
        """Return the number of rows of a split."""
        return self.table(split).inputs.shape[1]

    def training(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 0."""
        if self.streams:
            yield from self._stream(epoch)
        elif self.shuffles:
            for table in self.shuffled().batches(epoch):
                yield Batch(table.inputs, table.targets, shared=False)
        else:
            yield from self._in_order("train", self._parts())

    def shuffled(self) -> ShuffledRows:
        """Return the training rows as each job has them."""
        if self._shuffled is None:
            table = self.table("train")
            self._shuffled = ShuffledRows(table, self.which, self.seeds, self._parts())
        return self._shuffled

    def _parts(self) -> list[slice]:
        """Return the batches of a training epoch as parts of the rows."""
        rows, options = self.rows("train"), self.options
        size = min(options.batch_size or rows, rows)
        whole = rows - rows % size if options.drop_last else rows
        return [slice(start, min(start + size, rows)) for start in range(0, whole, size)]

    def _stream(self, epoch: int) -> Iterator[Batch]:
        batches = self.options.batches_per_epoch
        loaders: Any = [source.train_dataloader() for source in self.data]
        for step in range(epoch * batches, (epoch + 1) * batches):
            drawn = [loader.draw(step) for loader in loaders]
            inputs, targets = (torch.stack(list(column)) for column in zip(*drawn, strict=True))
            yield self._of_jobs(Table(inputs, targets))

    def evaluation(self, split: str) -> Iterator[Batch]:
        """Return all rows of a split in the table's order."""
        rows = self.rows(split)
        size = self.options.batch_size or rows
        return self._in_order(split, [slice(start, start + size) for start in range(0, rows, size)])

    def _in_order(self, split: str, parts: Sequence[slice]) -> Iterator[Batch]:
        table = self.table(split)
        for part in parts:
            yield self._of_jobs(Table(table.inputs[:, part], table.targets[:, part]))

    def _of_jobs(self, table: Table) -> Batch:
        """Return rows (modules, rows, ...) as each job has them; of one module they are shared."""
        if len(self.data) == 1:
            return Batch(table.inputs[0], table.targets[0], shared=True)
        return Batch(table.inputs[self.which], table.targets[self.which], shared=False)
