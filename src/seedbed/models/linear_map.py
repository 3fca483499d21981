"""Linear map y = W x + b, in float64 on the CPU."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seedbed.models.linear import Linear


@dataclass(frozen=True)
class LinearMap:
    """Linear map y = W x + b.

    Attributes:
        weight: W, (targets, features), float64.
        bias: b, (targets,), float64; zeros where there is none.
    """

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, layer: nn.Linear) -> "LinearMap":
        """Return the map of a linear layer, as a copy."""
        weight = layer.weight.detach().double().cpu()
        bias: Tensor | None = layer.bias
        values = torch.zeros(len(weight)) if bias is None else bias.detach()
        return cls(weight.clone(), values.double().cpu().clone())

    def rescaled(self, factor: float) -> "LinearMap":
        """Return the map of inputs x that equals this one of factor * x."""
        return LinearMap(self.weight * factor, self.bias)

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return W x + b, (rows, targets), of inputs (rows, *input_shape)."""
        return inputs.double().cpu().flatten(1) @ self.weight.T + self.bias


def is_linear_map(net: nn.Module) -> bool:
    """Return whether a network computes W x + b of its weight and bias and nothing else."""
    plain = type(net).forward in (nn.Linear.forward, Linear.forward)
    return plain and getattr(net, "category_embedding", None) is None
