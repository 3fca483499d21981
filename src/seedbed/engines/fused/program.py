"""Tensor program of one training step of many jobs, made of the modules that train alone.

`torch.func` puts a job axis in front of network, loss and gradient; the whole step, the update
included, is then recorded once as a flat list of tensor operations (make_fx) and replayed without
autograd or Python in between. What the recorder cannot hold is refused with the reason, and such
jobs train one after another.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from seedbed.engines.fused.optimizers import Numbers, Rule, clip
from seedbed.training.tasks import Task


@dataclass(frozen=True)
class Program:
    """Recorded step.

    Attributes:
        run: function of the arguments that the step was recorded for.
        draws: whether it draws random numbers.
    """

    run: Callable[..., tuple[Tensor, ...]]
    draws: bool

    def __call__(self, *arguments: Any) -> tuple[Tensor, ...]:
        """Take the step."""
        return self.run(*arguments)


class CannotFuse(Exception):
    """The network or loss does not go through torch.func; the message is the reason."""


def named_tensors(net: nn.Module) -> dict[str, Tensor]:
    """Return all parameters and buffers by name; one that several modules share comes once."""
    return {**dict(net.named_parameters()), **dict(net.named_buffers())}


def state_names(net: nn.Module) -> dict[str, str]:
    """Return, for each name in the state_dict, the name of that tensor among `named_tensors`.

    Raises CannotFuse where the state_dict holds anything else.
    """
    names = {id(tensor): name for name, tensor in named_tensors(net).items()}
    state = net.state_dict(keep_vars=True)
    more = [name for name, value in state.items() if id(value) not in names]
    if more:
        raise CannotFuse(f"{more[0]} in the network's state_dict is no parameter or buffer of it")
    return {name: names[id(value)] for name, value in state.items()}


def refuse_differences(nets: Sequence[nn.Module]) -> None:
    """Raise CannotFuse where networks differ in more than the values of parameters and buffers.

    The program is made of the first one, so anything else would be that one's for all jobs.
    """
    first = fixed(nets[0])
    for net in {id(net): net for net in nets}.values():
        if name := difference(first, fixed(net)):
            raise CannotFuse(f"{name} of the network differs from job to job")


def difference(first: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return the first name that does not have the same value in both, or nothing."""
    for name in {**first, **other}:
        if name not in first or name not in other or not _equal(first[name], other[name]):
            return name
    return ""


def fixed(net: nn.Module) -> dict[str, Any]:
    """Return the shapes in a network, and the numbers, texts and tensors that are no state.

    A recorded step has them as they are now, for good.
    """
    attributes: dict[str, Any] = {name: value.shape for name, value in named_tensors(net).items()}
    attributes |= {f"{name} in the state_dict": own for name, own in state_names(net).items()}
    for path, module in net.named_modules():
        for name, value in vars(module).items():
            if isinstance(value, Tensor | np.ndarray | int | float | str | list | tuple):
                attributes[f"{path}.{name}".lstrip(".")] = _copy(value)
    return attributes


def _copy(value: Any) -> Any:
    """Return a value that stays when the one in the network is changed in place."""
    if isinstance(value, Tensor):
        return value if isinstance(value, nn.Parameter) else value.detach().clone()
    return value.copy() if isinstance(value, list | np.ndarray) else value


def _equal(first: Any, other: Any) -> bool:
    if type(first) is not type(other):
        return False
    if isinstance(first, Tensor):
        # A module may list its parameters, as torch's recurrent ones do.
        return isinstance(first, nn.Parameter) or torch.equal(first, other)
    if isinstance(first, np.ndarray):
        return np.array_equal(first, other)
    if isinstance(first, list | tuple):
        return len(first) == len(other) and all(map(_equal, first, other))
    # Of other objects nothing is known.
    return (
        not isinstance(first, int | float | str)
        or first == other
        or (first != first and other != other)
    )


