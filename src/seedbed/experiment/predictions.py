"""Predictions of a run's network for rows, and the tables that they are told in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seedbed.config.spec import DataFacts
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.experiment.evaluation import predictions_of
from seedbed.training.tasks import Task

ROWS_AT_ONCE = 4096


def predicted(
    module: SupervisedModule | OwnModule,
    task: Task,
    output_size: int,
    batches: Iterable[Tensor],
    *,
    predictions: bool = True,
) -> Tensor:
    """Return what a run's module predicts for rows, on the CPU.

    Values in the targets' own units, (rows, targets); of a classification probabilities, (rows,)
    of class 1 of two, else (rows, classes).

    Args:
        module: The module, whose network is in evaluation mode.
        task: The task, with the scaling of its targets.
        output_size: Outputs a row, as the config says.
        batches: Inputs as the network takes them, (rows, *input_shape), on its device.
        predictions: Whether outputs become predictions; else they stay as they are, logits.
    """
    with torch.inference_mode():
        return torch.cat(
            [
                predictions_of(module, inputs, task, output_size, predictions).cpu()
                for inputs in batches
            ]
        )


@dataclass(frozen=True)
class Answer:
    """Predictions as a table: names of its columns, and their cells.

    Attributes:
        columns: cells by name, in their order.
        shown: names of the columns that are shown on a terminal; a file has all.
    """

    columns: dict[str, list[Any]]
    shown: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), []))


def answer(predictions: Tensor, facts: DataFacts) -> Answer:
    """Return predictions as a table: values by target, or class, its probability and those of all.

    Args:
        predictions: As `predicted` returns them.
        facts: What the data say of their rows.
    """
    if facts.task not in ("binary", "multiclass"):
        names = target_names(facts, predictions.shape[-1])
        columns = predictions.reshape(len(predictions), -1).T.tolist()
        return Answer(dict(zip(names, columns, strict=True)), tuple(names))
    every = by_class(predictions, facts).T
    of_one = facts.task == "binary"
    chosen = (every[1] > 0.5).long() if of_one else every.argmax(dim=0)
    names = class_names(facts, len(every))
    certain = every.gather(0, chosen.unsqueeze(0))[0]
    told: dict[str, list[Any]] = {
        "class": [names[number] for number in chosen.tolist()],
        "probability": certain.tolist(),
    }
    of_each = zip(names, every.tolist(), strict=True)
    told |= {f"probability of {name}": values for name, values in of_each}
    return Answer(told, ("class", "probability"))


def for_all_rows(told: Answer, usable: Tensor) -> Answer:
    """Return a table with a row for each row that was given, empty where there is no prediction.

    Args:
        told: The table of the rows that were predicted.
        usable: Whether each row was predicted, (all rows,) bool.
    """
    columns: dict[str, list[Any]] = {}
    for name, cells in told.columns.items():
        each = iter(cells)
        columns[name] = [next(each) if there else None for there in usable.tolist()]
    return Answer(columns, told.shown)


def with_gaps(values: Tensor, usable: Tensor) -> Tensor:
    """Return values with a row for each row that was given, nan where there is no prediction."""
    every = values.new_full((len(usable), *values.shape[1:]), float("nan"))
    every[usable] = values
    return every


def logits(outputs: Tensor, facts: DataFacts) -> Answer:
    """Return a table of the logit of each class; of values, where there are no classes."""
    if facts.task not in ("binary", "multiclass"):
        return answer(outputs, facts)
    count = outputs.shape[-1]
    classes = list(facts.class_names or range(count))
    names = ["logit"] if count == 1 else [f"logit of {name}" for name in classes]
    columns = outputs.reshape(-1, count).T.tolist()
    return Answer(dict(zip(names, columns, strict=True)), tuple(names))


def class_names(facts: DataFacts, count: int) -> list[str]:
    """Return the names of the classes, or their numbers where they have none."""
    return list(facts.class_names) or [str(number) for number in range(count)]


def by_class(predictions: Tensor, facts: DataFacts) -> Tensor:
    """Return predictions with a column a class, (rows, classes), where there are two as well.

    Args:
        predictions: As `predicted` returns them.
        facts: What the data say of their rows.
    """
    if facts.task != "binary":
        return predictions
    of_one = predictions.reshape(-1)
    return torch.stack([1 - of_one, of_one], dim=1)


def target_names(facts: DataFacts, size: int) -> list[str]:
    """Return the names of the targets of a regression, with their units where they have some."""
    names = list(facts.target_names)
    if len(names) != size:
        names = ["prediction"] if size == 1 else [f"target {n}" for n in range(1, size + 1)]
    return with_units(names, facts.target_units)


def with_units(names: Sequence[str], units: Sequence[str]) -> list[str]:
    """Return names with their units in brackets, where there is one for each."""
    if len(units) != len(names):
        return list(names)
    pairs = zip(names, units, strict=True)
    return [f"{name} ({unit})" if unit else name for name, unit in pairs]
