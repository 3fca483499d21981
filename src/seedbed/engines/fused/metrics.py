"""The losses and metrics of an epoch of many jobs, by the sums and formulas of one."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.func import vmap

from seedbed.engines.fused.program import Program, record
from seedbed.training.metrics import merged_sums, metric_sums, metric_values

# Outputs of this many numbers are kept before they are summed.
NUMBERS_KEPT = 1 << 22


class JobSums:
    """Mean loss and metrics of one split over one epoch, (jobs,) float64 each.

    Args:
        names: Metrics, of seedbed.training.metrics.METRICS.
        programs: Formulas recorded so far, for reuse; None (default): they are just called.
    """

    def __init__(
        self, names: Sequence[str], programs: dict[Hashable, Program] | None = None
    ) -> None:
        self.names = list(names)
        self._programs = programs
        self._loss: Tensor | None = None
        self._rows = 0
        self._sums: tuple[Tensor, ...] = ()
        self._kept: list[tuple[Tensor, Tensor]] = []
        self._numbers = 0

    def add(self, loss: Tensor, output: Tensor, target: Tensor) -> None:
        """Count a batch: mean losses (jobs,), outputs and targets (jobs, rows, ...)."""
        rows = output.shape[1]
        weighted = loss.double() * rows
        self._loss = weighted if self._loss is None else self._loss + weighted
        self._rows += rows
        if self.names:
            self._kept.append((output, target))
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
        """Return the outputs and targets that are kept, (jobs, rows, ...)."""
        return [torch.cat(list(column), dim=1) for column in zip(*self._kept, strict=True)]

    # *arguments: the recorder counts the names of a method's others, `self` among them.

    def _added(self, *columns: Tensor) -> tuple[Tensor, ...]:
        """Return the metrics' sums over outputs and targets, (jobs, rows, ...)."""
        return vmap(partial(metric_sums, self.names))(*columns)

    def _values(self, *sums: Tensor) -> tuple[Tensor, ...]:
        """Return the metrics of their sums, (jobs,) each."""
        values = partial(metric_values, self.names, rows=self._rows)
        return vmap(values)(sums)

    def _whole(self, *columns: Tensor) -> tuple[Tensor, ...]:
        """Return the metrics of an epoch's outputs and targets, (jobs, rows, ...)."""
        return self._values(*self._added(*columns))

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
        values = {"loss": self._loss / self._rows}
        if self.names:
            values |= dict(zip(self.names, self._metrics(), strict=True))
        return values

    def _metrics(self) -> tuple[Tensor, ...]:
        if not self._sums:  # One program takes less time than two.
            return self._recorded(("metrics", self._rows), self._whole, *self._columns())
        self._flush()
        return self._recorded(("values", self._rows), self._values, *self._sums)
