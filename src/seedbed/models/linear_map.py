"""The map that a linear model has learned, in float64 on the CPU."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seedbed.models.linear import Linear


@dataclass(frozen=True)
class LinearMap:
    """y = W x + b. weight: (targets, features); bias: (targets,), zeros where there is none."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, layer: nn.Linear) -> "LinearMap":
        """Return what a linear layer computes."""
        weight = layer.weight.detach().double().cpu()
        bias: Tensor | None = layer.bias
        given = torch.zeros(len(weight)) if bias is None else bias.detach()
        return cls(weight.clone(), given.double().cpu().clone())

    def rescaled(self, factor: float) -> "LinearMap":
        """Return the same map for inputs that are not multiplied by `factor` beforehand."""
        return LinearMap(self.weight * factor, self.bias)

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return (rows, targets) for inputs (rows, *input_shape)."""
        return inputs.double().cpu().flatten(1) @ self.weight.T + self.bias


def is_linear_map(net: nn.Module) -> bool:
    """Tell whether a network computes what its weight and bias say, and nothing more."""
    return type(net).forward in (nn.Linear.forward, Linear.forward)
