"""One linear layer."""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn


class Linear(nn.Linear):
    """`nn.Linear` on the flattened input, with its parameters `weight` and `bias`.

    Takes (rows, *input_shape), returns (rows, output_size).
    """

    def __init__(self, input_shape: Sequence[int], output_size: int, bias: bool = True) -> None:
        super().__init__(prod(input_shape), output_size, bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return the outputs (logits, for classes) of a batch."""
        return super().forward(input.flatten(1) if input.dim() > 2 else input)
