"""Metrics as sums over rows, followed by a formula.

Sums can be added over batches, devices and processes, and taken for many jobs in one tensor
operation. All sums are float64. `output` and `target` are what the task hands over: values of
shape (rows, targets) for a regression, logits of shape (rows, 1) or (rows, classes) and classes of
shape (rows,) for a classification.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Metric:
    """`sums` maps (output, target) to what is added up over rows; `value` maps that to a number."""

    sums: Callable[[Tensor, Tensor], Tensor]
    value: Callable[[Tensor], Tensor]


def _squared_error(output: Tensor, target: Tensor) -> Tensor:
    error = output.double() - target.double()
    return torch.stack(((error * error).sum(), torch.ones_like(error).sum()))


def _absolute_error(output: Tensor, target: Tensor) -> Tensor:
    error = output.double() - target.double()
    return torch.stack((error.abs().sum(), torch.ones_like(error).sum()))


def _r2_sums(output: Tensor, target: Tensor) -> Tensor:
    target = target.double()
    error = output.double() - target
    parts = (target, target * target, error * error, torch.ones_like(target))
    return torch.stack(parts).sum(dim=1)


def _r2(sums: Tensor) -> Tensor:
    """1 - residual / total sum of squares, averaged over targets; nan below two rows."""
    total, squares, residual, rows = sums
    variation = squares - total * total / rows
    return torch.where(rows > 1, 1.0 - residual / variation, torch.nan).mean()


def _classes(output: Tensor) -> Tensor:
    """Return the predicted class: the largest logit, or whether the only one is above 0."""
    return (output.squeeze(-1) > 0).long() if output.shape[-1] == 1 else output.argmax(-1)


def _correct(output: Tensor, target: Tensor) -> Tensor:
    right = (_classes(output) == target).double()
    return torch.stack((right.sum(), torch.ones_like(right).sum()))


def _ratio(sums: Tensor) -> Tensor:
    return sums[0] / sums[1]


def _f1_sums(output: Tensor, target: Tensor) -> Tensor:
    """True positives, predicted and actual rows of each class; of a binary task, of class 1."""
    count = max(2, output.shape[-1])
    predicted = functional.one_hot(_classes(output), count)
    actual = functional.one_hot(target, count)
    sums = torch.stack(((predicted * actual).sum(0), predicted.sum(0), actual.sum(0))).double()
    return sums[:, 1:] if output.shape[-1] == 1 else sums


def _f1(sums: Tensor) -> Tensor:
    """2 TP / (predicted + actual), averaged over the classes that occur at all."""
    both, predicted, actual = sums
    seen = predicted + actual
    if len(seen) == 1:
        return torch.where(seen > 0, 2 * both / seen, 0.0)[0]
    return torch.where(seen > 0, 2 * both / seen, 0.0).sum() / (seen > 0).sum()


METRICS = {
    "rmse": Metric(_squared_error, lambda sums: _ratio(sums).sqrt()),
    "mae": Metric(_absolute_error, _ratio),
    "r2": Metric(_r2_sums, _r2),
    "accuracy": Metric(_correct, _ratio),
    "f1": Metric(_f1_sums, _f1),
}


class EpochMetrics:
    """The mean loss and the metrics of one split over one epoch.

    Outputs are kept until `rows_kept` rows are there and then summed at once, which costs small
    batches a list append instead of a dozen tensor operations.
    """

    def __init__(
        self,
        names: list[str],
        others: dict[str, Any] | None = None,
        rows_kept: int = 8192,
    ) -> None:
        """`others` are torchmetrics by name, fed with the task's predictions."""
        self.names = names
        self.others = others or {}
        self.rows_kept = rows_kept
        self.reset()

    def reset(self) -> None:
        """Forget the epoch."""
        self._kept: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        self._rows = 0
        self._sums: dict[str, Tensor] = {}
        for other in self.others.values():
            other.reset()

    def add(self, loss: Tensor, output: Tensor, target: Tensor, prediction: Tensor) -> None:
        """Count a batch: its mean loss, and outputs and targets of its rows, all detached."""
        self._kept.append((loss, output, target, prediction))
        self._rows += len(output)
        if self._rows >= self.rows_kept:
            self._flush()

    def _flush(self) -> None:
        if not self._kept:
            return
        losses, outputs, targets, predictions = zip(*self._kept, strict=True)
        counts = torch.tensor([float(len(o)) for o in outputs], dtype=torch.float64)
        loss = torch.stack(losses).double()
        counts = counts.to(loss.device)
        sums = {"loss": torch.stack(((loss * counts).sum(), counts.sum()))}
        output = outputs[0] if len(outputs) == 1 else torch.cat(outputs)
        target = targets[0] if len(targets) == 1 else torch.cat(targets)
        sums.update({name: METRICS[name].sums(output, target) for name in self.names})
        for other in self.others.values():
            other.update(torch.cat(predictions), target)
        for name, value in sums.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value
        self._kept, self._rows = [], 0

    def compute(self, reduce: Callable[[Tensor], Tensor]) -> dict[str, float]:
        """Return the epoch's numbers by name; `reduce` adds sums over devices."""
        self._flush()
        values = {}
        for name, sums in self._sums.items():
            metric = _ratio if name == "loss" else METRICS[name].value
            values[name] = metric(reduce(sums)).item()
        values.update({name: float(other.compute()) for name, other in self.others.items()})
        return values

    def state_dict(self) -> dict[str, Tensor]:
        """Return the sums of the running epoch."""
        self._flush()
        return dict(self._sums)

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from the sums of an interrupted epoch."""
        self.reset()
        self._sums = dict(state)
