"""Sums of gradients over the steps of an epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

# Places in a row of the norms of all parameters together; those of each one follow.
ALL, ALL_CLIPPED, FIRST = 0, 1, 2


@dataclass
class Row:
    """Norms and numbers of the gradient of a step, or their means over an epoch.

    They are the norm of all parameters together, the same after clipping, the norm of each
    parameter, and some numbers of the gradient.

    Attributes:
        values: The numbers, (size,), float64; 0 where there is none.
        there: Which of them there are, (size,): a frozen parameter has no gradient.
    """

    values: Tensor
    there: NDArray[np.bool_]

    def plain(self) -> NDArray[np.float64]:
        """Return the numbers, (size,), with nan where there is none."""
        return np.where(self.there, self.values.cpu().numpy(), np.nan)


class GradientSums:
    """Sums of rows over the steps of an epoch, on the device of the training.

    Attributes:
        names: Names of the parameters.
        steps: Steps since the last reset.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.steps = 0
        # Of a parameter, by its id: the place of its norm, and those of its numbers.
        self._place: dict[int, int] = {}
        self._places: dict[int, slice] = {}
        self._size = FIRST
        self._sum: Tensor | None = None
        self._count: NDArray[np.int64] | None = None

    def start(self, parameters: Mapping[str, nn.Parameter], numbered: Sequence[str]) -> None:
        """Take the parameters by name, and the names of those of which each number is summed."""
        self.names = list(parameters)
        self._place = {id(p): FIRST + k for k, p in enumerate(parameters.values())}
        self._size = FIRST + len(self.names)
        for name in numbered:
            end = self._size + parameters[name].numel()
            self._places[id(parameters[name])] = slice(self._size, end)
            self._size = end

    def reset(self) -> None:
        """Begin an epoch."""
        self.steps, self._sum, self._count = 0, None, None

    def read(self, optimizer: Optimizer) -> Row:
        """Return the row of the gradients that the parameters of an optimizer have now."""
        gradients = _gradients(optimizer)
        norms = _norms([gradient for _, gradient in gradients])
        row = Row(norms.new_zeros(self._size), np.zeros(self._size, dtype=bool))
        row.values[ALL], row.there[ALL] = torch.linalg.vector_norm(norms), True
        for norm, (parameter, gradient) in zip(norms, gradients, strict=True):
            places: list[tuple[int | slice | None, Tensor]] = [
                (self._place.get(parameter), norm),
                (self._places.get(parameter), gradient.flatten()),
            ]
            for place, value in places:
                if place is not None:
                    row.values[place] = value.to(row.values)
                    row.there[place] = True
        return row

    def add(self, row: Row) -> None:
        """Add the row of a step."""
        if self._sum is None or self._count is None:
            self._sum = torch.zeros_like(row.values)
            self._count = np.zeros(len(row.there), dtype=np.int64)
        self._sum = self._sum.to(row.values.device) + row.values
        self._count = self._count + row.there
        self.steps += 1

    def mean(self) -> Row:
        """Return the means over the steps that had each of the numbers."""
        if self._sum is None or self._count is None:
            return Row(torch.zeros(self._size).double(), np.zeros(self._size, dtype=bool))
        counts = torch.from_numpy(self._count.clip(1)).to(self._sum)
        return Row(self._sum / counts, self._count > 0)

    def state_dict(self) -> dict[str, Any]:
        """Return the sums of the running epoch: plain values and tensors."""
        state: dict[str, Any] = {"steps": self.steps}
        if self._sum is not None and self._count is not None:
            state |= {"sum": self._sum.cpu(), "count": torch.from_numpy(self._count)}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up the sums of an epoch that was interrupted."""
        self.steps = state["steps"]
        if "sum" in state:
            self._sum, self._count = state["sum"], state["count"].numpy()


def norm_of_all(optimizer: Optimizer) -> Tensor:
    """Return the norm of the gradients that an optimizer has now, a scalar in float64."""
    norm: Tensor = torch.linalg.vector_norm(_norms([g for _, g in _gradients(optimizer)]))
    return norm


def _gradients(optimizer: Optimizer) -> list[tuple[int, Tensor]]:
    """Return the gradients of an optimizer's parameters, dense, by the id of the parameter."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    present = [(id(p), p.grad.detach()) for p in parameters if p.grad is not None]
    return [(key, grad.to_dense() if grad.is_sparse else grad) for key, grad in present]


def _norms(gradients: Sequence[Tensor]) -> Tensor:
    """Return the norm of each gradient, (gradients,), in float64 where the device has it."""
    if not gradients:
        return torch.zeros(0, dtype=torch.float64)
    precise = torch.float32 if gradients[0].device.type == "mps" else torch.float64
    return torch.stack([torch.linalg.vector_norm(g, dtype=precise) for g in gradients])
