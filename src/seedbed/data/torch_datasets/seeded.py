"""Datasets whose code draws at random: what it draws follows from seed, epoch and batch alone.

So it is the same for any number of workers, and in an epoch that is taken up in its middle.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch.utils.data import Dataset, IterableDataset, Sampler, get_worker_info

from seedbed.data.global_draws import seed


class RowsOfBatch(NamedTuple):
    """Rows of a batch, and the whole numbers that seed what is drawn for it."""

    rows: list[int]
    seeds: tuple[int, ...]


class SeededRows(Dataset[Any]):
    """Map-style Dataset that reads a batch at once; a worker is seeded for each.

    In the main process the loader lets it draw from generators of its own.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, batch: RowsOfBatch) -> Sequence[Any]:
        if get_worker_info() is not None:
            seed(*batch.seeds)
        at_once = getattr(self.dataset, "__getitems__", None)
        if at_once is not None:
            rows: Sequence[Any] = at_once(batch.rows)
            return rows
        return [self.dataset[row] for row in batch.rows]


class SeededStream(IterableDataset[Any]):
    """Iterable-style Dataset whose workers are seeded at the start of each pass.

    Args:
        dataset: The Dataset.
        seeds: Whole numbers that seed it, beside the epoch and the number of the worker.
    """

    def __init__(self, dataset: Any, seeds: tuple[int, ...]) -> None:
        self.dataset = dataset
        self.seeds = seeds
        # In memory that workers share, which stay from one epoch to the next.
        self.epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        if worker is not None:
            seed(*self.seeds, int(self.epoch), worker.id)
        return iter(self.dataset)


class SeededBatches(Sampler[RowsOfBatch]):
    """Batch sampler that says what seeds each batch, and leaves out those that were consumed.

    Args:
        batches: Sampler of the rows of all batches.
        seeds: Whole numbers that seed what is drawn for a batch, beside the epoch and its number.
    """

    def __init__(self, batches: Any, seeds: tuple[int, ...]) -> None:
        self.batches = batches
        self.seeds = seeds
        self.epoch = 0
        self.consumed = 0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[RowsOfBatch]:
        epoch = self.epoch
        for number, rows in islice(enumerate(self.batches), self.consumed, None):
            yield RowsOfBatch(rows, (*self.seeds, epoch, number))
