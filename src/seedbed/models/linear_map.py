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

    def of_unscaled(self, shift: Tensor, scale: Tensor) -> "LinearMap":
        """Return the map of inputs x that equals this one of (x - shift) / scale.

        Shift and scale are float64, of one number or one for each input.
        """
        weight = self.weight / scale
        return LinearMap(weight, self.bias - (weight * shift).sum(1))

    def of_scaled(self, shift: Tensor, scale: Tensor) -> "LinearMap":
        """Return the map of inputs (x - shift) / scale that equals this one of x."""
        return LinearMap(self.weight * scale, self.bias + (self.weight * shift).sum(1))

    def scaled_outputs(self, shift: Tensor, scale: Tensor) -> "LinearMap":
        """Return the map to (y - shift) / scale, one number or one for each target."""
        column = scale.reshape(-1, 1)
        return LinearMap(self.weight / column, (self.bias - shift) / scale)

    def unscaled_outputs(self, shift: Tensor, scale: Tensor) -> "LinearMap":
        """Return the map to y * scale + shift, one number or one for each target."""
        return LinearMap(self.weight * scale.reshape(-1, 1), self.bias * scale + shift)

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return W x + b, (rows, targets), of inputs (rows, *input_shape)."""
        return inputs.double().cpu().flatten(1) @ self.weight.T + self.bias


def is_linear_map(net: nn.Module) -> bool:
    """Return whether a network computes W x + b of its weight and bias and nothing else."""
    plain = type(net).forward in (nn.Linear.forward, Linear.forward)
    return plain and getattr(net, "category_embedding", None) is None
