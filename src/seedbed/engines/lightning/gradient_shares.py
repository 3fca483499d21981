"""Shares of batches in the gradient of a step: of devices, and of the batches that it averages."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn


class GradientShares:
    """Shares by which the gradients of a step add up to that of all its rows.

    Over devices, every row counts by its weight. Over the batches of a window
    (`trainer.accumulate_grad_batches`), every batch counts the same, as Lightning has it; but where
    rows have weights, every batch counts by the sum of its own. A window at the end of an epoch,
    which may be shorter, averages over the batches that it has.
    """

    def __init__(self) -> None:
        self._batches = 0
        # Sum of the weights of the window, as a multiple of that of its first batch.
        self._first: Tensor | None = None
        self._weight: Tensor | None = None

    def share(
        self, loss: Tensor, rows: int, weight: Tensor | None, world_size: int, window: int
    ) -> Tensor:
        """Return the mean loss of a device's batch, multiplied by its share.

        Args:
            loss: Mean loss of the rows by their weights, a scalar.
            rows: Number of rows.
            weight: Sum of their weights, a scalar; None: all rows of the run weigh the same.
            world_size: Number of devices, whose gradients DDP averages.
            window: Batches of a full window, by which Lightning divides the loss.
        """
        if world_size == 1 and (weight is None or window == 1):
            return loss
        own = torch.tensor(float(rows), device=loss.device) if weight is None else weight.double()
        total = own.clone()
        if world_size > 1:
            torch.distributed.all_reduce(total)
        if weight is None or window == 1:
            return loss * (own * world_size / _divisor(total)).to(loss.dtype)
        if self._weight is None or self._first is None:
            self._first, self._weight = _divisor(total), torch.zeros_like(total)
        self._weight += total / self._first
        return loss * (own * world_size / self._first).to(loss.dtype)

    def end_batch(self, parameters: Iterable[nn.Parameter], window: int, complete: bool) -> None:
        """Count a batch whose gradient was added; of a `complete` window, average the gradients."""
        self._batches += 1
        if not complete:
            return
        factor: float | Tensor = window / self._batches
        if self._weight is not None:
            factor = window / _divisor(self._weight)
        if isinstance(factor, Tensor) or factor != 1:
            for parameter in parameters:
                if parameter.grad is not None:
                    parameter.grad.mul_(factor)
        self._batches, self._first, self._weight = 0, None, None

    def state_dict(self) -> dict[str, Any]:
        """Return what was counted of the running window."""
        sums = {"first": self._first, "weight": self._weight}
        return {"batches": self._batches} | {
            name: value.cpu() for name, value in sums.items() if value is not None
        }

    def load_state_dict(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Go on from a window that was interrupted."""
        self._batches = state["batches"]
        if "first" in state:
            self._first, self._weight = state["first"].to(device), state["weight"].to(device)


def _divisor(total: Tensor) -> Tensor:
    """Return a sum of weights, 1 in the place of 0: rows without weight have no gradient."""
    return torch.where(total == 0, 1.0, total)
