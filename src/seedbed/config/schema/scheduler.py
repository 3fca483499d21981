"""Schema of the `scheduler=` options: a torch learning-rate schedule and its interval."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from omegaconf import MISSING, DictConfig

from seedbed.config.schema.field import Schema, key

INTERVALS = ("epoch", "step")


@dataclass
class Scheduler(Schema):
    """Learning-rate schedule."""

    _target_: str | None = key("class of the schedule; null: none", MISSING)


@dataclass
class Constant(Scheduler, target=None):
    """Constant learning rate."""


@dataclass
class Stepped(Scheduler):
    """Schedule that advances every epoch or every optimizer step."""

    interval: str = key("unit of the schedule: epoch or step", "epoch", one_of=INTERVALS)


@dataclass
class Custom(Stepped, fuses=False):
    """Schedule of the user's or of another package; its other arguments are keys as well."""

    _target_: str | None = key(
        "class of the schedule; its other arguments are added: +scheduler.gamma=0.9", MISSING
    )


@dataclass
class WholeRun(Stepped):
    """Schedule that can last as long as the run; `length` is the key that says so."""

    length: ClassVar[str]

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that the schedule shall last as long as a run without a known length."""
        trainer = config.trainer
        open_ended = trainer.max_epochs is None and trainer.max_steps is None
        if node[cls.length] is None and open_ended:
            yield f"scheduler.{cls.length}: null means the whole run, which has no known length"


@dataclass
class Step(Stepped, target="torch.optim.lr_scheduler.StepLR"):
    """Step decay: the learning rate falls by a factor every few intervals."""

    step_size: int = key("period of learning rate decay, in intervals", 30, at_least=1)
    gamma: float = key("multiplicative factor of learning rate decay", 0.1, above=0)


@dataclass
class Cosine(WholeRun, target="torch.optim.lr_scheduler.CosineAnnealingLR", length="T_max"):
    """Cosine annealing (Loshchilov and Hutter, 2017)."""

    T_max: int | None = key(
        "maximum number of intervals: half the period; null: the whole run", None, at_least=1
    )
    eta_min: float = key("minimum learning rate", 0.0, at_least=0)


@dataclass
class OneCycle(WholeRun, target="torch.optim.lr_scheduler.OneCycleLR", length="total_steps"):
    """One-cycle policy (Smith and Topin, 2018)."""

    max_lr: float = key("upper learning rate boundary of the cycle", MISSING, above=0)
    total_steps: int | None = key(
        "total number of intervals in the cycle; null: the whole run", None, at_least=1
    )
    pct_start: float = key(
        "fraction of the cycle spent increasing the learning rate", 0.3, at_least=0, at_most=1
    )
    anneal_strategy: str = key("annealing strategy: cos or linear", "cos", one_of=("cos", "linear"))
    cycle_momentum: bool = key(
        "cycle the momentum inversely to the learning rate", False, fuses=(False,)
    )
    div_factor: float = key("max_lr / initial learning rate", 25.0, above=0)
    final_div_factor: float = key("initial learning rate / minimum learning rate", 1e4, above=0)


@dataclass
class Plateau(Scheduler, target="torch.optim.lr_scheduler.ReduceLROnPlateau"):
    """Reduction of the learning rate once a metric no longer improves."""

    monitor: str | None = key("metric that is monitored; null: optimized_metric", None)
    mode: str | None = key("min or max; null: follows from the metric", None, one_of=("min", "max"))
    factor: float = key("factor by which the learning rate is reduced", 0.1, above=0, below=1)
    patience: int = key(
        "epochs (or validations, if fewer) with no improvement before a reduction",
        10,
        at_least=0,
    )
    threshold: float = key(
        "minimum relative change that counts as an improvement", 1e-4, at_least=0
    )
    cooldown: int = key("epochs to wait after a reduction before normal operation", 0, at_least=0)
    min_lr: float = key("lower bound on the learning rate", 0.0, at_least=0)


@dataclass
class Warmup(Stepped, target="torch.optim.lr_scheduler.LinearLR"):
    """Linear warmup."""

    start_factor: float = key(
        "factor on the learning rate in the first interval", 0.01, above=0, at_most=1
    )
    total_iters: int = key("intervals until the learning rate is optimizer.lr", 5, at_least=1)


@dataclass
class WarmupCosine(
    WholeRun, target="seedbed.training.schedulers.warmup_cosine", length="total_iters"
):
    """Linear warmup followed by cosine annealing."""

    start_factor: float = key(
        "factor on the learning rate in the first interval", 0.01, above=0, at_most=1
    )
    warmup_iters: int = key("intervals of linear warmup", 5, at_least=1)
    total_iters: int | None = key(
        "intervals of warmup and annealing together; null: the whole run", None, at_least=2
    )
    eta_min: float = key("minimum learning rate", 0.0, at_least=0)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that the length is not known, or that the rise leaves no time to fall."""
        yield from super().problems(node, config, key)
        if node.total_iters is not None and node.total_iters <= node.warmup_iters:
            yield "scheduler.total_iters must be above scheduler.warmup_iters"
