"""Metrics as sums over rows, followed by a formula.

Sums can be added over batches, devices and processes, and taken for many jobs in one tensor
operation. `output` and `target` are what the task hands over: values of shape (rows, targets) in
float64 for a regression; logits of shape (rows, 1) or (rows, classes) and classes of shape (rows,)
for a classification.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

# Logged beside the metrics, and none of them.
LEARNING_RATE = "train/learning_rate"


@dataclass(frozen=True)
class Metric:
    """Metric of an epoch.

    Attributes:
        sums: function of (output, target) whose results are added up over batches.
        value: function of these sums and the number of rows, the metric.
    """

    sums: Callable[[Tensor, Tensor], Tensor]
    value: Callable[[Tensor, int], Tensor]


def _squared_error(output: Tensor, target: Tensor) -> Tensor:
    return functional.mse_loss(output, target, reduction="sum") / target.shape[-1]


def _absolute_error(output: Tensor, target: Tensor) -> Tensor:
    return functional.l1_loss(output, target, reduction="sum") / target.shape[-1]


def _mean(sums: Tensor, rows: int) -> Tensor:
    return sums / rows


def _root_mean(sums: Tensor, rows: int) -> Tensor:
    return (sums / rows).sqrt()


def _r2_sums(output: Tensor, target: Tensor) -> Tensor:
    error = output - target
    return torch.stack((target, target * target, error * error)).sum(dim=-2)


def _r2(sums: Tensor, rows: int) -> Tensor:
    """1 - residual / total sum of squares, averaged over targets; nan below two rows."""
    total, squares, residual = sums
    if rows < 2:
        return torch.full((), torch.nan)
    score: Tensor = (1.0 - residual / (squares - total * total / rows)).mean()
    return score


def _classes(output: Tensor) -> Tensor:
    """Return the predicted class: the largest logit, or whether the only one is above 0."""
    return (output.squeeze(-1) > 0).long() if output.shape[-1] == 1 else output.argmax(-1)


def _correct(output: Tensor, target: Tensor) -> Tensor:
    return (_classes(output) == target).sum().double()


def _f1_sums(output: Tensor, target: Tensor) -> Tensor:
    """True positives, predicted and actual rows of each class; of a binary task, of class 1."""
    count = max(2, output.shape[-1])
    predicted = functional.one_hot(_classes(output), count)
    actual = functional.one_hot(target, count)
    sums = torch.stack(((predicted * actual).sum(0), predicted.sum(0), actual.sum(0))).double()
    return sums[:, 1:] if output.shape[-1] == 1 else sums


def _f1(sums: Tensor, rows: int) -> Tensor:
    """2 TP / (predicted + actual), averaged over the classes that occur at all."""
    both, predicted, actual = sums
    seen = predicted + actual
    scores: Tensor = torch.where(seen > 0, 2 * both / seen, 0.0)
    score: Tensor = scores.sum() / (seen > 0).sum().clamp(min=1)
    return score


METRICS = {
    "rmse": Metric(_squared_error, _root_mean),
    "mae": Metric(_absolute_error, _mean),
    "r2": Metric(_r2_sums, _r2),
    "accuracy": Metric(_correct, _mean),
    "f1": Metric(_f1_sums, _f1),
}


def metric_sums(names: Sequence[str], output: Tensor, target: Tensor) -> tuple[Tensor, ...]:
    """Return what is added up over the rows for each metric, in float64.

    Args:
        names: Metrics, of METRICS.
        output: Outputs of the network, (rows, targets) or logits (rows, classes).
        target: Targets as the task's `target` returns them.
    """
    if target.is_floating_point():
        output, target = output.double(), target.double()
    return tuple(METRICS[name].sums(output, target) for name in names)


def metric_values(names: Sequence[str], sums: Sequence[Tensor], rows: int) -> tuple[Tensor, ...]:
    """Return each metric from its sums over so many rows, scalars in float64."""
    pairs = zip(names, sums, strict=True)
    return tuple(METRICS[name].value(added, rows).double() for name, added in pairs)


class EpochMetrics:
    """Mean loss and metrics of one split over one epoch.

    Outputs are kept until there are `rows_kept` rows and then summed at once, which costs small
    batches a list append instead of a dozen tensor operations.

    Args:
        names: Metrics, of METRICS.
        others: Torchmetrics by name, which are given the task's predictions.
        rows_kept: Rows from which outputs are summed.
    """

    def __init__(
        self, names: list[str], others: dict[str, Any] | None = None, rows_kept: int = 8192
    ) -> None:
        self.names = names
        self.others = others or {}
        self.rows_kept = rows_kept
        self.reset()

    def reset(self) -> None:
        """Forget the epoch."""
        self._losses: list[Tensor] = []
        self._kept: list[tuple[Tensor, Tensor, Tensor]] = []
        self._kept_rows = 0
        self._loss = 0.0
        self._rows = 0
        self._sums: tuple[Tensor, ...] = ()
        for other in self.others.values():
            other.reset()

    def add(self, loss: Tensor, output: Tensor, target: Tensor, prediction: Tensor) -> None:
        """Count a batch: its mean loss, and outputs and targets of its rows, all detached."""
        self._losses.append(loss)
        self._kept.append((output, target, prediction))
        self._kept_rows += len(output)
        if self._kept_rows >= self.rows_kept:
            self._flush()

    def _flush(self) -> None:
        if not self._kept:
            return
        outputs, targets, predictions = zip(*self._kept, strict=True)
        for loss, rows in zip(torch.stack(self._losses).tolist(), map(len, outputs), strict=True):
            self._loss += loss * rows
        self._rows += self._kept_rows
        output = outputs[0] if len(outputs) == 1 else torch.cat(outputs)
        target = targets[0] if len(targets) == 1 else torch.cat(targets)
        for other in self.others.values():
            other.to(target.device).update(torch.cat(predictions), target)
        sums = metric_sums(self.names, output, target)
        before = [total.to(output.device) for total in self._sums]
        self._sums = tuple(map(torch.add, before, sums)) if before else sums
        self._losses, self._kept, self._kept_rows = [], [], 0

    def compute(self, add_over_devices: Callable[[Tensor], Tensor] | None) -> dict[str, float]:
        """Return loss and metrics by name; `add_over_devices` sums a tensor over all devices."""
        self._flush()
        loss, rows, sums = self._loss, self._rows, self._sums
        if add_over_devices is not None:
            totals = add_over_devices(torch.tensor([loss, float(rows)], dtype=torch.float64))
            loss, rows = totals[0].item(), int(totals[1].item())
            sums = tuple(map(add_over_devices, sums))
        values = {"loss": loss / rows}
        metrics = metric_values(self.names, sums, rows)
        values |= {name: value.item() for name, value in zip(self.names, metrics, strict=True)}
        values |= {name: float(other.compute()) for name, other in self.others.items()}
        return values

    def state_dict(self) -> dict[str, Any]:
        """Return the sums of the running epoch."""
        self._flush()
        others = {name: _state_of(other) for name, other in self.others.items()}
        # There are none before the first batch.
        sums = dict(zip(self.names, self._sums, strict=False))
        return {"loss": self._loss, "rows": self._rows, "sums": sums, "others": others}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from the sums of an interrupted epoch."""
        self.reset()
        self._loss, self._rows = state["loss"], state["rows"]
        self._sums = tuple(state["sums"].values())
        for name, kept in state["others"].items():
            other = self.others[name]
            other._update_count = kept["count"]
            for field, value in kept["values"].items():
                setattr(other, field, value)


def _state_of(metric: Any) -> dict[str, Any]:
    """Return the states of a torchmetric, which leaves them out of its own state_dict."""
    values = {field: getattr(metric, field) for field in metric.metric_state}
    return {"count": metric._update_count, "values": values}
