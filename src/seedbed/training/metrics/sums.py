"""Sums of the metrics of a batch, and the metrics of the sums of an epoch."""

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seedbed.training.metrics.by_torchmetrics import NAMED
from seedbed.training.metrics.classification import CLASSIFICATION
from seedbed.training.metrics.metric import Rows, kept
from seedbed.training.metrics.ranks import RANKS_OF_CLASSES, RANKS_OF_NUMBERS
from seedbed.training.metrics.regression import REGRESSION

METRICS = {**REGRESSION, **RANKS_OF_NUMBERS, **CLASSIFICATION, **RANKS_OF_CLASSES}


def metric_sums(
    names: Sequence[str], output: Tensor, target: Tensor, present: Tensor | None = None
) -> tuple[Tensor, ...]:
    """Return what is put together over the rows for each metric, in float64.

    A logit that is nan predicts no class: then the sums are nan.

    Args:
        names: Metrics, of METRICS.
        output: Outputs of the network, (rows, targets) or logits (rows, classes).
        target: Targets as the task's `target` returns them.
        present: Which rows are there at all, (rows,) bool, where others fill up a batch; None
            (default): all.
    """
    if target.is_floating_point():
        return _distinct_sums(names, output.double(), target.double(), present)
    sums = _distinct_sums(names, output, target, present)
    if not sums or len(output) == 0:
        return sums
    unknown = kept(output, present).amax().isnan()
    return tuple(torch.where(unknown, torch.nan, each) for each in sums)


def _distinct_sums(
    names: Sequence[str], output: Tensor, target: Tensor, present: Tensor | None
) -> tuple[Tensor, ...]:
    """Return the sums of each metric; those that several have in common are taken once."""
    functions = [METRICS[name].sums for name in names]
    taken = {function: function(output, target, present) for function in functions}
    return tuple(taken[function] for function in functions)


def merged_sums(
    names: Sequence[str], first: Sequence[Tensor], second: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """Return the sums over the rows of both; those of many jobs are (jobs, ...)."""
    pairs = zip(names, first, second, strict=True)
    return tuple(METRICS[name].merge(before, more) for name, before, more in pairs)


def metric_values(names: Sequence[str], sums: Sequence[Tensor], rows: Rows) -> tuple[Tensor, ...]:
    """Return each metric from its sums over so many rows, scalars in float64.

    The number of rows may be a tensor without dimensions, as that of each job is under
    torch.func.vmap; of no rows a metric is nan, or what its formula makes of it.
    """
    pairs = zip(names, sums, strict=True)
    return tuple(METRICS[name].value(added, rows).double() for name, added in pairs)


def of_equal_length(names: Sequence[str], sums: Sequence[Tensor], rows: int) -> tuple[Tensor, ...]:
    """Return sums of the same shape for all devices of which none has more than so many rows."""
    return tuple(
        functional.pad(kept, (0, rows - kept.shape[-1])) if METRICS[name].keeps_rows else kept
        for name, kept in zip(names, sums, strict=True)
    )


def out_of_range(name: str, value: Any) -> Any:
    """Return whether a metric is a number that it cannot be, elementwise."""
    lower, upper = range_of(name)
    return (value < lower) | (value > upper)


def range_of(name: str) -> tuple[float, float]:
    """Return the smallest and the largest number that a metric can be."""
    metric = METRICS.get(name) or NAMED[name]
    return metric.lower, metric.upper


@cache  # Once a metric is enough.
def say_out_of_range(name: str) -> None:
    """Say on stderr that a metric came out wrong, which is a fault of Seedbed's."""
    lower, upper = range_of(name)
    print(
        f"seedbed: {name} came out of its range, {lower:g} to {upper:g}, and is left "
        "out (null): please report this",
        file=sys.stderr,
    )
