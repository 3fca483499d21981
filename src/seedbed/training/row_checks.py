"""Checks of a split's rows against the task, before training."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from seedbed.errors import DoesNotFit, listed
from seedbed.training.tasks import Binary, Multiclass, Regression, Task

# Rows whose numbers are shown; the others are counted.
MOST_SHOWN = 5


def require_rows(
    where: str,
    numbers: Sequence[int] | Tensor,
    batch: Any,
    task: Task,
    input_shape: Sequence[int],
    output_size: int,
    feature_names: Sequence[str] = (),
) -> None:
    """Refuse rows that the task cannot be trained or measured on.

    Args:
        where: What the rows are called in messages.
        numbers: Numbers of the rows, counted from 0.
        batch: The rows; right is a pair (inputs, targets) of tensors, or with the weights of the
            rows, (rows,), a triple.
        task: The task.
        input_shape: Shape of one input, as the config says.
        output_size: Number of outputs per row, as the config says.
        feature_names: Name of each input, for messages; empty where they have none.

    Raises:
        DoesNotFit: The rows are no pair, have other shapes, hold numbers that are not finite,
            targets that are none of the task's, or weights below 0.
    """
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        kind = type(batch).__name__
        content = f"{len(batch)} values" if isinstance(batch, tuple | list) else f"a {kind}"
        raise DoesNotFit(f"{where}: a row is {content}, and a pair (input, target) is needed")
    inputs, targets, *weights = batch
    for name, part in (("input", inputs), ("target", targets)):
        # A network of the user's own may take several tensors, as a tuple or by name.
        leaves = tree_leaves(part) if name == "input" else [part]
        if not leaves or not all(isinstance(leaf, Tensor) for leaf in leaves):
            kind = type(part).__name__
            raise DoesNotFit(f"{where}: the {name} of a row is a {kind}, and a tensor is needed")
    if not isinstance(inputs, Tensor):
        for leaf in tree_leaves(inputs):
            _require_finite(where, "input", numbers, leaf)
        inputs = torch.zeros(len(numbers), *input_shape)
    if list(inputs.shape[1:]) != list(input_shape):
        raise DoesNotFit(
            f"{where}: an input has the shape {list(inputs.shape[1:])}, "
            f"and data.input_shape is {list(input_shape)}"
        )
    _require_finite(where, "input", numbers, inputs, feature_names)
    for weight in weights:
        _require_weights(where, numbers, weight)
    # A task of the user's own may take other targets.
    if type(task) is Regression:
        _require_values(where, numbers, targets, output_size)
    elif type(task) is Binary:
        _require_classes(where, numbers, targets, 2)
    elif type(task) is Multiclass and _holds_probabilities(targets, task.class_count):
        _require_probabilities(where, numbers, targets)
    elif type(task) is Multiclass:
        _require_classes(where, numbers, targets, task.class_count)


def _require_finite(
    where: str,
    name: str,
    numbers: Sequence[int] | Tensor,
    values: Tensor,
    columns: Sequence[str] = (),
) -> None:
    if not (values.is_floating_point() or values.is_complex()) or not len(values):
        return
    finite = torch.isfinite(values).reshape(len(values), -1)
    if finite.all():
        return
    wrong = (~finite.all(dim=1)).nonzero().flatten().tolist()
    column = int((~finite[wrong[0]]).nonzero()[0])
    value = values[wrong[0]].reshape(-1)[column].item()
    named = f"'{columns[column]}'" if column < len(columns) else str(column)
    of = f", column {named}," if finite.shape[1] > 1 or columns else ""
    raise DoesNotFit(
        f"{where}: the {name} of {_rows(wrong, numbers)} is not finite: "
        f"row {int(numbers[wrong[0]])}{of} is {value}"
    )


def _require_values(
    where: str, numbers: Sequence[int] | Tensor, targets: Tensor, output_size: int
) -> None:
    per_row = targets[0].numel() if len(targets) else output_size
    if per_row != output_size:
        raise DoesNotFit(
            f"{where}: a target has {per_row} number{'s' * (per_row != 1)}, "
            f"and data.output_size is {output_size}"
        )
    _require_finite(where, "target", numbers, targets)


def _require_weights(where: str, numbers: Sequence[int] | Tensor, weights: Any) -> None:
    if not isinstance(weights, Tensor) or weights.dim() != 1 or weights.is_complex():
        shape = list(weights.shape[1:]) if isinstance(weights, Tensor) else type(weights).__name__
        raise DoesNotFit(
            f"{where}: the third value of a row is its weight, one number, and it is {shape}"
        )
    _require_finite(where, "weight", numbers, weights)
    if (negative := weights < 0).any():
        wrong = negative.nonzero().flatten().tolist()
        raise DoesNotFit(
            f"{where}: the weight of {_rows(wrong, numbers)} is below 0: "
            f"{listed(_values(weights, wrong))}"
        )


def _holds_probabilities(targets: Tensor, classes: int) -> bool:
    return targets.is_floating_point() and targets.dim() == 2 and targets.shape[1] == classes > 1


# How far the probabilities of a row may add up to another number than 1.
_ROUNDING = 1e-3


def _require_probabilities(where: str, numbers: Sequence[int] | Tensor, targets: Tensor) -> None:
    _require_finite(where, "target", numbers, targets)
    sums = targets.double().sum(dim=1)
    wrong = (((sums - 1).abs() > _ROUNDING) | (targets < 0).any(dim=1)).nonzero().flatten().tolist()
    if wrong:
        row = ", ".join(f"{value:g}" for value in targets[wrong[0]].tolist()[:MOST_SHOWN])
        raise DoesNotFit(
            f"{where}: the target of {_rows(wrong, numbers)} holds no probabilities of classes, "
            f"at least 0 and 1 in sum: {row}"
        )


def _require_classes(
    where: str, numbers: Sequence[int] | Tensor, targets: Tensor, count: int
) -> None:
    per_row = targets[0].numel() if len(targets) else 1
    accepted = "0 or 1" if count == 2 else f"a whole number from 0 to {count - 1}"
    if per_row != 1:
        raise DoesNotFit(
            f"{where}: a target has {per_row} numbers, and a class is one: {accepted}"
            + ("" if count == 2 else f"; or {count} floats, the probability of each class")
        )
    _require_finite(where, "target", numbers, targets)
    classes = targets.reshape(-1)
    if classes.is_floating_point() and (broken := classes != classes.round()).any():
        wrong = broken.nonzero().flatten().tolist()
        raise DoesNotFit(
            f"{where}: the target of {_rows(wrong, numbers)} is no class: "
            f"{listed(_values(classes, wrong))}; right is {accepted}"
            + ("; a probability of each class takes task=multiclass" if count == 2 else "")
        )
    outside = (classes < 0) | (classes >= count)
    if outside.any():
        wrong = outside.nonzero().flatten().tolist()
        raise DoesNotFit(
            f"{where}: the target of {_rows(wrong, numbers)} is outside the {count} classes: "
            f"{listed(_values(classes, wrong))}; right is {accepted}"
        )


def _values(classes: Tensor, wrong: list[int]) -> list[str]:
    return [f"{value:g}" for value in dict.fromkeys(classes[wrong].tolist())]


def _rows(wrong: list[int], numbers: Sequence[int] | Tensor) -> str:
    shown = ", ".join(str(int(numbers[place])) for place in wrong[:MOST_SHOWN])
    more = f" and {len(wrong) - MOST_SHOWN:,} more" if len(wrong) > MOST_SHOWN else ""
    return f"row{'s' * (len(wrong) > 1)} {shown}{more} (counted from 0)"
