"""Recorded steps of a group: each is recorded once for batches of one shape."""

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.engines.fused.group import Group
from seedbed.engines.fused.network_state import CannotFuse, Layout, Weights, difference, fixed
from seedbed.engines.fused.optimizers import Numbers, Rule
from seedbed.engines.fused.program import evaluation_program, training_program
from seedbed.engines.fused.recording import Program, record
from seedbed.engines.fused.rows.batches import Batch


class Steps:
    """Training steps and evaluations of the jobs of a group, recorded when first needed.

    Attributes:
        recorded: programs by what they were recorded for.
        draws: whether a step draws random numbers.
    """

    def __init__(self, net: nn.Module, layout: Layout, rule: Rule, group: Group) -> None:
        self.net = net
        self.layout = layout
        self.rule = rule
        self.group = group
        self.recorded: dict[Hashable, Program] = {}
        self.draws = False

    def clear(self) -> None:
        """Forget the programs: the number of jobs is another one."""
        self.recorded.clear()

    def train(
        self,
        rows: Tensor,
        others: Numbers,
        numbers: Numbers,
        states: Numbers,
        loss_numbers: Numbers,
        batch: Batch,
    ) -> tuple[Tensor, ...]:
        """Take a step of all jobs, which changes rows, others and states in place.

        Returns the results of `seedbed.engines.fused.program.per_job`, from before the update, and
        last the norms of the gradients, where the group wants them.
        Raises CannotFuse where the network itself counts its steps.
        """
        some_rest = batch.part.some_rest
        given = (rows, others, numbers, states, loss_numbers, batch.tensors())
        key = ("step", len(rows), some_rest, *_shapes(given[-1]))
        if key not in self.recorded:
            step = self.training_program(batch, some_rest)
            self.recorded[key] = self._checked(step, given)
        with torch.no_grad():
            return self.recorded[key](*given)

    def training_program(self, batch: Batch, some_rest: bool) -> Callable[..., tuple[Tensor, ...]]:
        """Return a training step that is not recorded."""
        group = self.group
        return training_program(
            self.net,
            group.task,
            self.layout,
            self.rule,
            group.flags,
            group.clip_by_norm,
            batch.axes(),
            some_rest,
            group.gradient_norms is not None,
        )

    def _checked(self, step: Callable[..., tuple[Tensor, ...]], given: tuple[Any, ...]) -> Program:
        # What is recorded has numbers and texts of network and loss as they are now, for good.
        modules = {"the network": self.net}
        if self.group.task.own_loss is not None and self.group.task.own_loss.module is not None:
            modules["the loss"] = self.group.task.own_loss.module
        before = {called: fixed(module) for called, module in modules.items()}
        program = record(step, *given)
        for called, module in modules.items():
            if name := difference(before[called], fixed(module)):
                raise CannotFuse(f"{name} of {called} changes while it trains")
        self.draws = self.draws or program.draws
        return program

    def evaluate(
        self, split: str, weights: Weights, loss_numbers: Numbers, batch: Batch
    ) -> tuple[Tensor, ...]:
        """Measure a batch of a split with these weights, without a step."""
        given = (*weights, loss_numbers, batch.tensors())
        key = (split, len(weights[0]), *_shapes(given[-1]))
        if key not in self.recorded:
            step = evaluation_program(self.net, self.group.task, self.layout, batch.axes())
            self.recorded[key] = record(step, *given)
        with torch.no_grad():
            return self.recorded[key](*given)


def _shapes(tensors: Numbers) -> tuple[Hashable, ...]:
    return tuple((name, tensor.shape) for name, tensor in tensors.items())
