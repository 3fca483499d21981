"""Selection of parameters, and of single elements of them, by the names in a config."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from seedbed.errors import ConfigError, listed, nearest


@dataclass(frozen=True)
class Element:
    """One element of a parameter.

    Attributes:
        text: What it is called: `weight[0,1]`, or `x` where the parameter has a single element.
        name: Name of the parameter.
        index: Index of the element in the parameter.
    """

    text: str
    name: str
    index: tuple[int, ...]

    def of(self, net: nn.Module) -> Tensor:
        """Return the element as a scalar tensor that shares the parameter's memory."""
        return net.get_parameter(self.name).detach()[self.index]

    def within(self, values: Tensor) -> float:
        """Return the value at the element's index of a tensor of the parameter's shape."""
        return float(values[self.index])


def parameters_matching(net: nn.Module, patterns: Sequence[str], key: str) -> list[str]:
    """Return the names of the parameters that any of the globs matches, in the network's order.

    Args:
        net: The network.
        patterns: Globs over parameter names, case-sensitive.
        key: Config key that the globs come from, for error messages.

    Raises:
        ConfigError: A glob matches no parameter.
    """
    names = [name for name, _ in net.named_parameters()]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ConfigError(
                f"{key}: '{pattern}' matches no parameter.{nearest(pattern, names)} "
                f"The model has: {listed(names)}"
            )
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def find_element(net: nn.Module, text: str, key: str) -> Element:
    """Return the element that a text such as `weight[0,1]` names.

    Args:
        net: The network.
        text: Name and index; a parameter with a single element needs no index.
        key: Config key that the text comes from, for error messages.

    Raises:
        ConfigError: The network has no such parameter or element.
    """
    match = re.fullmatch(r"([^\[\]]+?)(?:\[([^\[\]]*)\])?", text.strip())
    named = dict(net.named_parameters())
    if match is None or match[1] not in named:
        word = match[1] if match else text
        raise ConfigError(
            f"{key}: the model has no parameter '{text}'.{nearest(word, named)} "
            f"It has: {listed(named)}"
        )
    parameter = named[match[1]]
    shape = tuple(parameter.shape)
    if match[2] is None and parameter.numel() == 1:
        return Element(text.strip(), match[1], (0,) * len(shape))
    numbers = [number.strip() for number in (match[2] or "").split(",")]
    index = tuple(int(number) if re.fullmatch(r"[0-9]+", number) else -1 for number in numbers)
    if len(index) != len(shape) or any(
        not 0 <= i < size for i, size in zip(index, shape, strict=True)
    ):
        example = f"{match[1]}[{','.join('0' * len(shape))}]" if shape else match[1]
        raise ConfigError(
            f"{key}: '{text}' is not one number: {match[1]} has shape {shape}; "
            f"write for instance {example}"
        )
    return Element(text.strip(), match[1], index)


def elements_matching(net: nn.Module, patterns: Sequence[str], key: str) -> list[Element]:
    """Return all elements of the parameters that the globs match, as `parameters_matching` does."""
    named = dict(net.named_parameters())
    elements = []
    for name in parameters_matching(net, patterns, key):
        single = named[name].numel() == 1
        for index in product(*map(range, named[name].shape)):
            text = name if single else f"{name}[{','.join(map(str, index))}]"
            elements.append(Element(text, name, index))
    return elements


def trained_count(net: nn.Module, frozen: Sequence[str] = ()) -> int:
    """Return how many numbers a network trains: those of parameters that are not frozen.

    Args:
        net: The network.
        frozen: Names of parameters that are never trained.
    """
    return sum(
        parameter.numel()
        for name, parameter in net.named_parameters()
        if parameter.requires_grad and name not in frozen and not is_lazy(parameter)
    )


def frozen_parameters(net: nn.Module, patterns: Sequence[str]) -> list[str]:
    """Return the names of the parameters that globs of `freeze.parameters` match.

    Args:
        net: The network.
        patterns: Globs over parameter names.

    Raises:
        ConfigError: A glob matches nothing, or every parameter would be frozen.
    """
    names = parameters_matching(net, patterns, "freeze.parameters")
    if names and len(names) == len(list(net.parameters())):
        raise ConfigError("freeze.parameters: every parameter is frozen, so nothing would train")
    return names
