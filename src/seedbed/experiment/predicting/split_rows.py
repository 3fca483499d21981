"""Rows of a split of a run, to predict from: with their numbers, ids and what is true of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import RunSpec
from seedbed.data import InMemoryData
from seedbed.data.data_module import INPUT
from seedbed.experiment.predicting.given_rows import GivenRows
from seedbed.experiment.predicting.member import Member, on_device
from seedbed.experiment.predictions import class_names, target_names

# How a column of what is true is told from that of its prediction.
TRUE = "{name} (true)"


def split_rows(member: Member, split: str) -> GivenRows:
    """Return the rows of a split, in the order of the data.

    Args:
        member: The run, with its rows loaded.
        split: train, val or test; or that of new rows with known targets.
    """
    data = member.data
    numbers = data.row_numbers(split)
    seen: list[Tensor] = []

    def batches() -> Iterator[Any]:
        seen.clear()
        for inputs, targets, *_ in data.all_rows(split):
            seen.append(targets.cpu())
            yield on_device(inputs, data.placement.device)

    def targets() -> Mapping[str, Sequence[Any]]:
        own = data.own_rows(split).targets if isinstance(data, InMemoryData) else torch.cat(seen)
        return true_columns(own, member.spec)

    called = f"split={split}"
    ids = {} if split == INPUT else data.id_columns(split)
    return GivenRows(batches, called, ids=ids, row_numbers=numbers, targets=targets)


def true_columns(targets: Tensor, spec: RunSpec) -> dict[str, list[Any]]:
    """Return what is true of rows, as columns by name.

    Args:
        targets: Targets in their own units, (rows, targets), classes, (rows,), or the probability
            of each class, (rows, classes).
        spec: Spec of the run.
    """
    facts = spec.facts
    flat = targets.reshape(len(targets), -1)
    if facts.task == "regression":
        names = target_names(facts, flat.shape[1])
        names = ["target" if name == "prediction" else name for name in names]
        columns = flat.T.tolist()
        return {TRUE.format(name=name): values for name, values in zip(names, columns, strict=True)}
    if flat.shape[1] > 1:
        each = [f"probability of {name}" for name in class_names(facts, flat.shape[1])]
        return {
            TRUE.format(name=name): values
            for name, values in zip(each, flat.T.tolist(), strict=True)
        }
    target = keys_of(spec.data).get("target")
    name = target if isinstance(target, str) else "class"
    numbers = flat[:, 0].long().tolist()
    names = class_names(facts, max(numbers, default=0) + 1)
    return {TRUE.format(name=name): [names[number] for number in numbers]}
