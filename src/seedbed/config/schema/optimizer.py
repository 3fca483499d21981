"""What an `optimizer=` option holds: a torch.optim class and its hyperparameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from seedbed.config.schema.field import key


@dataclass
class Optimizer:
    """Keys that every optimizer option has."""

    _target_: str = key("class of the optimizer", MISSING)
    lr: float = key("learning rate", MISSING, at_least=0, varies=True, independent=True)


@dataclass
class WeightDecay(Optimizer):
    """Keys of the optimizers that decay weights."""

    weight_decay: float = key(
        "pull of every weight towards zero", 0.0, at_least=0, varies=True, independent=True
    )


@dataclass
class SGD(WeightDecay):
    """Keys of `optimizer=sgd`."""

    _target_: str = key("class of the optimizer", "torch.optim.SGD")
    momentum: float = key("share of the last update kept", 0.0, at_least=0, varies=True)
    dampening: float = key("share of the gradient left out of the momentum", 0.0, varies=True)
    nesterov: bool = key("take the gradient after the momentum step", False)

    @classmethod
    def problems(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield what Nesterov's momentum needs."""
        if node.nesterov and (node.momentum <= 0 or node.dampening != 0):
            yield "optimizer.nesterov needs optimizer.momentum above 0 and optimizer.dampening=0"


@dataclass
class Adam(WeightDecay):
    """Keys of `optimizer=adam`."""

    _target_: str = key("class of the optimizer", "torch.optim.Adam")
    betas: list[float] = key(
        "decay of the means of gradient and squared gradient",
        [0.9, 0.999],
        at_least=0,
        below=1,
        varies=True,
    )
    eps: float = key("added to the denominator", 1e-8, at_least=0, varies=True, independent=True)
    amsgrad: bool = key("keep the largest mean of squared gradients", False)

    @classmethod
    def problems(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield betas that are not two."""
        if len(node.betas) != 2:
            yield f"optimizer.betas: {len(node.betas)} numbers, and two are needed"


@dataclass
class AdamW(Adam):
    """Keys of `optimizer=adamw`."""

    _target_: str = key("class of the optimizer", "torch.optim.AdamW")


@dataclass
class RMSprop(WeightDecay):
    """Keys of `optimizer=rmsprop`."""

    _target_: str = key("class of the optimizer", "torch.optim.RMSprop")
    alpha: float = key(
        "decay of the mean squared gradient",
        0.99,
        at_least=0,
        below=1,
        varies=True,
        independent=True,
    )
    eps: float = key("added to the denominator", 1e-8, at_least=0, varies=True, independent=True)
    momentum: float = key("share of the last update kept", 0.0, at_least=0, varies=True)
    centered: bool = key("divide by the estimated variance instead", False)


@dataclass
class Adagrad(WeightDecay):
    """Keys of `optimizer=adagrad`."""

    _target_: str = key("class of the optimizer", "torch.optim.Adagrad")
    lr_decay: float = key(
        "decay of the learning rate per step", 0.0, at_least=0, varies=True, independent=True
    )
    initial_accumulator_value: float = key(
        "start of the sum of squared gradients", 0.0, at_least=0, varies=True, independent=True
    )
    eps: float = key("added to the denominator", 1e-10, at_least=0, varies=True, independent=True)


@dataclass
class LBFGS(Optimizer):
    """Keys of `optimizer=lbfgs`."""

    _target_: str = key("class of the optimizer", "torch.optim.LBFGS")
    max_iter: int = key("most iterations a step", 20, at_least=1)
    max_eval: int | None = key("most evaluations a step; null: 1.25 x max_iter", None, at_least=1)
    tolerance_grad: float = key("stop at a gradient this small", 1e-7, at_least=0)
    tolerance_change: float = key("stop at a change this small", 1e-9, at_least=0)
    history_size: int = key("updates kept to estimate the curvature", 100, at_least=1)
    line_search_fn: str | None = key(
        "strong_wolfe, or null: a fixed step", None, one_of=("strong_wolfe",)
    )
