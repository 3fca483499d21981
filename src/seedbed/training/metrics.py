"""Metrics as sums over rows, followed by a formula.

Sums can be put together over batches, devices and processes, and taken for many jobs in one tensor
operation. `output` and `target` are what the task hands over: values of shape (rows, targets) in
float64 for a regression; logits of shape (rows, 1) or (rows, classes) and classes of shape (rows,)
for a classification.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial, reduce
from math import inf, nan
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seedbed.errors import DataError

# Logged beside the metrics, and none of them: the learning rate, and elements of parameters.
LEARNING_RATE = "train/learning_rate"
PARAMETER = "parameter/"


def is_metric(name: str) -> bool:
    """Return whether what is logged under this name is a metric."""
    return name != LEARNING_RATE and not name.startswith(PARAMETER)


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
    """

    sums: Callable[[Tensor, Tensor, Present], Tensor]
    value: Callable[[Tensor, Rows], Tensor]
    lower: float = -inf
    upper: float = inf
    merge: Callable[[Tensor, Tensor], Tensor] = torch.add


def _squared_error(output: Tensor, target: Tensor, present: Present) -> Tensor:
    if present is None:
        return functional.mse_loss(output, target, reduction="sum") / target.shape[-1]
    return _kept((output - target).square(), present).sum() / target.shape[-1]


def _absolute_error(output: Tensor, target: Tensor, present: Present) -> Tensor:
    if present is None:
        return functional.l1_loss(output, target, reduction="sum") / target.shape[-1]
    return _kept((output - target).abs(), present).sum() / target.shape[-1]


def _kept(values: Tensor, present: Present) -> Tensor:
    """Return values (rows, ...) with 0 in the place of rows that are not there."""
    if present is None:
        return values
    # No number times 0 is no number.
    return torch.where(present.view(-1, *[1] * (values.dim() - 1)), values, 0)


def _mean(sums: Tensor, rows: Rows) -> Tensor:
    return sums / rows


def _root_mean(sums: Tensor, rows: Rows) -> Tensor:
    return (sums / rows).sqrt()


def _r2_sums(output: Tensor, target: Tensor, present: Present) -> Tensor:
    """Rows, first value, offsets from it, their squares and squared errors, (targets, 5).

    Of targets far from zero the squares themselves have no digits left for their differences. With
    the first value left out, equal targets are equal to the last digit, and others keep all digits
    but those of the number of rows.
    """
    if len(target) == 0:
        return target.new_zeros(target.shape[-1], 5)
    # With the rows last, which is three times as fast.
    values = target.T.contiguous()
    error, first = output.T - values, values[:, :1]
    if present is None:
        count, offset = torch.full_like(first, len(target)), values - first
    else:
        place = present.long().argmax().expand(first.shape)
        first = values.gather(1, place)
        count = present.sum().to(values.dtype).expand(first.shape)
        offset, error = (torch.where(present, each, 0.0) for each in (values - first, error))
    sums = torch.stack((offset, offset * offset, error * error), dim=1).sum(dim=-1)
    return torch.cat((count, first, sums), dim=-1)


def _r2_merge(first: Tensor, second: Tensor) -> Tensor:
    """Add sums up, those of the second as they would be from the first value of the first."""
    rows, start, *sums = first.unbind(dim=-1)
    more, other, offsets, squares, residual = second.unbind(dim=-1)
    # Where there was no row yet, the other's first value is the first one.
    start = torch.where(rows == 0, other, start)
    apart = torch.where(more == 0, 0.0, other - start)
    moved = offsets + more * apart
    squares = squares + apart * (offsets + moved)
    rows, *sums = map(torch.add, (rows, *sums), (more, moved, squares, residual))
    return torch.stack((rows, start, *sums), dim=-1)


def _r2(sums: Tensor, rows: Rows) -> Tensor:
    """1 - residual / total sum of squares, averaged over targets; nan below two rows.

    Of a target that is constant, 1 where it is met to the last digit and else 0, as scikit-learn
    and torchmetrics have it.
    """
    _, _, offsets, squares, residual = sums.unbind(dim=-1)
    total = squares - offsets * offsets / rows
    constant = torch.where(residual == 0, 1.0, residual)
    score = 1.0 - (residual / torch.where(total == 0, constant, total)).mean()
    return torch.where(torch.as_tensor(rows, device=score.device) < 2, torch.nan, score)


