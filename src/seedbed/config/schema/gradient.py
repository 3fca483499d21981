"""What a `gradient=` option holds: how the gradient of the loss is taken."""

from dataclasses import dataclass
from typing import ClassVar

from omegaconf import MISSING

from seedbed.config.schema.field import key


@dataclass
class Gradient:
    """Keys that every gradient option has; `fuses` tells whether the fused engine takes it so."""

    fuses: ClassVar[bool] = False

    _target_: str = key("class that takes the gradient", MISSING)
    compare: bool = key(
        "log the largest relative difference to autograd, each epoch", False, fuses=(False,)
    )


@dataclass
class Autograd(Gradient):
    """Keys of `gradient=autograd`."""

    fuses: ClassVar[bool] = True

    _target_: str = key("class that takes the gradient", "seedbed.training.gradients.Gradient")


@dataclass
class Analytic(Gradient):
    """Keys of `gradient=analytic`."""

    _target_: str = key("class that takes the gradient", "seedbed.training.gradients.Analytic")


@dataclass
class FiniteDifference(Gradient):
    """Keys of `gradient=finite_difference`."""

    _target_: str = key(
        "class that takes the gradient", "seedbed.training.gradients.FiniteDifference"
    )
    delta: float = key("distance to each side", 0.1, above=0)
