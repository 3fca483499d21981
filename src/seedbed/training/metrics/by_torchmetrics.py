"""Metrics that are taken by torchmetrics, which is imported where one is asked for."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from math import inf
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Named:
    """Metric of torchmetrics that has a name of its own here.

    Attributes:
        room: classification or regression, the module of its class.
        kind: name of the class; of a classification without its start, Binary or Multiclass.
        lower, upper: range in which the metric lies.
        arguments: what the class takes besides the number of classes.
        outputs: argument that is told the number of targets, where there is one.
    """

    room: str
    kind: str
    lower: float = -inf
    upper: float = inf
    arguments: dict[str, Any] = field(default_factory=dict)
    outputs: str | None = None


NAMED = {
    "hinge_loss": Named("classification", "HingeLoss", 0),
    "kendall": Named("regression", "KendallRankCorrCoef", -1, 1, outputs="num_outputs"),
}


def make_named(names: Iterable[str], class_count: int | None, outputs: int) -> dict[str, Any]:
    """Return new torchmetrics by name, which give one number each.

    Args:
        names: Metrics, of NAMED.
        class_count: Number of classes, 2 of a binary task; None of a regression.
        outputs: Numbers that the network puts out per row.
    """
    return {name: _made(NAMED[name], class_count, outputs) for name in names}


def _made(named: Named, class_count: int | None, outputs: int) -> Any:
    arguments, prefix = dict(named.arguments), ""
    if named.room == "classification":
        prefix = "Binary" if outputs == 1 else "Multiclass"
        arguments |= {} if outputs == 1 else {"num_classes": class_count}
    elif named.outputs is not None:
        arguments[named.outputs] = outputs
    with warnings.catch_warnings():  # That it keeps all rows.
        warnings.simplefilter("ignore")
        return _one_number(f"torchmetrics.{named.room}", f"{prefix}{named.kind}")(**arguments)


def is_named(metric: Any) -> bool:
    """Return whether a torchmetric was made by its name here, and by no config of the user's."""
    return getattr(metric, "is_named", False) is True


@cache
def _one_number(module: str, name: str) -> Any:
    """Return a class of torchmetrics whose metric is the mean over targets."""
    # Its time of import is long.
    base: Any = getattr(import_module(module), name)

    class OneNumber(base):  # type: ignore[misc]
        is_named = True

        def update(self, prediction: Tensor, target: Tensor) -> None:
            if prediction.dim() == 2 and prediction.shape[1] == 1:
                prediction, target = prediction.squeeze(1), target.squeeze(1)
            super().update(prediction, target)

        def compute(self) -> Tensor:
            values: Tensor = super().compute()
            return values.double().mean()

    OneNumber.__name__ = name
    return OneNumber