def _classes(output: Tensor) -> Tensor:
    """Return the predicted class: the largest logit, or whether the only one is above 0."""
    return (output.squeeze(-1) > 0).long() if output.shape[-1] == 1 else output.argmax(-1)


def _correct(output: Tensor, target: Tensor, present: Present) -> Tensor:
    return _kept(_classes(output) == target, present).sum().double()


def _f1_sums(output: Tensor, target: Tensor, present: Present) -> Tensor:
    """True positives, predicted and actual rows of each class; of a binary task, of class 1."""
    count = max(2, output.shape[-1])
    predicted = _kept(functional.one_hot(_classes(output), count), present)
    actual = _kept(functional.one_hot(target, count), present)
    sums = torch.stack(((predicted * actual).sum(0), predicted.sum(0), actual.sum(0))).double()
    return sums[:, 1:] if output.shape[-1] == 1 else sums


def _f1(sums: Tensor, rows: Rows) -> Tensor:
    """2 TP / (predicted + actual), averaged over the classes that occur at all."""
    both, predicted, actual = sums
    seen = predicted + actual
    # A class that was not seen has 0 for both.
    scores = 2 * both / seen.clamp(min=1)
    score: Tensor = scores.sum() / (seen > 0).sum().clamp(min=1)
    return score


METRICS = {
    "rmse": Metric(_squared_error, _root_mean, lower=0),
    "mae": Metric(_absolute_error, _mean, lower=0),
    "r2": Metric(_r2_sums, _r2, upper=1, merge=_r2_merge),
    "accuracy": Metric(_correct, _mean, lower=0, upper=1),
    "f1": Metric(_f1_sums, _f1, lower=0, upper=1),
}


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
        output, target = output.double(), target.double()
        return tuple(METRICS[name].sums(output, target, present) for name in names)
    sums = tuple(METRICS[name].sums(output, target, present) for name in names)
    if not sums or len(output) == 0:
        return sums
    unknown = _kept(output, present).amax().isnan()
    return tuple(torch.where(unknown, torch.nan, each) for each in sums)


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


def out_of_range(name: str, value: Any) -> Any:
    """Return whether a metric is a number that it cannot be, elementwise."""
    metric = METRICS[name]
    return (value < metric.lower) | (value > metric.upper)


@cache  # Once a metric is enough.
def say_out_of_range(name: str) -> None:
    """Say on stderr that a metric came out wrong, which is a fault of Seedbed's."""
    metric = METRICS[name]
    print(
        f"seedbed: {name} came out of its range, {metric.lower:g} to {metric.upper:g}, and is left "
        "out (null): please report this",
        file=sys.stderr,
    )


