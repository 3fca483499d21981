"""Loss of a model as a function of a few elements of its parameters."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seedbed.training.parameters import Element
from seedbed.training.tasks import Task


@torch.no_grad()
def losses_at(
    net: nn.Module,
    task: Task,
    rows: tuple[Tensor, Tensor, Tensor | None],
    elements: Sequence[Element],
    points: Tensor,
) -> Tensor:
    """Return the loss with some elements of the parameters set to other values.

    All other elements are held; the network is unchanged afterwards.

    Args:
        net: The network.
        task: The task, whose loss is evaluated.
        rows: Inputs as the network takes them, (rows, *input_shape), targets (rows, ...), and the
            weights of the rows, (rows,) or None.
        elements: The elements that are varied.
        points: Values of the elements, (count, elements).

    Returns:
        Mean loss over the rows, by their weights, at each point, (count,), float64 on the CPU.
    """
    inputs, targets, weight = rows
    weights = () if weight is None else (weight,)
    scalars = [element.of(net) for element in elements]
    original = [scalar.clone() for scalar in scalars]
    losses = []
    try:
        for point in points.tolist():
            for scalar, value in zip(scalars, point, strict=True):
                scalar.fill_(value)
            output = task.output(net, inputs)
            losses.append(task.loss(output, task.target(targets, output), *weights))
    finally:
        for scalar, value in zip(scalars, original, strict=True):
            scalar.copy_(value)
    return torch.stack(losses).double().cpu()
