"""A metric: sums over rows, and a formula of the sums.

Sums can be put together over batches, devices and processes, and taken for many jobs in one tensor
operation. `output` and `target` are what the task hands over: values of shape (rows, targets) in
float64 for a regression; logits of shape (rows, 1) or (rows, classes) and classes of shape (rows,)
for a classification.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor

# Rows that are there at all, (rows,) bool; None: all. And their number.
Present = Tensor | None
Rows = int | Tensor


@dataclass(frozen=True)
class Metric:
    """Metric of an epoch.

    Attributes:
        sums: function of (output, target, present), of the rows of a batch, which may be none;
            `present` (rows,) tells which of them are there, None: all.
        value: function of the sums of an epoch and its number of rows, the metric; the rows are a
            number, or a tensor without dimensions.
        lower, upper: range in which the metric lies, whatever the rows.
        merge: function of the sums of two batches, or of many jobs' (jobs, ...): those of both.
        keeps_rows: whether these are the rows themselves, (numbers, rows), whose last number tells
            which of them are there.
    """

    sums: Callable[[Tensor, Tensor, Present], Tensor]
    value: Callable[[Tensor, Rows], Tensor]
    lower: float = -inf
    upper: float = inf
    merge: Callable[[Tensor, Tensor], Tensor] = torch.add
    keeps_rows: bool = False


def kept(values: Tensor, present: Present) -> Tensor:
    """Return values (rows, ...) with 0 in the place of rows that are not there."""
    if present is None:
        return values
    # No number times 0 is no number.
    return torch.where(present.view(-1, *[1] * (values.dim() - 1)), values, 0)


def mean(sums: Tensor, rows: Rows) -> Tensor:
    """Return the mean over the rows."""
    return sums / rows
