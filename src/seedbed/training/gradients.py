"""How the gradient of the loss is taken: by autograd, by a formula, or by finite differences.

Each way fills `.grad` of every parameter and leaves the update to the same optimizer.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from seedbed.training.tasks import Task


class Gradient:
    """Autograd: `loss.backward()`."""

    def __init__(self, compare: bool = False) -> None:
        self.compare = compare

    def fill(
        self, net: nn.Module, task: Task, inputs: Tensor, targets: Tensor, loss: Tensor
    ) -> None:
        """Add the gradient of the batch's mean loss to `.grad` of every trained parameter.

        inputs: (rows, *input_shape). targets: as the task's `target` returns them. `loss` is the
        scalar that the network and the task made of them, with its graph.
        """
        loss.backward()

    def difference(
        self, net: nn.Module, task: Task, inputs: Tensor, targets: Tensor, loss: Tensor
    ) -> float:
        """Return the largest relative difference to autograd, over the parameters.

        For each parameter: the norm of the difference over the norm of autograd's gradient.
        """
        parameters = [p for p in net.parameters() if p.requires_grad]
        reference = torch.autograd.grad(loss, parameters, retain_graph=True)
        kept = [p.grad for p in parameters]
        for parameter in parameters:
            parameter.grad = None
        self.fill(net, task, inputs, targets, task.loss(task.output(net, inputs), targets))
        found = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        for parameter, before in zip(parameters, kept, strict=True):
            parameter.grad = before
        return max(_relative(a, b) for a, b in zip(found, reference, strict=True))


def _relative(found: Tensor, reference: Tensor) -> float:
    scale = reference.norm().clamp(min=torch.finfo(reference.dtype).tiny)
    return float((found - reference).norm() / scale)


class Analytic(Gradient):
    """The chain rule written out, for a linear layer on the mean squared error.

    With outputs y = x W' + b, (rows, targets), and L = mean((y - t)^2) over all rows x targets
    elements: dL/dy = 2 (y - t) / (rows targets), dL/dW = dL/dy' x and dL/db = the sum of dL/dy over
    the rows.
    """

    def fill(
        self, net: nn.Module, task: Task, inputs: Tensor, targets: Tensor, loss: Tensor
    ) -> None:
        """Add the gradient; the net must be an nn.Linear (checked with the config)."""
        assert isinstance(net, nn.Linear)
        with torch.no_grad():
            rows = inputs.flatten(1)
            error = net(inputs) - targets
            by_output = 2.0 * error / error.numel()
            if net.weight.requires_grad:
                _add(net.weight, by_output.T @ rows)
            if net.bias is not None and net.bias.requires_grad:
                _add(net.bias, by_output.sum(dim=0))


class FiniteDifference(Gradient):
    """Central differences: (L(w + delta) - L(w - delta)) / (2 delta), one number at a time."""

    def __init__(self, delta: float = 0.1, compare: bool = False) -> None:
        super().__init__(compare)
        self.delta = delta

    def fill(
        self, net: nn.Module, task: Task, inputs: Tensor, targets: Tensor, loss: Tensor
    ) -> None:
        """Add the gradient; costs two passes a number, so for small models."""
        with torch.no_grad():
            for parameter in net.parameters():
                if parameter.requires_grad:
                    slopes = list(self._slopes(net, task, inputs, targets, parameter))
                    _add(parameter, torch.stack(slopes).view_as(parameter))

    def _slopes(
        self, net: nn.Module, task: Task, inputs: Tensor, targets: Tensor, parameter: Tensor
    ) -> Iterator[Tensor]:
        flat = parameter.view(-1)
        for index in range(len(flat)):
            middle = flat[index].clone()
            losses = []
            for side in (self.delta, -self.delta):
                flat[index] = middle + side
                losses.append(task.loss(task.output(net, inputs), targets))
            flat[index] = middle
            yield (losses[0] - losses[1]) / (2.0 * self.delta)


def _add(parameter: Tensor, gradient: Tensor) -> None:
    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
