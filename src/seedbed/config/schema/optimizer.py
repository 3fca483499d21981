"""Schema of the `optimizer=` options: a torch.optim class and its hyperparameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from omegaconf import MISSING, DictConfig

from seedbed.config.schema.field import Schema, key

# Most hyperparameters: numbers from 0 on that may differ between the jobs of a fused group.
_number = partial(key, at_least=0, varies=True, independent=True)
_EPS = "term added to the denominator for numerical stability"


@dataclass
class Optimizer(Schema):
    """Optimizer; it fuses where the fused engine has an update rule under its `_target_`."""

    _target_: str = key("class of the optimizer", MISSING)
    lr: float = _number("learning rate", MISSING)


@dataclass
class Custom(Optimizer, fuses=False):
    """Optimizer of the user's or of another package; its other arguments are keys as well."""

    _target_: str = key(
        "class of the optimizer; its other arguments are added: +optimizer.beta=0.9", MISSING
    )
    lr: float | None = key(  # type: ignore[assignment]
        "learning rate; null: the default of the class", None, varies=True, independent=True
    )


@dataclass
class WeightDecay(Optimizer):
    """Optimizer with weight decay."""

    weight_decay: float = _number("L2 penalty", 0.0)


@dataclass
class SGD(WeightDecay, target="torch.optim.SGD"):
    """Stochastic gradient descent, with momentum where it is not 0."""

    momentum: float = key("momentum factor", 0.0, at_least=0, varies=True)
    dampening: float = key("dampening of the momentum", 0.0, varies=True)
    nesterov: bool = key("Nesterov momentum", False)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield what Nesterov's momentum needs."""
        if node.nesterov and (node.momentum <= 0 or node.dampening != 0):
            yield "optimizer.nesterov needs optimizer.momentum above 0 and optimizer.dampening=0"


@dataclass
class Adam(WeightDecay, target="torch.optim.Adam"):
    """Adam optimizer (Kingma and Ba, 2015)."""

    betas: list[float] = key(
        "coefficients of the running averages of the gradient and its square",
        [0.9, 0.999],
        at_least=0,
        below=1,
        varies=True,
    )
    eps: float = _number(_EPS, 1e-8)
    amsgrad: bool = key(
        "AMSGrad: divide by the maximum of the averages of the squared gradient", False
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield betas that are not two."""
        if len(node.betas) != 2:
            yield f"optimizer.betas: {len(node.betas)} numbers, and two are needed"


@dataclass
class AdamW(Adam, target="torch.optim.AdamW"):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    weight_decay: float = _number("decoupled weight decay", 0.01)


@dataclass
class RMSprop(WeightDecay, target="torch.optim.RMSprop"):
    """RMSprop optimizer (Hinton, 2012)."""

    alpha: float = _number(
        "smoothing constant of the running average of the squared gradient", 0.99, below=1
    )
    eps: float = _number(_EPS, 1e-8)
    momentum: float = key("momentum factor", 0.0, at_least=0, varies=True)
    centered: bool = key(
        "centered RMSprop: normalize the gradient by an estimate of its variance", False
    )


@dataclass
class Adagrad(WeightDecay, target="torch.optim.Adagrad"):
    """Adagrad optimizer (Duchi et al., 2011)."""

    lr_decay: float = _number("learning rate decay: lr / (1 + steps x lr_decay)", 0.0)
    initial_accumulator_value: float = _number("initial value of the sum of squared gradients", 0.0)
    eps: float = _number(_EPS, 1e-10)


@dataclass
class LBFGS(Optimizer, target="torch.optim.LBFGS"):
    """L-BFGS optimizer, a quasi-Newton method (Liu and Nocedal, 1989)."""

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