class EpochMetrics:
    """Mean loss and metrics of one split over one epoch.

    The loss is the mean over the rows by their weights; the metrics do not weigh them. Outputs are
    kept until there are `rows_kept` rows and then summed at once, which costs small batches a list
    append instead of a dozen tensor operations.

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
        # Groups of devices that have rows, where not all have.
        self._groups: dict[tuple[int, ...], Any] = {}
        self.reset()

    def reset(self) -> None:
        """Forget the epoch."""
        self._losses: list[Tensor] = []
        self._weights: list[Tensor] = []
        self._kept: list[tuple[Tensor, Tensor, Tensor]] = []
        self._kept_rows = 0
        self._loss = 0.0
        self._weight = 0.0
        self._rows = 0
        self._sums: tuple[Tensor, ...] = ()
        for other in self.others.values():
            other.reset()

    def add(
        self,
        loss: Tensor,
        output: Tensor,
        target: Tensor,
        prediction: Tensor,
        weight: Tensor | None = None,
    ) -> None:
        """Count a batch: its mean loss, and outputs and targets of its rows, all detached.

        `weight` is the sum of the weights of its rows; None (default): each weighs 1. All batches
        of an epoch have one, or none has.
        """
        self._losses.append(loss)
        if weight is not None:
            self._weights.append(weight)
        self._kept.append((output, target, prediction))
        self._kept_rows += len(output)
        if self._kept_rows >= self.rows_kept:
            self._flush()

    def _flush(self) -> None:
        if not self._kept:
            return
        outputs, targets, predictions = zip(*self._kept, strict=True)
        losses = torch.stack(self._losses).tolist()
        weighted = bool(self._weights)
        weights = torch.stack(self._weights).tolist() if weighted else map(len, outputs)
        for loss, weight in zip(losses, weights, strict=True):
            self._loss += loss * weight
            self._weight += weight
        self._rows += self._kept_rows
        output = outputs[0] if len(outputs) == 1 else torch.cat(outputs)
        target = targets[0] if len(targets) == 1 else torch.cat(targets)
        # Of no rows at all, some torchmetrics make nan, and others fail.
        for name, other in self.others.items() if len(target) else ():
            with _named(name):
                other.to(target.device).update(torch.cat(predictions), target)
        sums = metric_sums(self.names, output, target)
        before = [total.to(output.device) for total in self._sums]
        self._sums = merged_sums(self.names, before, sums) if before else sums
        self._losses, self._weights, self._kept, self._kept_rows = [], [], [], 0

    def compute(self, gather: Callable[[Tensor], Tensor] | None) -> dict[str, float]:
        """Return loss and metrics by name, nan where there is no row or no number.

        `gather` returns a tensor of all devices, (devices, ...); None where there is one.
        """
        self._flush()
        loss, weight, rows, sums = self._loss, self._weight, self._rows, self._sums
        of_devices = [rows]
        if gather is not None:
            totals = gather(torch.tensor([loss, weight, float(rows)], dtype=torch.float64))
            of_devices = [int(count) for count in totals[:, 2].tolist()]
            loss, weight, _ = totals.sum(dim=0).tolist()
            rows = sum(of_devices)
            gathered = zip(*map(gather, sums), strict=True)
            sums = reduce(partial(merged_sums, self.names), gathered) if sums else ()
        if rows == 0:
            return dict.fromkeys(("loss", *self.names, *self.others), nan)
        values = {"loss": loss / weight if weight else nan}
        metrics = metric_values(self.names, sums, rows)
        for name, metric in zip(self.names, metrics, strict=True):
            values[name] = metric.item()
            if out_of_range(name, values[name]):
                say_out_of_range(name)
                values[name] = nan
        return values | self._others(of_devices, gather)

    def _others(
        self, rows: Sequence[int], gather: Callable[[Tensor], Tensor] | None
    ) -> dict[str, float]:
        """Return the torchmetrics, which add up over devices themselves; `rows` are those of each.

        They do so only where every device has some: those without are told the others' result.
        """
        if gather is None or not self.others or all(rows):
            return {name: _computed(name, other) for name, other in self.others.items()}
        taking_part = tuple(device for device, count in enumerate(rows) if count)
        if taking_part not in self._groups:
            self._groups[taking_part] = torch.distributed.new_group(taking_part)
        own = [nan] * len(self.others)
        if self._rows:
            for other in self.others.values():
                other.process_group = self._groups[taking_part]
            own = [_computed(name, other) for name, other in self.others.items()]
        told = gather(torch.tensor(own, dtype=torch.float64))[taking_part[0]]
        return dict(zip(self.others, told.tolist(), strict=True))

    def state_dict(self) -> dict[str, Any]:
        """Return the sums of the running epoch."""
        self._flush()
        others = {name: _state_of(other) for name, other in self.others.items()}
        # There are none before the first batch.
        sums = dict(zip(self.names, self._sums, strict=False))
        totals = {"loss": self._loss, "weight": self._weight, "rows": self._rows}
        return {**totals, "sums": sums, "others": others}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from the sums of an interrupted epoch."""
        self.reset()
        self._loss, self._rows = state["loss"], state["rows"]
        self._weight = state.get("weight", float(self._rows))
        self._sums = tuple(state["sums"].values())
        for name, kept in state["others"].items():
            other = self.others[name]
            other._update_count = kept["count"]
            for field, value in kept["values"].items():
                setattr(other, field, value)


def _computed(name: str, metric: Any) -> float:
    with _named(name):
        return float(metric.compute())


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Name the torchmetric in which something goes wrong."""
    try:
        yield
    except Exception as error:  # A class of the user's may raise anything.
        reason = (str(error).splitlines() or [""])[0][:200]
        problem = f"task.torchmetrics.{name}: {type(error).__name__}: {reason}"
        raise DataError(problem) from error


def _state_of(metric: Any) -> dict[str, Any]:
    """Return the states of a torchmetric, which leaves them out of its own state_dict."""
    values = {field: getattr(metric, field) for field in metric.metric_state}
    return {"count": metric._update_count, "values": values}
