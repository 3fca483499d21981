"""Loaders of batches: rows of tensors in memory, or a stream drawn at every step."""

from collections.abc import Callable, Iterator
from typing import Any, TypedDict, Unpack

import torch
from torch import Tensor

from seedbed.data.random import permutations

# (inputs, targets), or (inputs, targets, weights) where rows have sample weights.
Batch = tuple[Tensor, ...]

# Orders of this many epochs are drawn at once where the table is small.
_EPOCHS_AHEAD = 64
_LARGEST_BLOCK = 1 << 18


class RunOptions(TypedDict, total=False):
    """What a loader is told of the run; the arguments of ResumableLoader."""

    epoch: Callable[[], int]
    same_every_epoch: bool
    rank: int
    world_size: int


class ResumableLoader:
    """Base class of loaders that can resume an interrupted epoch.

    Of every batch, device `rank` of `world_size` takes every `world_size`-th row, so that batches
    are the same for any number of devices.

    Args:
        epoch: Function that returns the current epoch (from 0), called at the start of each pass.
        same_every_epoch: Whether all epochs draw the batches of the first.
        rank: Number of this device, from 0.
        world_size: Number of devices.
    """

    def __init__(
        self,
        *,
        epoch: Callable[[], int] = lambda: 0,
        same_every_epoch: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.epoch = epoch
        self.same_every_epoch = same_every_epoch
        self.rank = rank
        self.world_size = world_size
        self._handed_out = {"epoch": -1, "batches": 0}
        self._to_take_up: dict[str, int] | None = None

    def passes(self, batches: int) -> Iterator[tuple[int, int]]:
        """Yield the batches left of the current epoch as (epoch to draw, number of the batch).

        Args:
            batches: Number of batches of an epoch.
        """
        epoch = self.epoch()
        interrupted, self._to_take_up = self._to_take_up, None
        # Where its last batch was done, or the epoch shortened, training is in the next one by now.
        same = interrupted is not None and interrupted["epoch"] == epoch
        for batch in range(interrupted["batches"] if interrupted and same else 0, batches):
            self._handed_out = {"epoch": epoch, "batches": batch + 1}
            yield 0 if self.same_every_epoch else epoch, batch

    def state_dict(self) -> dict[str, Any]:
        """Return the current epoch and the number of its batches handed out; Lightning saves it."""
        return dict(self._to_take_up or self._handed_out)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state: the next pass over the same epoch starts after its batches."""
        self.go_on_after(state["epoch"], state["batches"])

    def go_on_after(self, epoch: int, batches: int) -> None:
        """Let the next pass start after so many batches, where it is over this epoch (from 0)."""
        self._to_take_up = {"epoch": epoch, "batches": batches}


class BatchLoader(ResumableLoader):
    """Loader of (inputs, targets) batches of tensors that lie on the training device.

    Where there are sample weights, batches are (inputs, targets, weights).

    The order of an epoch is a pure function of (seed, epoch); see `seedbed.data.random`.

    Args:
        inputs: Inputs, (rows, *input_shape).
        targets: Targets, (rows, ...).
        batch_size: Rows of a batch, over all devices; None for all rows.
        shuffle: Whether rows are in a new order every epoch.
        drop_last: Whether a last batch of fewer rows is left out; a single batch is kept.
        seed: Seed of the order.
        weights: Sample weights, (rows,); None (default) for none.
        run: As in ResumableLoader.
    """

    def __init__(
        self,
        inputs: Tensor,
        targets: Tensor,
        batch_size: int | None,
        *,
        weights: Tensor | None = None,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        **run: Unpack[RunOptions],
    ) -> None:
        super().__init__(**run)
        self.inputs = inputs
        self.targets = targets
        self.weights = weights
        self.rows = len(inputs)
        self.batch_size = min(batch_size or self.rows, self.rows)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = seed
        self._block: tuple[int, Tensor] | None = None

    def __len__(self) -> int:
        if self.drop_last:
            return max(1, self.rows // self.batch_size)
        return -(-self.rows // self.batch_size)

    def order(self, epoch: int) -> Tensor | None:
        """Return the row numbers (rows,) in the order of an epoch; None without shuffling."""
        if not self.shuffle:
            return None
        if self._block is None or not 0 <= epoch - self._block[0] < len(self._block[1]):
            ahead = max(1, min(_EPOCHS_AHEAD, _LARGEST_BLOCK // self.rows))
            epochs = torch.arange(epoch, epoch + ahead, device=self.inputs.device)
            self._block = (epoch, permutations(self.seed, epochs, self.rows))
        return self._block[1][epoch - self._block[0]]

    def __iter__(self) -> Iterator[Batch]:
        weights = () if self.weights is None else (self.weights,)
        tensors = (self.inputs, self.targets, *weights)
        single = self.batch_size == self.rows and self.world_size == 1 and not self.shuffle
        for epoch, batch in self.passes(len(self)):
            if single:
                yield tensors
                continue
            order = self.order(epoch)
            start = batch * self.batch_size
            rows = slice(start + self.rank, start + self.batch_size, self.world_size)
            if order is None:
                yield tuple(tensor[rows] for tensor in tensors)
            else:
                chosen = order[rows]
                yield tuple(tensor.index_select(0, chosen) for tensor in tensors)


class StreamLoader(ResumableLoader):
    """Loader of batches that are drawn anew at every step.

    Args:
        draw: Function of the step (from 0) that returns (inputs, targets) of the whole batch; it
            must depend on the step alone.
        batches_per_epoch: Number of batches of an epoch.
        device: Device that batches are moved to; None leaves them where they are.
        run: As in ResumableLoader.
    """

    def __init__(
        self,
        draw: Callable[[int], Batch],
        batches_per_epoch: int,
        *,
        device: torch.device | None = None,
        **run: Unpack[RunOptions],
    ) -> None:
        super().__init__(**run)
        self.draw = draw
        self.batches_per_epoch = batches_per_epoch
        self.device = device

    def __len__(self) -> int:
        return self.batches_per_epoch

    def __iter__(self) -> Iterator[Batch]:
        for epoch, batch in self.passes(self.batches_per_epoch):
            inputs, targets = self.draw(epoch * self.batches_per_epoch + batch)
            rows = slice(self.rank, None, self.world_size)
            yield inputs[rows].to(self.device), targets[rows].to(self.device)
