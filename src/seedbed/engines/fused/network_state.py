"""Tensors of a network that the jobs have each for themselves, and all else, which is the same."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

# Parameters, (jobs, numbers), and the other tensors of the networks by name, (jobs, ...).
Weights = tuple[Tensor, dict[str, Tensor]]


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


def refuse_differences(nets: Sequence[nn.Module], but_for: Collection[str] = ()) -> None:
    """Raise CannotFuse where networks differ in more than the values of parameters and buffers.

    The program is made of the first one, so anything else would be that one's for all jobs; but for
    some facts, by the names that `fixed` gives them.
    """
    first = _without(fixed(nets[0]), but_for)
    for net in {id(net): net for net in nets}.values():
        if name := difference(first, _without(fixed(net), but_for)):
            raise CannotFuse(f"{name} of the network differs from job to job")


def _without(facts: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any]:
    return {name: value for name, value in facts.items() if name not in names}


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


def rows_of(weights: Weights, chosen: Tensor) -> Weights:
    """Return the weights of some jobs."""
    return weights[0][chosen], {name: value[chosen] for name, value in weights[1].items()}
