"""The rows of many jobs in the order that each has them, drawn ahead in the background."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from seedbed.data.random import permutations
from seedbed.data.table import Table
from seedbed.engines.fused.rows.parts import Counts

# So many epochs are drawn at once, as long as they are no more numbers than that.
_EPOCHS_AHEAD = 64
_LARGEST_BLOCK = 1 << 20

# Draws while what was drawn before is in use: a small step leaves a core free. None: no thread yet.
_background: ThreadPoolExecutor | None = None


def _in_background() -> ThreadPoolExecutor:
    global _background
    if _background is None:
        _background = ThreadPoolExecutor(1, "orders")
    return _background


def end_background() -> None:
    """End the thread, after what it draws; another one begins with what is next to be drawn."""
    if _background is not None:
        _background.shutdown(cancel_futures=True)
        _forget()


def _forget() -> None:
    global _background
    _background = None


# A process that was forked has none of the threads of before.
os.register_at_fork(after_in_child=_forget)


@dataclass(frozen=True)
class Block:
    """Orders of some epochs.

    Attributes:
        first: number of the first epoch, from 0.
        places: row numbers, (epochs, jobs, rows); where jobs have fewer, the last is repeated.
        batches: inputs and targets of each batch, (epochs, jobs, rows, ...); None for large tables.
    """

    first: int
    places: Tensor
    batches: list[Table] | None

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors."""
        tables = self.batches or []
        return self.places.nbytes + sum(table.nbytes for table in tables)


class ShuffledRows:
    """Batches of a table in an order of its own for each job and epoch.

    Args:
        table: Rows of all data modules, (modules, rows, ...).
        which: Number of the module of each job, (jobs,).
        seeds: Seed of the order of each job, (jobs,).
        parts: Rows of each batch of an epoch.
        counts: Number of rows that each job has, (jobs,); None (default): all of them.
        places: Places in its order of the rows that a job trains on, (jobs, columns), which `parts`
            are of; None (default): all, one after another.
        shuffle: Whether the order is another in every epoch, or always that of the table.
    """

    def __init__(
        self,
        table: Table,
        which: Tensor,
        seeds: Tensor,
        parts: Sequence[slice],
        counts: Counts | None = None,
        places: Tensor | None = None,
        *,
        shuffle: bool = True,
    ) -> None:
        self.shuffle = shuffle
        self.rows = table.inputs.shape[1]
        self.seeds = seeds
        self.parts = parts
        # The rows of all modules one after another, and where those of each job begin.
        weights = None if table.weights is None else table.weights.flatten(0, 1)
        self.table = Table(table.inputs.flatten(0, 1), table.targets.flatten(0, 1), weights)
        self.starts = which.unsqueeze(1) * self.rows
        # Where jobs have more or fewer rows: how many.
        self._counts: Tensor | None = None
        if counts is not None and (counts != self.rows).any():
            self._counts = torch.from_numpy(counts).to(seeds.device)
        self._places = places
        self._block: Block | None = None
        self._next: Future[Block] | None = None

    def batches(self, epoch: int) -> Iterator[Table]:
        """Yield inputs and targets (jobs, rows, ...) of an epoch, counted from 0."""
        block = self._of(epoch)
        at = epoch - block.first
        for number, part in enumerate(self.parts):
            if block.batches is None:
                yield self._taken(block.places[at][:, part])
            else:
                table = block.batches[number]
                yield table.take(at)

    def orders(self, epoch: int) -> Tensor:
        """Return the places of the rows that each job has in an epoch, (jobs, rows).

        They are counted among the job's own rows.
        """
        return self._orders(torch.tensor([[epoch]], device=self.seeds.device))[0]

    def _of(self, epoch: int) -> Block:
        """Return the block that an epoch is in, and let the next one be drawn meanwhile."""
        block = self._block
        if block is not None and 0 <= epoch - block.first < len(block.places):
            return block
        ahead = self._next.result() if self._next is not None else None
        block = ahead if ahead is not None and ahead.first == epoch else self.draw(epoch)
        self._next = _in_background().submit(self.draw, epoch + len(block.places))
        self._block = block
        return block

    def draw(self, epoch: int, jobs: int | None = None) -> Block:
        """Draw a block that begins with an epoch, as long as it would be for so many jobs."""
        jobs = len(self.seeds) if jobs is None else jobs
        epochs = self._epochs_of(jobs * self._numbers_of_a_row())
        small = epochs > 0
        epochs = epochs or max(1, self._epochs_of(jobs))
        counters = torch.arange(epoch, epoch + epochs, device=self.seeds.device).unsqueeze(1)
        places = self._orders(counters) + self.starts
        batches = [self._taken(places[..., part]) for part in self.parts] if small else None
        return Block(epoch, places, batches)

    def _orders(self, epochs: Tensor) -> Tensor:
        """Return the order that each job has in each epoch, (epochs, jobs, rows)."""
        if not self.shuffle:
            places = torch.arange(self.rows, device=self.seeds.device)
            orders = places.expand(len(epochs), len(self.seeds), self.rows)
        elif self._counts is None:
            orders = permutations(self.seeds, epochs, self.rows)
        else:
            orders = permutations(self.seeds, epochs, self.rows, own=self._counts)
        if self._places is None:
            return orders
        return orders.gather(-1, self._places.expand(len(orders), *self._places.shape))

    def _epochs_of(self, numbers: int) -> int:
        """Return how many epochs make a block, with so many numbers for each row of the table."""
        return min(_EPOCHS_AHEAD, _LARGEST_BLOCK // (self.rows * numbers))

    def _numbers_of_a_row(self) -> int:
        numbers = sum(values.numel() for values in self.table.tensors)
        return 1 + numbers // len(self.table.inputs)

    def _taken(self, places: Tensor) -> Table:
        """Return the rows at places (..., rows) as (..., rows, ...)."""
        flat = places.reshape(-1)
        return Table(
            *(
                values.index_select(0, flat).view(*places.shape, *values.shape[1:])
                for values in self.table.tensors
            )
        )
