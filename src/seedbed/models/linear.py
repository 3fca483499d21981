"""Linear model: a single linear layer."""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn


class Linear(nn.Linear):
    """Linear layer on the flattened input, with the parameters `weight` and `bias` of nn.Linear.

    Args:
        input_shape: Shape of one input.
        output_size: Number of outputs: classes, or targets.
        bias: Whether the layer has a bias.
    """

    def __init__(self, input_shape: Sequence[int], output_size: int, bias: bool = True) -> None:
        super().__init__(prod(input_shape), output_size, bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return logits or values, (rows, output_size), of inputs (rows, *input_shape)."""
        return super().forward(input.flatten(1) if input.dim() > 2 else input)
