"""The losses and metrics of an epoch of many jobs, by the sums and formulas of one."""

from collections.abc import Callable, Hashable, Sequence

import torch
from torch import Tensor
from torch.func import vmap

from seedbed.engines.fused.program import Program, record
from seedbed.training.metrics import METRICS

# Outputs of this many numbers are kept before they are summed.
NUMBERS_KEPT = 1 << 22


class JobSums:
    """The mean loss and the metrics of one split over one epoch, (jobs,) float64 each."""

    def __init__(
        self, names: Sequence[str], programs: dict[Hashable, Program] | None = None
    ) -> None:
        """`programs` keeps what is recorded of the formulas; with None they are just called."""
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
            sums = self._recorded(("sums",), self._formulas(), *self._columns())
            self._sums = tuple(map(torch.add, self._sums, sums)) if self._sums else sums
            self._kept, self._numbers = [], 0

    def _columns(self) -> list[Tensor]:
        """Return the outputs and targets that are kept, (jobs, rows, ...)."""
        return [torch.cat(list(column), dim=1) for column in zip(*self._kept, strict=True)]

    def _formulas(self) -> Callable[..., tuple[Tensor, ...]]:
        """Return a function from outputs and targets, (jobs, rows, ...), to the metrics' sums."""

        def sums(output: Tensor, target: Tensor) -> tuple[Tensor, ...]:
            if target.is_floating_point():
                output, target = output.double(), target.double()
            return tuple(vmap(METRICS[name].sums)(output, target) for name in self.names)

        return sums

    def _values(self) -> Callable[..., tuple[Tensor, ...]]:
        """Return a function from the metrics' sums to their values, (jobs,) float64."""
        rows = self._rows

        def values(*sums: Tensor) -> tuple[Tensor, ...]:
            formulas = [METRICS[name].value for name in self.names]
            return tuple(
                vmap(lambda one, formula=formula: formula(one, rows))(found).double()
                for formula, found in zip(formulas, sums, strict=True)
            )

        return values

    def _whole(self) -> Callable[..., tuple[Tensor, ...]]:
        """Return a function from an epoch's outputs and targets to the metrics' values."""
        sums, values = self._formulas(), self._values()
        return lambda output, target: values(*sums(output, target))

    def _recorded(
        self,
        kind: tuple[Hashable, ...],
        function: Callable[..., tuple[Tensor, ...]],
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        if self._programs is None:
            return function(*tensors)
        key = (*kind, *((one.shape, one.dtype) for one in tensors))
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
            return self._recorded(("metrics", self._rows), self._whole(), *self._columns())
        self._flush()
        return self._recorded(("values", self._rows), self._values(), *self._sums)
