"""What a small model has learned, and what a linear one could have reached.

A line that is known to be true, and the exact solution, stand beside it in record and table.
"""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn

from seedbed.analysis.least_squares import least_squares
from seedbed.config.schema.data import SPLITS
from seedbed.data import InMemoryData
from seedbed.models.linear_map import LinearMap, is_linear_map
from seedbed.training.tasks import Regression, Task

# Singular values of more numbers than these take longer than a small training does.
LARGEST_TABLE = 50_000_000
# Of larger models the checkpoints hold the numbers, the record does not.
MOST_NUMBERS = 20


@dataclass(frozen=True)
class Reference:
    """A line to compare with, as the model would hold it and for the raw inputs."""

    name: str
    trained_as: LinearMap
    original_units: LinearMap
    metrics: dict[str, float]


# The jobs of a sweep share their data: solved once, with a bias and without.
_solved: WeakKeyDictionary[InMemoryData, dict[bool, Reference]] = WeakKeyDictionary()


def reference_line(data: Any, net: nn.Module, task: Task) -> Reference | None:
    """Return the line that made the targets, where it is known, else the least-squares line."""
    return true_line(data, net, task) or least_squares_line(data, net, task)


def true_line(data: Any, net: nn.Module, task: Task) -> Reference | None:
    """Return the line that the targets were made with; None where nobody knows it."""
    found = data.true_line() if is_linear_map(net) else None
    if found is None:
        return None
    trained_as = found.rescaled(1.0 / float(data.input_scale))
    return Reference("true line", trained_as, found, _losses(data, trained_as, task))


def least_squares_line(data: Any, net: nn.Module, task: Task) -> Reference | None:
    """Return the line of the lowest mean squared error on the training rows.

    None where the model is not linear, the loss another one, or the rows not in memory.
    """
    squared = isinstance(task, Regression) and task.loss_name == "mse"
    if not (is_linear_map(net) and squared and isinstance(data, InMemoryData)):
        return None
    table = data.table("train")
    if table.inputs.numel() > LARGEST_TABLE or table.targets.dim() != 2:
        return None
    assert isinstance(net, nn.Linear)
    known, bias = _solved.setdefault(data, {}), net.bias is not None
    if bias not in known:
        found = least_squares(table.inputs, table.targets, bias)
        in_raw = found.rescaled(float(data.input_scale))
        known[bias] = Reference("least squares", found, in_raw, _losses(data, found, task))
    return known[bias]


def parameters_report(data: Any, net: nn.Module, task: Task) -> dict[str, Any]:
    """Return what a model has learned as plain values, and lines to compare a linear one with.

    `trained` are the parameters as they are. Of a linear model, `original_units` are those for
    inputs that are not scaled; `least_squares` and `true_line` are other lines, in original units
    too, and their `metrics` the losses. Of a model of more than MOST_NUMBERS numbers only the
    losses of other lines are told.
    """
    named = dict(net.named_parameters())
    small = sum(parameter.numel() for parameter in named.values()) <= MOST_NUMBERS
    report: dict[str, Any] = {}
    if small:
        report["trained"] = {name: value.detach().tolist() for name, value in named.items()}
    if not is_linear_map(net):
        return report
    assert isinstance(net, nn.Linear)
    biased = net.bias is not None
    scale = float(data.input_scale)
    if small:
        report["input_scale"] = scale
        report["original_units"] = _values(LinearMap.of(net).rescaled(scale), biased)
    for key, line in (
        ("least_squares", least_squares_line(data, net, task)),
        ("true_line", true_line(data, net, task)),
    ):
        if line is not None:
            # A true line has a bias even where the model cannot learn it.
            values = _values(line.original_units, biased or key == "true_line") if small else {}
            report[key] = {**values, "metrics": line.metrics}
    return report


def _values(line: LinearMap, biased: bool) -> dict[str, Any]:
    values = {"weight": line.weight.tolist()}
    return {**values, "bias": line.bias.tolist()} if biased else values


def _losses(data: Any, line: LinearMap, task: Task) -> dict[str, float]:
    """Return the loss of a line on every split that is there."""
    tables = {split: data.table(split) for split in SPLITS if data.has_split(split)}
    return {
        f"{name}/loss": float(task.loss(line.outputs(one.inputs), one.targets.double().cpu()))
        for name, one in tables.items()
    }
