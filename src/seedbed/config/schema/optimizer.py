"""What an `optimizer=` option holds: a torch.optim class and its hyperparameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from omegaconf import MISSING

from seedbed.config.schema.field import key


@dataclass
class Optimizer:
    """Keys that every optimizer option has."""

    # Where the fused engine has an update rule under the same `_target_`.
    fuses: ClassVar[bool] = True

    _target_: str = key("class of the optimizer", MISSING)
    lr: float = key("learning rate", MISSING, at_least=0, varies=True, independent=True)


@dataclass
class WeightDecay(Optimizer):
    """Keys of the optimizers with weight decay."""

    weight_decay: float = key("L2 penalty", 0.0, at_least=0, varies=True, independent=True)


@dataclass
class SGD(WeightDecay):
    """Keys of `optimizer=sgd`."""

    _target_: str = key("class of the optimizer", "torch.optim.SGD")
    momentum: float = key("momentum factor", 0.0, at_least=0, varies=True)
    dampening: float = key("dampening of the momentum", 0.0, varies=True)
    nesterov: bool = key("Nesterov momentum", False)

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
        "coefficients of the running averages of the gradient and its square",
        [0.9, 0.999],
        at_least=0,
        below=1,
        varies=True,
    )
    eps: float = key(
        "term added to the denominator for numerical stability",
        1e-8,
        at_least=0,
        varies=True,
        independent=True,
    )
    amsgrad: bool = key(
        "AMSGrad: divide by the maximum of the averages of the squared gradient", False
    )

    @classmethod
    def problems(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield betas that are not two."""
        if len(node.betas) != 2:
            yield f"optimizer.betas: {len(node.betas)} numbers, and two are needed"


@dataclass
class AdamW(Adam):
    """Keys of `optimizer=adamw`."""

    weight_decay: float = key(
        "decoupled weight decay", 0.01, at_least=0, varies=True, independent=True
    )

    _target_: str = key("class of the optimizer", "torch.optim.AdamW")


@dataclass
class RMSprop(WeightDecay):
    """Keys of `optimizer=rmsprop`."""

    _target_: str = key("class of the optimizer", "torch.optim.RMSprop")
    alpha: float = key(
        "smoothing constant of the running average of the squared gradient",
        0.99,
        at_least=0,
        below=1,
        varies=True,
        independent=True,
    )
    eps: float = key(
        "term added to the denominator for numerical stability",
        1e-8,
        at_least=0,
        varies=True,
        independent=True,
    )
    momentum: float = key("momentum factor", 0.0, at_least=0, varies=True)
    centered: bool = key(
        "centered RMSprop: normalize the gradient by an estimate of its variance", False
    )


@dataclass
class Adagrad(WeightDecay):
    """Keys of `optimizer=adagrad`."""

    _target_: str = key("class of the optimizer", "torch.optim.Adagrad")
    lr_decay: float = key(
        "learning rate decay: lr / (1 + steps x lr_decay)",
        0.0,
        at_least=0,
        varies=True,
        independent=True,
    )
    initial_accumulator_value: float = key(
        "initial value of the sum of squared gradients",
        0.0,
        at_least=0,
        varies=True,
        independent=True,
    )
    eps: float = key(
        "term added to the denominator for numerical stability",
        1e-10,
        at_least=0,
        varies=True,
        independent=True,
    )


@dataclass
class LBFGS(Optimizer):
    """Keys of `optimizer=lbfgs`."""

    _target_: str = key("class of the optimizer", "torch.optim.LBFGS")
    max_iter: int = key("maximum number of iterations per step", 20, at_least=1)
    max_eval: int | None = key(
        "maximum number of function evaluations per step; null: 1.25 x max_iter", None, at_least=1
    )
    tolerance_grad: float = key("termination tolerance on the gradient", 1e-7, at_least=0)
    tolerance_change: float = key(
        "termination tolerance on changes of the loss and the parameters", 1e-9, at_least=0
    )
    history_size: int = key("update history size", 100, at_least=1)
    line_search_fn: str | None = key(
        "line search: strong_wolfe; null: none, a fixed step", None, one_of=("strong_wolfe",)
    )
