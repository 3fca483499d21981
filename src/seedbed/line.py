"""Linear maps: what a linear model has learned, and the exact solution beside it.

Everything here is in float64 on the CPU.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seedbed.models import Linear


@dataclass(frozen=True)
class Line:
    """y = W x + b. weight: (targets, features); bias: (targets,), zeros where there is none."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, layer: nn.Linear) -> "Line":
        """Return what a linear layer computes."""
        weight = layer.weight.detach().double().cpu()
        bias: Tensor | None = layer.bias
        given = torch.zeros(len(weight)) if bias is None else bias.detach()
        return cls(weight.clone(), given.double().cpu().clone())

    def rescaled(self, factor: float) -> "Line":
        """Return the same map for inputs that are not multiplied by `factor` beforehand."""
        return Line(self.weight * factor, self.bias)

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return (rows, targets) for inputs (rows, *input_shape)."""
        return inputs.double().cpu().flatten(1) @ self.weight.T + self.bias


def is_line(net: nn.Module) -> bool:
    """Tell whether a network computes what its weight and bias say, and nothing more."""
    return type(net).forward in (nn.Linear.forward, Linear.forward)


def least_squares(inputs: Tensor, targets: Tensor, bias: bool = True) -> Line:
    """Return the line of the lowest mean squared error; of several the one of least norm.

    inputs: (rows, *input_shape). targets: (rows, targets). Solved by singular values (LAPACK's
    gelsd), so that inputs that depend on each other do no harm.
    """
    rows = inputs.double().cpu().flatten(1)
    wanted = targets.double().cpu()
    features = rows.shape[1]
    if bias:
        rows = torch.cat((rows, torch.ones(len(rows), 1, dtype=torch.float64)), dim=1)
    solution = torch.linalg.lstsq(rows, wanted, driver="gelsd").solution.T
    zeros = torch.zeros(wanted.shape[1], dtype=torch.float64)
    return Line(solution[:, :features], solution[:, features] if bias else zeros)
