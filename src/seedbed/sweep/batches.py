"""The batches of many jobs: each job sees the rows that it would have seen alone."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.data import Clusters, InMemoryData
from seedbed.data.random import permutations
from seedbed.data.table import Table

# Orders of this many epochs are drawn at once, as long as they are no more numbers than that.
_EPOCHS_AHEAD = 64
_LARGEST_BLOCK = 1 << 20


# Draws orders while the ones before are in use: a small step leaves a core free.
_BACKGROUND = ThreadPoolExecutor(1, "orders")


@dataclass(frozen=True)
class Batch:
    """inputs and targets are (jobs, rows, ...), or (rows, ...) where all jobs share them."""

    inputs: Tensor
    targets: Tensor
    shared: bool

    @property
    def rows(self) -> int:
        """Rows of one job."""
        return self.inputs.shape[0 if self.shared else 1]


class JobBatches:
    """Cuts the tables of several data modules into batches.

    `data` are the modules that differ from each other, `which` says which of them a job trains on,
    and `seeds` order its batches.
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
        self._block: tuple[int, Tensor] | None = None
        self._next: Future[tuple[int, Tensor]] | None = None

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Go on with some of the jobs only."""
        chosen = torch.from_numpy(rows).to(self.which.device)
        self.which, self.seeds = self.which[chosen], self.seeds[chosen]
        self._block = self._next = None

    @property
    def streams(self) -> bool:
        """Whether every step draws fresh rows."""
        return isinstance(self.data[0], Clusters) and self.options.sample == "stream"

    def has_split(self, split: str) -> bool:
        """Tell whether any rows are in a split."""
        return self.data[0].has_split(split)

    def table(self, split: str) -> Table:
        """Return a split of all data modules, (modules, rows, ...)."""
        if split not in self._tables:
            tables = [one.table(split) for one in self.data]
            inputs = torch.stack([one.inputs for one in tables])
            self._tables[split] = Table(inputs, torch.stack([one.targets for one in tables]))
        return self._tables[split]

    def rows(self, split: str) -> int:
        """Return the number of rows of a split."""
        return self.table(split).inputs.shape[1]

    def training(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 0."""
        if self.streams:
            yield from self._stream(epoch)
            return
        rows = self.rows("train")
        size = min(self.options.batch_size or rows, rows)
        order = self._order(epoch, rows) if self.options.shuffle else None
        whole = rows - rows % size if self.options.drop_last else rows
        for start in range(0, whole, size):
            yield self._batch("train", slice(start, min(start + size, rows)), order)

    def _stream(self, epoch: int) -> Iterator[Batch]:
        batches = self.options.batches_per_epoch
        loaders: Any = [one.train_dataloader() for one in self.data]
        for step in range(epoch * batches, (epoch + 1) * batches):
            drawn = [loader.draw(step) for loader in loaders]
            inputs, targets = (torch.stack(list(column)) for column in zip(*drawn, strict=True))
            yield self._of_jobs(Table(inputs, targets))

    def evaluation(self, split: str) -> Iterator[Batch]:
        """Yield all rows of a split in the table's order."""
        rows = self.rows(split)
        size = self.options.batch_size or rows
        for start in range(0, rows, size):
            yield self._batch(split, slice(start, min(start + size, rows)), None)

    def _batch(self, split: str, part: slice, order: Tensor | None) -> Batch:
        table = self.table(split)
        if order is None:
            return self._of_jobs(Table(table.inputs[:, part], table.targets[:, part]))
        places = order[:, part]
        if len(self.data) > 1:
            places = places + self.which.unsqueeze(1) * self.rows(split)
        return Batch(_taken(table.inputs, places), _taken(table.targets, places), shared=False)

    def _of_jobs(self, table: Table) -> Batch:
        """Return rows (modules, rows, ...) as each job has them; of one module they are shared."""
        if len(self.data) == 1:
            return Batch(table.inputs[0], table.targets[0], shared=True)
        return Batch(table.inputs[self.which], table.targets[self.which], shared=False)

    def _order(self, epoch: int, rows: int) -> Tensor:
        """Return each job's order of the rows in an epoch, (jobs, rows)."""
        if self._block is None or not 0 <= epoch - self._block[0] < len(self._block[1]):
            self._block = self._drawn(epoch, rows)
        return self._block[1][epoch - self._block[0]]

    def _drawn(self, epoch: int, rows: int) -> tuple[int, Tensor]:
        """Return the orders from an epoch on, and let the next ones be drawn meanwhile."""
        found = self._next.result() if self._next is not None else None
        if found is None or found[0] != epoch:
            found = _orders(self.seeds, epoch, rows)
        after = epoch + len(found[1])
        self._next = _BACKGROUND.submit(_orders, self.seeds, after, rows)
        return found


def _orders(seeds: Tensor, epoch: int, rows: int) -> tuple[int, Tensor]:
    """Return an epoch, and the orders of it and of those after it, (epochs, jobs, rows)."""
    last = epoch + epochs_ahead(rows, len(seeds))
    epochs = torch.arange(epoch, last, device=seeds.device).unsqueeze(1)
    return epoch, permutations(seeds, epochs, rows)


def epochs_ahead(rows: int, jobs: int) -> int:
    """Return of how many epochs the orders are drawn at once."""
    return max(1, min(_EPOCHS_AHEAD, _LARGEST_BLOCK // (rows * jobs)))


def _taken(values: Tensor, places: Tensor) -> Tensor:
    """Return rows of (modules, rows, ...), counted through all modules, as (jobs, rows, ...)."""
    chosen = values.flatten(0, 1).index_select(0, places.reshape(-1))
    return chosen.view(*places.shape, *values.shape[2:])
