"""Models: plain networks, which Seedbed trains with a task, an optimizer and a schedule."""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn


class Residual(nn.Module):
    """Network of hidden layers that each add to what they are given.

    Args:
        inputs: Shape of one input.
        outputs: Numbers that it puts out per row: values, or logits.
        width: Units of a layer.
        depth: Number of hidden layers.
    """

    def __init__(
        self, inputs: Sequence[int], outputs: int, width: int = 32, depth: int = 2
    ) -> None:
        super().__init__()
        self.first = nn.Linear(prod(inputs), width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.last = nn.Linear(width, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        values = self.first(inputs.flatten(1))
        for layer in self.hidden:
            values = values + layer(values).relu()
        return self.last(values)
