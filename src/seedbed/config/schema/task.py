"""What a `task=` option holds: the loss and the metrics."""

from dataclasses import dataclass
from typing import Any, ClassVar

from omegaconf import MISSING

from seedbed.config.schema.field import key

REGRESSION_LOSSES = ("mse", "mae", "huber")
REGRESSION_METRICS = ("rmse", "mae", "r2")
CLASS_METRICS = ("accuracy", "f1")


@dataclass
class Task:
    """Keys that every task option has; `fuses` tells whether the fused engine takes its loss."""

    fuses: ClassVar[bool] = True

    _target_: str = key("class of the task", MISSING)
    torchmetrics: dict[str, Any] = key(
        "further torchmetrics, by name, each with a _target_", {}, fuses=({},)
    )


@dataclass
class Regression(Task):
    """Keys of `task=regression`."""

    _target_: str = key("class of the task", "seedbed.training.tasks.Regression")
    metrics: list[str] = key("metrics besides the loss", [], one_of=REGRESSION_METRICS)
    loss: str = key("mse, mae or huber", "mse", one_of=REGRESSION_LOSSES)
    huber_delta: float = key(
        "error from which huber grows linearly", 1.0, above=0, varies=True, independent=True
    )


@dataclass
class Binary(Task):
    """Keys of `task=binary`."""

    _target_: str = key("class of the task", "seedbed.training.tasks.Binary")
    metrics: list[str] = key("metrics besides the loss", [], one_of=CLASS_METRICS)
    loss: str = key(
        "binary cross-entropy on logits", "bce_with_logits", one_of=("bce_with_logits",)
    )


@dataclass
class Minimize(Task):
    """Keys of `task=minimize`."""

    fuses: ClassVar[bool] = False

    _target_: str = key("class of the task", "seedbed.training.tasks.Minimize")


@dataclass
class Multiclass(Task):
    """Keys of `task=multiclass`."""

    _target_: str = key("class of the task", "seedbed.training.tasks.Multiclass")
    metrics: list[str] = key("metrics besides the loss", [], one_of=CLASS_METRICS)
    loss: str = key("cross-entropy on logits", "cross_entropy", one_of=("cross_entropy",))
    label_smoothing: float = key(
        "share of the target spread over all classes",
        0.0,
        at_least=0,
        at_most=1,
        varies=True,
        independent=True,
    )
    class_count: int = key("number of classes, taken from the data", MISSING, at_least=2)
