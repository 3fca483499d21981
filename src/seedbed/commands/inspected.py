"""Rows that `seedbed inspect` looks at, by split."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seedbed.config.schema.data import SPLITS
from seedbed.config.spec import DataFacts
from seedbed.data import DataModule


@dataclass(frozen=True)
class Part:
    """Rows of a split as they are before any scaling.

    Attributes:
        rows: how many there are; None: not known.
        inputs: those that were looked at, (rows, *input_shape).
        targets: their targets.
    """

    rows: int | None
    inputs: Tensor
    targets: Tensor


def parts_of(data: DataModule) -> Iterator[tuple[str, Part]]:
    """Yield what there is of each split, where its rows are tensors."""
    for split in filter(data.has_split, SPLITS):
        batches = [rows.batch for rows in data.rows_to_check(split)]
        pairs = [
            batch[:2] for batch in batches if all(isinstance(part, Tensor) for part in batch[:2])
        ]
        if pairs:
            inputs, targets = (torch.cat(parts) for parts in zip(*pairs, strict=True))
            yield split, Part(data.rows(split), inputs, targets)


def target_names(facts: DataFacts) -> Sequence[str]:
    """Return the names of the targets; those without a name are numbered."""
    return facts.target_names or [f"target {place + 1}" for place in range(facts.output_size)]


def class_names(facts: DataFacts) -> Sequence[str]:
    """Return the names of the classes; those without a name are numbered."""
    count = 2 if facts.task == "binary" else facts.output_size
    return facts.class_names or [str(place) for place in range(count)]


def class_counts(facts: DataFacts, parts: Mapping[str, Part]) -> dict[str, list[int]]:
    """Return the rows of each class by split."""
    count = len(class_names(facts))
    return {
        split: torch.bincount(part.targets.flatten().long(), minlength=count)[:count].tolist()
        for split, part in parts.items()
    }
