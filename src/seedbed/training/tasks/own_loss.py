"""Loss of the user's own, or one of torch's, in the place of a task's."""

from collections.abc import Callable
from copy import copy
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.errors import ConfigError
from seedbed.training.tasks.losses import weighted_mean

KEY = "task.loss"


class OwnLoss:
    """Loss as a function of outputs and targets, one number: the mean over the rows.

    Rows that have weights are handed over with them, where the function takes a `weight` (rows,);
    of a loss that has a `reduction`, as those of torch have, the weighted mean is taken here.

    Args:
        name: Full name of the class or function, for messages.
        function: Module, function or other callable.

    Raises:
        ConfigError: It cannot be called, is no mean, or has parameters of its own.
    """

    def __init__(self, name: str, function: Any) -> None:
        if not callable(function):
            raise ConfigError(f"{KEY}: {name} cannot be called with outputs and targets")
        if isinstance(function, nn.Module) and any(p.requires_grad for p in function.parameters()):
            raise ConfigError(
                f"{KEY}: {name} has parameters of its own, which no optimizer would train; make "
                "them buffers, or part of the model"
            )
        reduction = _reduction(function)
        if reduction not in (None, "mean"):
            raise ConfigError(
                f"{KEY}.reduction: {reduction}; the loss of a batch is the mean over its rows: mean"
            )
        self.name = name
        self.function: Callable[..., Any] = function
        self._by_rows = _unreduced(function) if reduction == "mean" else None
        self._takes_weight = "weight" in _parameters(function) and not _is_of_torch(function)

    @property
    def module(self) -> nn.Module | None:
        """The loss as a module; None where it is none."""
        return self.function if isinstance(self.function, nn.Module) else None

    @property
    def takes_weights(self) -> bool:
        """Whether rows can have weights."""
        return self._takes_weight or self._by_rows is not None

    def require_weights(self, why: str) -> None:
        """Raise ConfigError where rows cannot have weights; `why` is what gives them some."""
        if not self.takes_weights:
            raise ConfigError(
                f"{KEY}: {self.name} does not take the weights of rows, which {why} asks for: give "
                "it a parameter `weight`, (rows,), and let it return sum(weight * loss) / "
                "sum(weight)"
            )

    def __call__(self, output: Tensor, target: Tensor, weight: Tensor | None) -> Any:
        """Return the loss of a batch, as the function gives it."""
        if self.module is not None:
            self.module.to(output.device)
        if weight is None:
            return self.function(output, target)
        if self._takes_weight:
            # Of no weight at all it may make 0 / 0, which is no number.
            nothing = weight.sum() == 0
            weight = torch.where(nothing, 1.0, weight).to(output.dtype)
            return torch.where(nothing, 0.0, self.function(output, target, weight=weight))
        self.require_weights("training beside jobs of other numbers of rows")
        assert self._by_rows is not None
        return weighted_mean(self._by_rows(output, target), weight)


def _is_of_torch(function: Any) -> bool:
    """Return whether it is torch's own, whose `weight` is one of classes."""
    function = function.func if isinstance(function, partial) else function
    home = type(function) if isinstance(function, nn.Module) else function
    return str(getattr(home, "__module__", "")).partition(".")[0] == "torch"


def _parameters(function: Any) -> dict[str, Any]:
    """Return the parameters that are given with every call, or nothing where they are not known."""
    called = type(function).forward if isinstance(function, nn.Module) else function
    try:
        return dict(signature(called).parameters)
    except (TypeError, ValueError):
        return {}


def _reduction(function: Any) -> Any:
    """Return how the losses of rows become one number, None where it does not say so."""
    if isinstance(function, nn.Module):
        return getattr(function, "reduction", None)
    parameter = _parameters(function).get("reduction")
    return None if parameter is None else parameter.default


def _unreduced(function: Any) -> Callable[..., Tensor]:
    """Return the same loss by rows."""
    if isinstance(function, nn.Module):
        module: Any = copy(function)
        module.reduction = "none"
        return module  # type: ignore[no-any-return]
    return partial(function, reduction="none")
