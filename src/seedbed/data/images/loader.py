"""Loader of batches of images that are kept as they were loaded, mostly as bytes."""

from collections.abc import Callable, Iterator
from typing import Unpack

import torch
from torch import Tensor

from seedbed.data.loader import Batch, BatchLoader, RunOptions

# Function of the epoch and of places in the table, int64, that returns the batch of these rows.
Taking = Callable[[int, Tensor], Batch]


class ImageLoader(BatchLoader):
    """Loader of the batches that a function makes of the rows' places and the epoch.

    Args:
        images: All images, (rows, channels, height, width).
        targets: Targets, (rows, ...).
        batch_size: Rows of a batch, over all devices; None for all rows.
        taking: Function that makes a batch.
        shuffle, drop_last, seed, run: As in BatchLoader.
    """

    def __init__(
        self,
        images: Tensor,
        targets: Tensor,
        batch_size: int | None,
        taking: Taking,
        *,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        **run: Unpack[RunOptions],
    ) -> None:
        super().__init__(
            images,
            targets,
            batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            seed=seed,
            **run,
        )
        self.taking = taking

    def __iter__(self) -> Iterator[Batch]:
        in_order = torch.arange(self.rows, device=self.inputs.device)
        for epoch, batch in self.passes(len(self)):
            order = self.order(epoch)
            start = batch * self.batch_size
            rows = slice(start + self.rank, start + self.batch_size, self.world_size)
            yield self.taking(epoch, (in_order if order is None else order)[rows])
