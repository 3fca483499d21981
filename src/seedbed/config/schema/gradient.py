"""Schema of the `gradient=` options: computation of the gradient of the loss."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from omegaconf import MISSING, DictConfig

from seedbed.config.schema.field import Schema, key
from seedbed.config.schema.model import Linear


@dataclass
class Gradient(Schema, fuses=False):
    """Gradient of the loss; it fuses where the fused engine computes it."""

    _target_: str = key("class that computes the gradient", MISSING)
    compare: bool = key(
        "log the largest relative difference from autograd, every epoch", False, fuses=(False,)
    )


@dataclass
class Autograd(Gradient, target="seedbed.training.gradients.Gradient", fuses=True):
    """Gradient by automatic differentiation: torch.autograd."""


@dataclass
class WithoutAutograd(Gradient):
    """Gradient computed without autograd."""

    option: ClassVar[str]

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield what the trainer does that only autograd can."""
        trainer = config.trainer
        if (trainer.devices or 1) > 1 or trainer.accumulate_grad_batches > 1:
            yield f"gradient={cls.option} needs one device and trainer.accumulate_grad_batches=1"
        if not trainer.precision.endswith("-true"):
            yield f"gradient={cls.option} needs a trainer.precision that is not mixed"


@dataclass
class Analytic(WithoutAutograd, target="seedbed.training.gradients.Analytic", option="analytic"):
    """Analytic gradient of the mean squared error of a linear model."""

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that the gradient of this model or loss is not written out."""
        if config.model.get("_target_") != Linear._target_ or config.task.get("loss") != "mse":
            yield (
                "gradient=analytic is written out for model=linear on task.loss=mse alone; "
                "use gradient=autograd or gradient=finite_difference"
            )
        yield from super().problems(node, config, key)


@dataclass
class FiniteDifference(
    WithoutAutograd,
    target="seedbed.training.gradients.FiniteDifference",
    option="finite_difference",
):
    """Central finite difference of the loss."""

    delta: float = key("step of the central difference, to each side", 0.1, above=0)
