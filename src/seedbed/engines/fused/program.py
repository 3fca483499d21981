"""Tensor program of one training step of many jobs, made of the modules that train alone.

`torch.func` puts a job axis in front of network, loss and gradient; the whole step, the update
included, is then recorded once as a flat list of tensor operations and replayed without autograd or
Python in between (see `seedbed.engines.fused.recording`). What the recorder cannot hold is refused
with the reason, and such jobs train one after another.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from seedbed.engines.fused.gradient_norms import norms_of
from seedbed.engines.fused.nets.dropout import drawing
from seedbed.engines.fused.network_state import Layout
from seedbed.engines.fused.optimizers import Numbers, Rule, clip
from seedbed.training.tasks import Task

# Axis of the jobs in the tensors of a batch, or in each by its name; None: all jobs share them.
BatchAxes = int | dict[str, int | None] | None


def per_job(net: nn.Module, task: Task) -> Callable[..., tuple[Tensor, ...]]:
    """Return a function of one job: (parameters, buffers, numbers of the loss, batch) to results.

    The batch holds `inputs` and `targets`, and may hold `weights` of the rows, which of them are
    `present`, as the others weigh nothing, and a key from which dropout `draw`s. The results are
    (loss, output, target), the predictions where the task has torchmetrics, and the sum of the
    weights where rows have any.
    """

    def measure(
        parameters: dict[str, Tensor],
        others: dict[str, Tensor],
        loss_numbers: Numbers,
        batch: dict[str, Tensor],
    ) -> tuple[Tensor, ...]:
        def call(*arguments: Tensor) -> Any:
            return functional_call(net, (parameters, others), arguments)

        own = task.with_numbers(loss_numbers)
        with drawing(net, batch):
            output = own.output(call, batch["inputs"])
        target = own.target(batch["targets"], output)
        weight = _weight(batch)
        loss = own.loss(output, target, weight)
        results: tuple[Tensor, ...] = (loss, *own.measured(output, target))
        if task.has_torchmetrics:
            results = (*results, own.prediction(output))
        if own.weights(target, weight) is None:
            return results
        return *results, own.total_weight(target, weight)

    return measure


def _weight(batch: Mapping[str, Tensor]) -> Tensor | None:
    """Return the weight of each row itself, (rows,); None where all weigh the same."""
    weight, present = batch.get("weights"), batch.get("present")
    if present is None or weight is None:
        return weight if present is None else present.double()
    return torch.where(present, weight, 0.0)


def training_program(
    net: nn.Module,
    task: Task,
    layout: Layout,
    rule: Rule,
    flags: dict[str, bool],
    clip_by_norm: bool | None,
    batch_axes: BatchAxes,
    some_rest: bool = False,
    norms: bool = False,
) -> Callable[..., tuple[Tensor, ...]]:
    """Return one step as a function of tensors alone; it is recorded by `record`.

    It takes the rows (jobs, numbers), dictionaries of the network's other tensors (jobs, ...), of
    the rule's numbers (jobs, 1) and states, and of the numbers (jobs, ...) that the loss has for
    each job, and a batch as `per_job` has it: (jobs, rows, ...), or (rows, ...) where all jobs see
    the same one. It changes rows, others and states in place, and returns what `per_job` does, from
    before the update. `some_rest` says that jobs of which no row is present are left as they are;
    with `norms` the last result are those of the gradients.
    """
    measure = per_job(net, task)

    def step(
        rows: Tensor,
        others: dict[str, Tensor],
        numbers: Numbers,
        states: Numbers,
        loss_numbers: Numbers,
        batch: dict[str, Tensor],
    ) -> tuple[Tensor, ...]:
        changing = [rows, *others.values(), *states.values()] if some_rest else []
        before = [tensor.clone() for tensor in changing]
        leaves = {k: part.detach().requires_grad_() for k, part in layout.split(rows).items()}
        fused = vmap(measure, in_dims=(0, 0, 0, batch_axes), randomness="different")
        loss, *rest = fused(leaves, others, loss_numbers, batch)
        parts = torch.autograd.grad(loss.sum(), list(leaves.values()))
        gradient = torch.cat([part.reshape(len(rows), -1) for part in parts], dim=1)
        padded = numbers.get("padded")
        with torch.no_grad():
            if padded is not None:
                gradient.masked_fill_(padded, 0.0)
            whole = gradient
            if clip_by_norm is not None:
                gradient = clip(gradient, numbers["clip"].to(gradient.dtype), clip_by_norm)
            if norms:
                clipped = None if clip_by_norm is None else gradient
                rest = [*rest, norms_of(layout, whole, clipped)]
            rule.update(rows, gradient, numbers, states, flags)
            if padded is not None:  # Zero by zero is no number, where an optimizer has eps=0.
                rows.masked_fill_(padded, 0.0)
            for tensor, old in zip(changing, before, strict=True):
                _restore(tensor, old, ~batch["present"].any(dim=1))
        return loss.detach(), *(result.detach() for result in rest)

    return step


def _restore(tensor: Tensor, before: Tensor, resting: Tensor) -> None:
    """Let the jobs that rest, (jobs,) bool, have in a tensor what they had before."""
    where = resting.view(-1, *[1] * (tensor.dim() - 1))
    tensor.copy_(torch.where(where, before, tensor))


def evaluation_program(
    net: nn.Module, task: Task, layout: Layout, batch_axes: BatchAxes
) -> Callable[..., tuple[Tensor, ...]]:
    """Return the measuring of a batch as a function of tensors, with the results of `per_job`."""
    measure = per_job(net, task)

    def step(
        rows: Tensor, others: dict[str, Tensor], loss_numbers: Numbers, batch: dict[str, Tensor]
    ) -> tuple[Tensor, ...]:
        fused = vmap(measure, in_dims=(0, 0, 0, batch_axes), randomness="different")
        results: tuple[Tensor, ...] = fused(layout.split(rows), others, loss_numbers, batch)
        return results

    return step
