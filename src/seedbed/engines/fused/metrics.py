"""The losses and metrics of an epoch of many jobs, by the sums and formulas of one."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from seedbed.engines.fused.history import Metrics
from seedbed.engines.fused.recording import Program, record
from seedbed.engines.fused.torchmetrics_of_jobs import JobTorchmetrics
from seedbed.training.metrics import (
    merged_sums,
    metric_sums,
    metric_values,
    out_of_range,
    say_out_of_range,
)

# Outputs of this many numbers are kept before they are summed.
NUMBERS_KEPT = 1 << 22


class JobSums:
    """Mean loss and metrics of one split over one epoch, (jobs,) float64 each.

    Args:
        names: Metrics, of seedbed.training.metrics.METRICS.
        programs: Formulas recorded so far, for reuse; None (default): they are just called.
        others: Torchmetrics of the jobs, which are reset; None (default): there are none.
    """

    def __init__(
        self,
        names: Sequence[str],
        programs: dict[Hashable, Program] | None = None,
        others: JobTorchmetrics | None = None,
    ) -> None:
        self.names = list(names)
        self.others = others
        self._programs = programs
        self._loss: Tensor | None = None
        # Together the weight of the rows, and the number of those that are present.
        self._weight: Tensor | float = 0.0
        self._rows: Tensor | int = 0
        self._sums: tuple[Tensor, ...] = ()
        self._kept: list[tuple[Tensor, Tensor, Tensor | None]] = []
        self._numbers = 0

    def add(
        self,
        loss: Tensor,
        output: Tensor,
        target: Tensor,
        *more: Tensor,
        present: Tensor | None = None,
    ) -> None:
        """Count a batch: mean losses (jobs,), outputs and targets (jobs, rows, ...).

        `more` are predictions, (jobs, rows, ...), where there are torchmetrics, and the sum of the
        weights of a job's rows, (jobs,), where they do not weigh 1 each. `present` are the rows
        that a job has, (jobs, rows), None: all of them.
        """
        if self.others is not None:
            self.others.add(target, more[0], present)
        weights = more[0 if self.others is None else 1 :]
        weight = weights[0] if weights else None
        weighs = output.shape[1] if weight is None else weight.double()
        weighted = loss.double() * weighs
        self._loss = weighted if self._loss is None else self._loss + weighted
        self._weight = self._weight + weighs
        self._rows = self._rows + (output.shape[1] if present is None else present.sum(dim=1))
        if self.names:
            self._kept.append((output, target, present))
            self._numbers += output.numel()
        if self._numbers > NUMBERS_KEPT:
            self._flush()

    def _flush(self) -> None:
        """Sum up what is kept, and keep it no more."""
        if self._kept:
            sums = self._recorded(("sums",), self._added, *self._columns())
            self._sums = merged_sums(self.names, self._sums, sums) if self._sums else sums
            self._kept, self._numbers = [], 0

    def _columns(self) -> list[Tensor]:
        """Return what is kept, (jobs, rows, ...): outputs and targets.

        Where some rows are not there, which are present comes third.
        """
        outputs, targets, present = zip(*self._kept, strict=True)
        columns = [torch.cat(column, dim=1) for column in (outputs, targets)]
        if any(each is not None for each in present):
            columns.append(torch.cat(list(map(_all_or, outputs, present)), dim=1))
        return columns

    # *arguments: the recorder counts the names of a method's others, `self` among them.

    def _added(self, *columns: Tensor) -> tuple[Tensor, ...]:
        """Return the metrics' sums over outputs and targets, (jobs, rows, ...)."""
        return vmap(partial(metric_sums, self.names))(*columns)

    def _values(self, *sums: Tensor) -> tuple[Tensor, ...]:
        """Return the metrics of their sums, (jobs,) each; the last one are the rows that differ."""
        if isinstance(self._rows, int):
            return vmap(partial(metric_values, self.names, rows=self._rows))(sums)
        return vmap(partial(metric_values, self.names))(sums[:-1], sums[-1])

    def _whole(self, *columns: Tensor) -> tuple[Tensor, ...]:
        """Return the metrics of an epoch's outputs and targets, (jobs, rows, ...)."""
        if isinstance(self._rows, int):
            return self._values(*self._added(*columns))
        return self._values(*self._added(*columns[:-1]), columns[-1])

    def _recorded(
        self,
        kind: tuple[Hashable, ...],
        function: Callable[..., tuple[Tensor, ...]],
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        if self._programs is None:
            return function(*tensors)
        key = (*kind, *((tensor.shape, tensor.dtype) for tensor in tensors))
        if key not in self._programs:
            self._programs[key] = record(function, *tensors)
        return tuple(self._programs[key](*tensors))

    def compute(self) -> dict[str, Tensor]:
        """Return loss and metrics by name."""
        assert self._loss is not None
        values = {"loss": self._loss / self._weight}
        if self.names:
            values |= dict(zip(self.names, self._metrics(), strict=True))
        return values if self.others is None else values | self.others.compute()

    def _metrics(self) -> tuple[Tensor, ...]:
        # Rows that are as many for all jobs are a number in the formulas.
        rows = self._rows
        known, more = (rows, ()) if isinstance(rows, int) else (None, (rows,))
        if not self._sums:  # One program takes less time than two.
            return self._recorded(("metrics", known), self._whole, *self._columns(), *more)
        self._flush()
        return self._recorded(("values", known), self._values, *self._sums, *more)


def _all_or(output: Tensor, present: Tensor | None) -> Tensor:
    """Return which rows are present; all of them where nothing is said."""
    if present is not None:
        return present
    return torch.ones(output.shape[:2], dtype=torch.bool, device=output.device)


def named_metrics(split: str, sums: JobSums) -> Metrics:
    """Return the metrics of a split by `split/name`; one that cannot be is nan, and said."""
    metrics = {name: value.cpu().numpy() for name, value in sums.compute().items()}
    for name in sums.names:
        wrong = out_of_range(name, metrics[name])
        if wrong.any():
            say_out_of_range(name)
            metrics[name] = np.where(wrong, np.nan, metrics[name])
    return {f"{split}/{name}": value for name, value in metrics.items()}
