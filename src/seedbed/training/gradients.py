"""Gradients of the loss: by autograd, by a formula, or by finite differences.

Each writes `.grad` of every trained parameter; the optimizer is the same for all.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from seedbed.training.tasks import Task

# Inputs, targets as the task takes them, and the weights of the rows, where they have some.
Batch = tuple[Tensor, Tensor, Tensor | None]


class Gradient:
    """Gradient by autograd, and base class of the others.

    Args:
        compare: Whether the relative difference to autograd is logged each epoch.
    """

    def __init__(self, compare: bool = False) -> None:
        self.compare = compare

    def fill(self, net: nn.Module, task: Task, batch: Batch, loss: Tensor) -> None:
        """Add the gradient of a batch's mean loss to `.grad` of every trained parameter.

        Args:
            net: The network.
            task: The task, whose loss is differentiated.
            batch: Inputs (rows, *input_shape), targets as the task's `target` returns them, and
                the weights of the rows (rows,) or None.
            loss: Mean loss of the batch, a scalar with its autograd graph.
        """
        loss.backward()

    def difference(self, net: nn.Module, task: Task, batch: Batch, loss: Tensor) -> float:
        """Return the largest relative difference to autograd over the parameters.

        For each parameter it is the norm of the difference over the norm of autograd's gradient.
        Takes the arguments of `fill` and leaves `.grad` unchanged.
        """
        parameters = [p for p in net.parameters() if p.requires_grad]
        reference = torch.autograd.grad(loss, parameters, retain_graph=True)
        original = [p.grad for p in parameters]
        for parameter in parameters:
            parameter.grad = None
        self.fill(net, task, batch, _loss(net, task, batch))
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        for parameter, gradient in zip(parameters, original, strict=True):
            parameter.grad = gradient
        return max(_relative_difference(*pair) for pair in zip(gradients, reference, strict=True))


def _relative_difference(gradient: Tensor, reference: Tensor) -> float:
    scale = reference.norm().clamp(min=torch.finfo(reference.dtype).tiny)
    return float((gradient - reference).norm() / scale)


class Analytic(Gradient):
    """Gradient of the mean squared error of a linear layer, by the chain rule.

    With outputs y = x W' + b of shape (rows, targets) and L = mean((y - t)^2) over all elements:
    dL/dy = 2 (y - t) / (rows targets), dL/dW = (dL/dy)' x, and dL/db is the sum of dL/dy over rows.
    A row of weight w has w / sum(w) in the place of 1 / rows.
    """

    def fill(self, net: nn.Module, task: Task, batch: Batch, loss: Tensor) -> None:
        """Add the gradient; the network must be an nn.Linear, which is checked with the config."""
        assert isinstance(net, nn.Linear)
        with torch.no_grad():
            inputs, targets, weight = batch
            rows = inputs.flatten(1)
            error = net(inputs) - targets
            output_gradient = 2.0 * error / error.numel()
            if weight is not None:
                shares = weight.to(error.dtype).unsqueeze(1)
                total = shares.sum()
                output_gradient *= len(error) * shares / torch.where(total == 0, 1.0, total)
            if net.weight.requires_grad:
                _add(net.weight, output_gradient.T @ rows)
            if net.bias is not None and net.bias.requires_grad:
                _add(net.bias, output_gradient.sum(dim=0))


class FiniteDifference(Gradient):
    """Gradient by central differences, (L(w + delta) - L(w - delta)) / (2 delta), of each element.

    Args:
        delta: Change of an element to both sides.
        compare: As in Gradient.
    """

    def __init__(self, delta: float = 0.1, compare: bool = False) -> None:
        super().__init__(compare)
        self.delta = delta

    def fill(self, net: nn.Module, task: Task, batch: Batch, loss: Tensor) -> None:
        """Add the gradient; it takes two forward passes for each element of the parameters."""
        with torch.no_grad():
            for parameter in net.parameters():
                if parameter.requires_grad:
                    slopes = list(self._slopes(net, task, batch, parameter))
                    _add(parameter, torch.stack(slopes).view_as(parameter))

    def _slopes(
        self, net: nn.Module, task: Task, batch: Batch, parameter: Tensor
    ) -> Iterator[Tensor]:
        flat = parameter.view(-1)
        for index in range(len(flat)):
            middle = flat[index].clone()
            losses = []
            for side in (self.delta, -self.delta):
                flat[index] = middle + side
                losses.append(_loss(net, task, batch))
            flat[index] = middle
            yield (losses[0] - losses[1]) / (2.0 * self.delta)


def _loss(net: nn.Module, task: Task, batch: Batch) -> Tensor:
    inputs, targets, weight = batch
    return task.loss(task.output(net, inputs), targets, weight)


def _add(parameter: Tensor, gradient: Tensor) -> None:
    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
