"""The loss over two numbers of a model, with all others held."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seedbed.training.parameters import Element
from seedbed.training.tasks import Task


@torch.no_grad()
def losses_at(
    net: nn.Module,
    task: Task,
    inputs: Tensor,
    targets: Tensor,
    elements: Sequence[Element],
    points: Tensor,
) -> Tensor:
    """Return the loss at each of `points`, (count, elements), as (count,) float64 on the CPU.

    inputs: (rows, *input_shape). The network is as it was afterwards.
    """
    numbers = [element.of(net) for element in elements]
    before = [number.clone() for number in numbers]
    losses = []
    try:
        for point in points.tolist():
            for number, value in zip(numbers, point, strict=True):
                number.fill_(value)
            output = task.output(net, inputs)
            losses.append(task.loss(output, task.target(targets, output)))
    finally:
        for number, value in zip(numbers, before, strict=True):
            number.copy_(value)
    return torch.stack(losses).double().cpu()
