"""Lines to compare a linear model with: the true one, where it is known, and least squares."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, nn

from seedbed.analysis.least_squares import least_squares
from seedbed.config.schema.data import SPLITS
from seedbed.data import InMemoryData
from seedbed.data.scaling import Scaling
from seedbed.models.linear_map import LinearMap, is_linear_map
from seedbed.training.tasks import Regression, Task

# Elements of a table; solving larger ones takes longer than a small training run.
MAX_TABLE_ELEMENTS = 50_000_000
# Elements of a model; those of larger ones are in the checkpoints alone.
MAX_REPORTED_ELEMENTS = 20


@dataclass(frozen=True)
class ReferenceLine:
    """Line to compare a linear model with.

    Attributes:
        name: "true line" or "least squares".
        trained_as: The line for inputs as the model takes them, scaled by `data.input_scale`.
        original_units: The line for inputs in the units of the data.
        metrics: Its loss on each split, under `train/loss` and so on.
    """

    name: str
    trained_as: LinearMap
    original_units: LinearMap
    metrics: dict[str, float]


# Jobs of a sweep share their data: solved once with a bias (True) and once without.
_solutions: WeakKeyDictionary[InMemoryData, dict[bool, ReferenceLine]] = WeakKeyDictionary()


def reference_line(data: Any, net: nn.Module, task: Task) -> ReferenceLine | None:
    """Return the true line, or that of least squares; None where neither is known."""
    return true_line(data, net, task) or least_squares_line(data, net, task)


def true_line(data: Any, net: nn.Module, task: Task) -> ReferenceLine | None:
    """Return the line that the targets were generated with; None where it is not known."""
    line = data.true_line() if is_linear_map(net) else None
    if line is None:
        return None
    trained_as = in_scaled_units(data, line)
    return ReferenceLine("true line", trained_as, line, _losses(data, trained_as, task))


def least_squares_line(data: Any, net: nn.Module, task: Task) -> ReferenceLine | None:
    """Return the least-squares line of the training rows.

    None unless the network is linear, the loss is `mse` and the rows are in memory.
    """
    squared = isinstance(task, Regression) and task.loss_name == "mse"
    if not (is_linear_map(net) and squared and isinstance(data, InMemoryData)):
        return None
    table = data.table("train")
    if table.inputs.numel() > MAX_TABLE_ELEMENTS or table.targets.dim() != 2:
        return None
    assert isinstance(net, nn.Linear)
    solutions, bias = _solutions.setdefault(data, {}), net.bias is not None
    if bias not in solutions:
        line = least_squares(table.inputs, table.targets, bias, table.weights)
        unscaled = in_own_units(data, line)
        losses = _losses(data, line, task)
        solutions[bias] = ReferenceLine("least squares", line, unscaled, losses)
    return solutions[bias]


def parameters_report(data: Any, net: nn.Module, task: Task) -> dict[str, Any]:
    """Return the parameters of a trained model as plain values, for run.json.

    `trained` holds the values by parameter name. A linear model also has `input_scale`, or
    `input_scaling` where inputs are not all scaled alike;
    `original_units`, weight and bias for unscaled inputs; `least_squares` and `true_line`, the same
    of those lines with their losses under `metrics`. Of a model of more than MAX_REPORTED_ELEMENTS
    elements only these losses are there.
    """
    named = dict(net.named_parameters())
    small = sum(parameter.numel() for parameter in named.values()) <= MAX_REPORTED_ELEMENTS
    report: dict[str, Any] = {}
    if small:
        report["trained"] = {name: value.detach().tolist() for name, value in named.items()}
    if not is_linear_map(net):
        return report
    assert isinstance(net, nn.Linear)
    biased = net.bias is not None
    # What is shifted has a bias in its own units.
    scalings = (data.input_scaling, getattr(data, "target_scaling", None))
    biased |= any(scaling is not None and bool(scaling.shift.any()) for scaling in scalings)
    if small:
        report |= _scalings(data)
        report["original_units"] = _values(in_own_units(data, LinearMap.of(net)), biased)
    for key, line in (
        ("least_squares", least_squares_line(data, net, task)),
        ("true_line", true_line(data, net, task)),
    ):
        if line is not None:
            # A true line has a bias even where the model has none.
            values = _values(line.original_units, biased or key == "true_line") if small else {}
            report[key] = {**values, "metrics": line.metrics}
    return report


def in_own_units(data: Any, line: LinearMap) -> LinearMap:
    """Return the map of inputs and to targets in the units of the data, as the data scale both."""
    scaling, targets = data.input_scaling, getattr(data, "target_scaling", None)
    if scaling is not None:
        line = line.of_unscaled(*_of_inputs(scaling, data))
    return line if targets is None else line.unscaled_outputs(targets.shift, targets.scale)


def in_scaled_units(data: Any, line: LinearMap) -> LinearMap:
    """Return a map in the units of the data as one of scaled inputs and to scaled targets."""
    scaling, targets = data.input_scaling, getattr(data, "target_scaling", None)
    if scaling is not None:
        line = line.of_scaled(*_of_inputs(scaling, data))
    return line if targets is None else line.scaled_outputs(targets.shift, targets.scale)


def _of_inputs(scaling: Scaling, data: Any) -> tuple[Tensor, Tensor]:
    """Return shift and scale of each input, (features,), of inputs of any shape."""
    shape = tuple(data.options.input_shape)
    return scaling.shift.expand(shape).flatten(), scaling.scale.expand(shape).flatten()


def _scalings(data: Any) -> dict[str, Any]:
    """Return the factor on all inputs alike, or the scalings, as plain values."""
    scaling, targets = data.input_scaling, getattr(data, "target_scaling", None)
    factor = 1.0 if scaling is None else scaling.factor
    report = {"input_scaling": scaling.to_plain()} if factor is None else {"input_scale": factor}
    return report if targets is None else {**report, "target_scaling": targets.to_plain()}


def _values(line: LinearMap, biased: bool) -> dict[str, Any]:
    values = {"weight": line.weight.tolist()}
    return {**values, "bias": line.bias.tolist()} if biased else values


def _losses(data: Any, line: LinearMap, task: Task) -> dict[str, float]:
    """Return the loss of a line on every split, under `train/loss` and so on."""
    tables = {split: data.table(split) for split in SPLITS if data.has_split(split)}
    losses = {}
    for split, table in tables.items():
        weights = () if table.weights is None else (table.weights.cpu(),)
        targets = table.targets.double().cpu()
        losses[f"{split}/loss"] = float(task.loss(line.outputs(table.inputs), targets, *weights))
    return losses
