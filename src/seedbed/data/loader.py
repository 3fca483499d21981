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


class BatchLoader:
    """Iterates over (inputs, targets) batches of a table that lies on the training device.

    The order of an epoch is a pure function of (seed, epoch): see `seedbed.data.random`. Of every
    batch of `batch_size` rows, device `rank` of `world_size` takes every `world_size`-th row, so
    the batches are the same whatever the number of devices.

    `epoch` is asked at the start of each pass. `state_dict` and `load_state_dict` let Lightning
    take up an interrupted epoch after the batches that were done.
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
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.inputs = inputs
        self.targets = targets
        self.rows = len(inputs)
        self.batch_size = min(batch_size or self.rows, self.rows)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = seed
        self.epoch = epoch
        self.rank = rank
        self.world_size = world_size
        self._next_batch = 0
        self._first_batch = 0
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
        order = self.order(self.epoch())
        first, self._first_batch = self._first_batch, 0
        whole = self.batch_size == self.rows and self.world_size == 1 and order is None
        for batch in range(first, len(self)):
            self._next_batch = batch + 1
            if whole:
                yield self.inputs, self.targets
                continue
            start = batch * self.batch_size
            rows = slice(start + self.rank, start + self.batch_size, self.world_size)
            if order is None:
                yield self.inputs[rows], self.targets[rows]
            else:
                chosen = order[rows]
                yield self.inputs.index_select(0, chosen), self.targets.index_select(0, chosen)

    def state_dict(self) -> dict[str, Any]:
        """Return how many batches of the running epoch were handed out."""
        return {"next_batch": self._next_batch % len(self)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next pass start after the batches that were handed out."""
        self._first_batch = int(state["next_batch"])


class StreamLoader:
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
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.draw = draw
        self.batches_per_epoch = batches_per_epoch
        self.device = device
        self.epoch = epoch
        self.rank = rank
        self.world_size = world_size
        self._next_batch = 0
        self._first_batch = 0

    def __len__(self) -> int:
        return self.batches_per_epoch

    def __iter__(self) -> Iterator[Batch]:
        step = self.epoch() * self.batches_per_epoch
        first, self._first_batch = self._first_batch, 0
        for batch in range(first, self.batches_per_epoch):
            self._next_batch = batch + 1
            inputs, targets = self.draw(step + batch)
            rows = slice(self.rank, None, self.world_size)
            yield inputs[rows].to(self.device), targets[rows].to(self.device)

    def state_dict(self) -> dict[str, Any]:
        """Return how many batches of the running epoch were handed out."""
        return {"next_batch": self._next_batch % self.batches_per_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next pass start after the batches that were handed out."""
        self._first_batch = int(state["next_batch"])