class Layout:
    """Where each trained parameter of a network lies in a job's row of numbers."""

    def __init__(self, net: nn.Module) -> None:
        trained = {k: p for k, p in net.named_parameters() if p.requires_grad}
        self.shapes = {name: tuple(parameter.shape) for name, parameter in trained.items()}
        self.sizes = [parameter.numel() for parameter in trained.values()]

    def flat(self, named: Mapping[str, Tensor]) -> Tensor:
        """Return one network's parameters as a row, (numbers,)."""
        return torch.cat([named[name].detach().reshape(-1) for name in self.shapes])

    def split(self, rows: Tensor) -> dict[str, Tensor]:
        """Return (jobs, numbers) as views (jobs, *shape) by parameter name."""
        jobs = len(rows)
        parts = rows.split(self.sizes, dim=1)
        return {
            name: part.view(jobs, *shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }


def per_job(net: nn.Module, task: Task) -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
    """Return a function of one job: (parameters, buffers, numbers of the loss, inputs, targets) to
    (loss, output, target)."""

    def measure(
        parameters: dict[str, Tensor],
        others: dict[str, Tensor],
        loss_numbers: Numbers,
        inputs: Tensor,
        targets: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        def call(*arguments: Tensor) -> Any:
            return functional_call(net, (parameters, others), arguments)

        output = task.output(call, inputs)
        target = task.target(targets, output)
        return task.with_numbers(loss_numbers).loss(output, target), output, target

    return measure


def training_program(
    net: nn.Module,
    task: Task,
    layout: Layout,
    rule: Rule,
    flags: dict[str, bool],
    clip_by_norm: bool | None,
    shared_batch: bool,
) -> Callable[..., tuple[Tensor, ...]]:
    """Return one step as a function of tensors alone; it is recorded by `record`.

    It takes the rows (jobs, numbers), dictionaries of the network's other tensors (jobs, ...), of
    the rule's numbers (jobs, 1) and states, and of the numbers (jobs,) that the loss has for each
    job, and a batch: (jobs, rows, ...), or (rows, ...) where all jobs see the same one. It changes
    rows, others and states in place, and returns losses (jobs,), outputs and targets, from before
    the update.
    """
    batch_axis = None if shared_batch else 0
    measure = per_job(net, task)

    def step(
        rows: Tensor,
        others: dict[str, Tensor],
        numbers: Numbers,
        states: Numbers,
        loss_numbers: Numbers,
        inputs: Tensor,
        targets: Tensor,
    ) -> tuple[Tensor, ...]:
        leaves = {k: part.detach().requires_grad_() for k, part in layout.split(rows).items()}
        fused = vmap(measure, in_dims=(0, 0, 0, batch_axis, batch_axis), randomness="different")
        loss, output, target = fused(leaves, others, loss_numbers, inputs, targets)
        parts = torch.autograd.grad(loss.sum(), list(leaves.values()))
        gradient = torch.cat([part.reshape(len(rows), -1) for part in parts], dim=1)
        with torch.no_grad():
            if clip_by_norm is not None:
                gradient = clip(gradient, numbers["clip"].to(gradient.dtype), clip_by_norm)
            rule.update(rows, gradient, numbers, states, flags)
        return loss.detach(), output.detach(), target

    return step


def evaluation_program(
    net: nn.Module, task: Task, layout: Layout, shared_batch: bool
) -> Callable[..., tuple[Tensor, ...]]:
    """Return the measuring of a batch as a function of tensors: losses, outputs, targets."""
    batch_axis = None if shared_batch else 0
    measure = per_job(net, task)

    def step(
        rows: Tensor,
        others: dict[str, Tensor],
        loss_numbers: Numbers,
        inputs: Tensor,
        targets: Tensor,
    ) -> tuple[Tensor, ...]:
        fused = vmap(measure, in_dims=(0, 0, 0, batch_axis, batch_axis), randomness="different")
        loss, output, target = fused(layout.split(rows), others, loss_numbers, inputs, targets)
        return loss, output, target

    return step


def record(step: Callable[..., tuple[Tensor, ...]], *example: Any) -> Program:
    """Return the step recorded for tensors of these shapes; the example is left as it is.

    Random numbers that recording draws are drawn again afterwards, so that it makes no difference
    when it takes place.

    Raises CannotFuse where the step cannot be recorded.
    """
    with random_numbers_kept(_tensors(example)[0].device):
        return _recorded(step, example)


@contextmanager
def random_numbers_kept(device: torch.device) -> Iterator[None]:
    """Put the state of random numbers back afterwards, on the CPU and on this device."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


def _recorded(step: Callable[..., tuple[Tensor, ...]], example: Sequence[Any]) -> Program:
    tensors, layout = tree_flatten(tree_map(torch.clone, example))
    try:
        graph = make_fx(step)(*tree_map(torch.clone, example))
    except Exception as error:  # The user's own network may do anything.
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        raise CannotFuse(f"{type(error).__name__}: {reason}") from error
    graph.eval()
    draws = any(
        torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
        for node in graph.graph.nodes
    )

    def replay(*tensors: Tensor) -> Any:
        return graph(*tree_unflatten(list(tensors), layout))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled: Any = torch.jit.trace(replay, tuple(tensors), check_trace=False)
    except RuntimeError:  # Some operations, convolutions among them, have arguments it lacks.
        return Program(lambda *arguments: tuple(graph(*arguments)), draws)
    return Program(lambda *arguments: compiled(*_tensors(arguments)), draws)


def _tensors(arguments: Sequence[Any]) -> list[Tensor]:
    """Return all tensors of arguments that are tensors or dictionaries of them.

    At every step, so not by torch's general `tree_leaves`, which takes longer.
    """
    return [
        tensor
        for argument in arguments
        for tensor in (argument.values() if isinstance(argument, dict) else (argument,))
    ]
