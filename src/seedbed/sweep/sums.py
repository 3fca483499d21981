"""An epoch's losses and metrics of many jobs, by the sums and formulas of `seedbed.metrics`."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.func import vmap

from seedbed.metrics import METRICS

# Outputs of this many numbers are kept before they are summed.
_NUMBERS_KEPT = 1 << 22


class JobSums:
    """The mean loss and the metrics of one split over one epoch, (jobs,) float64 each."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self._loss: Tensor | None = None
        self._rows = 0
        self._sums: dict[str, Tensor] = {}
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
        if self._numbers > _NUMBERS_KEPT:
            self._flush()

    def _flush(self) -> None:
        if not self._kept:
            return
        output, target = (
            torch.cat(list(column), dim=1) for column in zip(*self._kept, strict=True)
        )
        if target.is_floating_point():
            output, target = output.double(), target.double()
        for name in self.names:
            sums = vmap(METRICS[name].sums)(output, target)
            self._sums[name] = self._sums[name] + sums if name in self._sums else sums
        self._kept, self._numbers = [], 0

    def compute(self) -> dict[str, Tensor]:
        """Return loss and metrics by name."""
        self._flush()
        assert self._loss is not None
        rows = self._rows
        values = {"loss": self._loss / rows}
        for name in self.names:
            value = METRICS[name].value
            values[name] = vmap(lambda sums, value=value: value(sums, rows))(
                self._sums[name]
            ).double()
        return values
