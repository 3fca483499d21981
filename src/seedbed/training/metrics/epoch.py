"""Loss and metrics of an epoch."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, reduce
from math import nan
from typing import Any

import torch
from torch import Tensor

from seedbed.errors import DataError
from seedbed.training.metrics.by_torchmetrics import is_named
from seedbed.training.metrics.sums import (
    merged_sums,
    metric_sums,
    metric_values,
    of_equal_length,
    out_of_range,
    say_out_of_range,
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
            with _naming(name, other):
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
            sums = of_equal_length(self.names, sums, max(of_devices)) if sums else ()
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
        """Return what is summed up and kept of the running epoch, and change none of it.

        Rows that were summed up earlier than without a checkpoint would differ in last digits.
        """
        others = {name: _state_of(other) for name, other in self.others.items()}
        # There are none before the first batch.
        sums = dict(zip(self.names, self._sums, strict=False))
        totals = {"loss": self._loss, "weight": self._weight, "rows": self._rows}
        return {**totals, "sums": sums, "others": others, "kept": self._kept_state()}

    def _kept_state(self) -> dict[str, Any]:
        """Return the batches that wait to be summed up, each kind of them as one tensor."""
        if not self._kept:
            return {}
        names = ("outputs", "targets", "predictions")
        parts = dict(zip(names, zip(*self._kept, strict=True), strict=True))
        if all(output is prediction for output, _, prediction in self._kept):
            del parts["predictions"]
        kept = {name: torch.cat(tensors).cpu() for name, tensors in parts.items()}
        kept["losses"] = torch.stack(self._losses).cpu()
        if self._weights:
            kept["weights"] = torch.stack(self._weights).cpu()
        return {**kept, "rows": [len(output) for output, _, _ in self._kept]}

    def load_state_dict(self, state: dict[str, Any], device: torch.device | None = None) -> None:
        """Go on from the sums of an interrupted epoch; batches that were kept go to `device`."""
        self.reset()
        self._loss, self._rows = state["loss"], state["rows"]
        self._weight = state["weight"]
        self._sums = tuple(state["sums"].values())
        for name, other in state["others"].items():
            _set_state(self.others[name], other)
        kept = state["kept"]
        if not kept:
            return
        rows = kept["rows"]
        parts = {name: value.to(device) for name, value in kept.items() if name != "rows"}
        outputs, targets = (parts[name].split(rows) for name in ("outputs", "targets"))
        predictions = parts["predictions"].split(rows) if "predictions" in parts else outputs
        self._kept = list(zip(outputs, targets, predictions, strict=True))
        self._kept_rows = sum(rows)
        self._losses = list(parts["losses"].unbind())
        self._weights = list(parts["weights"].unbind()) if "weights" in parts else []


def _computed(name: str, metric: Any) -> float:
    with _naming(name, metric), warnings.catch_warnings():
        if is_named(metric):  # That a metric is nan is seen.
            warnings.simplefilter("ignore")
        value = float(metric.compute())
    if is_named(metric) and out_of_range(name, value):
        say_out_of_range(name)
        return nan
    return value


@contextmanager
def _naming(name: str, metric: Any) -> Iterator[None]:
    """Name the torchmetric in which something goes wrong."""
    try:
        yield
    except Exception as error:  # A class of the user's may raise anything.
        reason = (str(error).splitlines() or [""])[0][:200]
        key = "metrics" if is_named(metric) else "torchmetrics"
        problem = f"task.{key}.{name}: {type(error).__name__}: {reason}"
        raise DataError(problem) from error


def _state_of(metric: Any) -> dict[str, Any]:
    """Return the states of a torchmetric, which leaves them out of its own state_dict."""
    values = {field: getattr(metric, field) for field in metric.metric_state}
    return {"count": metric._update_count, "values": values}


def _set_state(metric: Any, state: dict[str, Any]) -> None:
    metric._update_count = state["count"]
    for field, value in state["values"].items():
        setattr(metric, field, value)
