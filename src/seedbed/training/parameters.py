"""Parameters of a network and single numbers inside them, found by the names in a config."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product

from torch import Tensor, nn

from seedbed.errors import ConfigError, listed, nearest


@dataclass(frozen=True)
class Element:
    """One number of a parameter: `weight[0,1]`, or `x` where the parameter is a single number."""

    text: str
    name: str
    index: tuple[int, ...]

    def of(self, net: nn.Module) -> Tensor:
        """Return the number as a scalar that shares the parameter's memory."""
        return net.get_parameter(self.name).detach()[self.index]

    def within(self, values: Tensor) -> float:
        """Return the number at the same place of a tensor of the parameter's shape."""
        return float(values[self.index])


def parameters_matching(net: nn.Module, patterns: Sequence[str], key: str) -> list[str]:
    """Return the names that any of the globs matches, in the network's order.

    Raises ConfigError, which names the config key, for a glob that matches nothing.
    """
    names = [name for name, _ in net.named_parameters()]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ConfigError(
                f"{key}: '{pattern}' matches no parameter.{nearest(pattern, names)} "
                f"The model has: {listed(names)}"
            )
    return [name for name in names if any(fnmatchcase(name, one) for one in patterns)]


def find_element(net: nn.Module, text: str, key: str) -> Element:
    """Return the number that `name[row,column]` means; a single number needs no index.

    Raises ConfigError, which names the config key, where the network has no such number.
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
    """Return every number of the parameters that the globs match; raises as they do."""
    named = dict(net.named_parameters())
    found = []
    for name in parameters_matching(net, patterns, key):
        single = named[name].numel() == 1
        for index in product(*map(range, named[name].shape)):
            text = name if single else f"{name}[{','.join(map(str, index))}]"
            found.append(Element(text, name, index))
    return found


def frozen_parameters(net: nn.Module, patterns: Sequence[str]) -> list[str]:
    """Return the names that `freeze.parameters` means; raises ConfigError where none is left."""
    names = parameters_matching(net, patterns, "freeze.parameters")
    if names and len(names) == len(list(net.parameters())):
        raise ConfigError("freeze.parameters: every parameter is frozen, so nothing would train")
    return names
