"""Initial values of parameters: PyTorch's defaults, standard normal, or given values."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from seedbed.errors import ConfigError, listed, nearest

DISTRIBUTIONS = ("pytorch", "standard_normal")


def set_initial_weights(net: nn.Module, distribution: str, parameters: Mapping[str, Any]) -> None:
    """Set the initial values of a network's parameters, in place.

    Args:
        net: The network.
        distribution: Values of all parameters: `pytorch` leaves them as they are, `standard_normal`
            draws them from torch's global generator.
        parameters: Nested lists of values, or a distribution, by parameter name; they take
            precedence over `distribution`.

    Raises:
        ConfigError: The network has no such parameter, or values have the wrong shape or are no
            numbers.
    """
    named = dict(net.named_parameters())
    for name in parameters:
        if name not in named:
            raise ConfigError(
                f"initial_weights.parameters.{name}: the model has no such parameter."
                f"{nearest(name, named)} It has: {listed(named)}"
            )
    with torch.no_grad():
        for name, parameter in named.items():
            value = parameters.get(name, distribution)
            if value == "standard_normal":
                parameter.normal_()
            elif value != "pytorch":
                parameter.copy_(_values(name, value, parameter))


def _values(name: str, value: Any, parameter: nn.Parameter) -> torch.Tensor:
    key = f"initial_weights.parameters.{name}"
    if isinstance(value, str):
        raise ConfigError(f"{key}: '{value}' is neither values nor one of {listed(DISTRIBUTIONS)}")
    try:
        values = torch.tensor(value, dtype=parameter.dtype)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key}: not a table of numbers ({error})") from None
    if values.shape != parameter.shape:
        given, expected = tuple(values.shape), tuple(parameter.shape)
        raise ConfigError(f"{key}: the values have shape {given}, the parameter has {expected}")
    return values
