"""Batches cut from tensors in memory, or drawn by a function of the step: no worker, no copy."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from seedbed.data.random import permutations

Batch = tuple[Tensor, Tensor]

# Orders of this many epochs are drawn at once where the table is small.
_EPOCHS_AHEAD = 64
_LARGEST_BLOCK = 1 << 18


class ResumableLoader:
    """Counts the batches of an epoch, so that an interrupted one can be taken up.

    `epoch` is asked at the start of each pass; with `same_every_epoch` all epochs draw what the
    first one does. Lightning keeps `state_dict` in its checkpoints.
    """

    def __init__(self, epoch: Callable[[], int], same_every_epoch: bool) -> None:
        self.epoch = epoch
        self.same_every_epoch = same_every_epoch
        self._handed_out = {"epoch": -1, "batches": 0}
        self._to_take_up: dict[str, int] | None = None

    def passes(self, batches: int) -> Iterator[tuple[int, int]]:
        """Yield (epoch to draw, number of the batch) of what is left of the running epoch."""
        epoch = self.epoch()
        interrupted, self._to_take_up = self._to_take_up, None
        # Where its last batch was done, or the epoch shortened, training is in the next one by now.
        same = interrupted is not None and interrupted["epoch"] == epoch
        for batch in range(interrupted["batches"] if interrupted and same else 0, batches):
            self._handed_out = {"epoch": epoch, "batches": batch + 1}
            yield 0 if self.same_every_epoch else epoch, batch

    def state_dict(self) -> dict[str, Any]:
        """Return the running epoch and how many of its batches were handed out."""
        return dict(self._to_take_up or self._handed_out)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next pass, if it is over the same epoch, start after what was handed out."""
        self._to_take_up = {"epoch": state["epoch"], "batches": state["batches"]}


class BatchLoader(ResumableLoader):
    """Iterates over (inputs, targets) batches of a table that lies on the training device.

    The order of an epoch is a pure function of (seed, epoch): see `seedbed.data.random`. Of every
    batch of `batch_size` rows, device `rank` of `world_size` takes every `world_size`-th row, so
    the batches are the same whatever the number of devices.
    """

    def __init__(
        self,
        inputs: Tensor,
        targets: Tensor,
        batch_size: int | None,
        *,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        epoch: Callable[[], int] = lambda: 0,
        same_every_epoch: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(epoch, same_every_epoch)
        self.inputs = inputs
        self.targets = targets
        self.rows = len(inputs)
        self.batch_size = min(batch_size or self.rows, self.rows)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self._block: tuple[int, Tensor] | None = None

    def __len__(self) -> int:
        if self.drop_last:
            return max(1, self.rows // self.batch_size)
        return -(-self.rows // self.batch_size)

    def order(self, epoch: int) -> Tensor | None:
        """Return the rows' order in an epoch; None where it is the table's own."""
        if not self.shuffle:
            return None
        if self._block is None or not 0 <= epoch - self._block[0] < len(self._block[1]):
            ahead = max(1, min(_EPOCHS_AHEAD, _LARGEST_BLOCK // self.rows))
            epochs = torch.arange(epoch, epoch + ahead, device=self.inputs.device)
            self._block = (epoch, permutations(self.seed, epochs, self.rows))
        return self._block[1][epoch - self._block[0]]

    def __iter__(self) -> Iterator[Batch]:
        whole = self.batch_size == self.rows and self.world_size == 1 and not self.shuffle
        for epoch, batch in self.passes(len(self)):
            if whole:
                yield self.inputs, self.targets
                continue
            order = self.order(epoch)
            start = batch * self.batch_size
            rows = slice(start + self.rank, start + self.batch_size, self.world_size)
            if order is None:
                yield self.inputs[rows], self.targets[rows]
            else:
                chosen = order[rows]
                yield self.inputs.index_select(0, chosen), self.targets.index_select(0, chosen)


class StreamLoader(ResumableLoader):
    """Iterates over batches that are drawn afresh at every step.

    `draw(step)` returns (inputs, targets) of the whole batch; what it returns depends on the step
    alone. Device `rank` of `world_size` takes every `world_size`-th row.
    """

    def __init__(
        self,
        draw: Callable[[int], Batch],
        batches_per_epoch: int,
        *,
        device: torch.device | None = None,
        epoch: Callable[[], int] = lambda: 0,
        same_every_epoch: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(epoch, same_every_epoch)
        self.draw = draw
        self.batches_per_epoch = batches_per_epoch
        self.device = device
        self.rank = rank
        self.world_size = world_size

    def __len__(self) -> int:
        return self.batches_per_epoch

    def __iter__(self) -> Iterator[Batch]:
        for epoch, batch in self.passes(self.batches_per_epoch):
            inputs, targets = self.draw(epoch * self.batches_per_epoch + batch)
            rows = slice(self.rank, None, self.world_size)
            yield inputs[rows].to(self.device), targets[rows].to(self.device)
