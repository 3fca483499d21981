"""Where the parameters start: PyTorch's own values, standard normal, or values given."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from seedbed.errors import ConfigError, listed, nearest

DISTRIBUTIONS = ("pytorch", "standard_normal")


def set_initial_weights(net: nn.Module, distribution: str, parameters: Mapping[str, Any]) -> None:
    """Overwrite the parameters that the config speaks of, in place.

    `distribution` holds for every parameter; `parameters` maps names to nested lists of values or
    to a distribution, and goes before it. Raises ConfigError for a name that the network lacks, a
    value of the wrong shape, or one that is no number.
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
        found, wanted = tuple(values.shape), tuple(parameter.shape)
        raise ConfigError(f"{key}: the values have shape {found}, the parameter has {wanted}")
    return values
