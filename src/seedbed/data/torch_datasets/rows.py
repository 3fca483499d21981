"""Rows of a torch Dataset of the user's: read one by one, and all at once into memory."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset, default_collate

from seedbed.config.instantiation import make, make_factory
from seedbed.data.table import plain_tensor
from seedbed.errors import ConfigError, SeedbedError

ROWS_AT_ONCE = 1024

Collate = Callable[[list[Any]], Any]


class ReadRows(NamedTuple):
    """All rows of a Dataset.

    Attributes:
        inputs: (rows, *input_shape).
        targets: (rows, ...), numbers, truth values or words.
        weights: sample weights, (rows,); None where rows are pairs.
        class_names: what the Dataset says in its attribute `classes`; empty where it has none.
    """

    inputs: Tensor
    targets: NDArray[Any]
    weights: Tensor | None
    class_names: tuple[str, ...]


def no_new_rows(source: str) -> str:
    """Return why a run whose rows come from a Dataset is not measured on those of a file."""
    return (
        f"input={source}: the rows of this run come from a Dataset of yours, which makes them "
        "itself; split=test measures its own, and predict takes inputs alone"
    )


def dataset_of(key: str, node: Any) -> Dataset[Any]:
    """Return the Dataset that a config node names; raises ConfigError where it names none."""
    if not isinstance(node, dict) or node.get("_target_") in (None, "???"):
        raise ConfigError(f"{key}._target_: a value is required")
    dataset: Dataset[Any] = make(key, Dataset, node)
    return dataset


def collate_of(node: Any) -> Collate | None:
    """Return the user's function that makes a batch of rows; None: torch's."""
    if not node or node.get("_target_") is None:
        return None
    factory = make_factory("data.collate_fn", node)
    # A class is made first, and its object called.
    collate: Collate = factory() if isinstance(factory.func, type) else factory
    return collate


def holds_tensors(dataset: Any) -> bool:
    """Return whether a Dataset is a TensorDataset, or a subset of one."""
    while type(dataset) is Subset:
        dataset = dataset.dataset
    return _is_its_tensors(dataset)


def _is_its_tensors(dataset: Any) -> bool:
    """Return whether the rows of a Dataset are those of its tensors, as they are."""
    own_rows = getattr(type(dataset), "__getitem__", None) is not TensorDataset.__getitem__
    return isinstance(dataset, TensorDataset) and not own_rows


def read_rows(key: str, dataset: Any) -> ReadRows:
    """Return all rows of a map-style Dataset; raises ConfigError where they make no tensors."""
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        raise ConfigError(
            f"{key}: {type(dataset).__name__} has no rows by number, so it cannot be read into "
            "memory: data.in_memory=false"
        )
    if len(dataset) == 0:
        raise ConfigError(f"{key}: it has no rows")
    if _is_its_tensors(dataset):
        parts = [dataset.tensors]
    else:
        parts = [
            collated(key, numbers, rows)
            for numbers, rows in _in_chunks(rows_of(key, dataset), ROWS_AT_ONCE)
        ]
    for part in parts:
        _require_pair(key, part)
    try:
        inputs = torch.cat([plain_tensor(part[0]) for part in parts])
        weighed = [plain_tensor(part[2]) for part in parts if len(part) == 3]
        weights = torch.cat(weighed) if weighed else None
    except (TypeError, RuntimeError) as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise ConfigError(f"{key}: its rows make no table of numbers: {reason}") from error
    targets = np.concatenate([_values(part[1]) for part in parts])
    names = getattr(dataset, "classes", ())
    named = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    return ReadRows(inputs, targets, weights, tuple(names) if named else ())


def _in_chunks(rows: Iterator[Any], size: int) -> Iterator[tuple[list[int], list[Any]]]:
    chunk: list[Any] = []
    start = 0
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield list(range(start, start + size)), chunk
            start, chunk = start + size, []
    if chunk:
        yield list(range(start, start + len(chunk))), chunk


def _values(targets: Any) -> NDArray[Any]:
    """Return targets of a batch as an array: words come as a list of them."""
    return plain_tensor(targets).numpy() if isinstance(targets, Tensor) else np.asarray(targets)


def _require_pair(key: str, batch: Any) -> None:
    """Raise ConfigError where rows are no (input, target) or (input, target, weight) in tensors."""
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        kind = f"{len(batch)} values" if isinstance(batch, tuple | list) else type(batch).__name__
        raise ConfigError(f"{key}: a row is a {kind}, and a pair (input, target) is needed")
    if not isinstance(batch[0], Tensor):
        raise ConfigError(
            f"{key}: an input is a {type(batch[0]).__name__}, and rows in memory need a tensor; "
            "data.in_memory=false takes others"
        )
    words = isinstance(batch[1], list | tuple) and all(isinstance(word, str) for word in batch[1])
    if not (isinstance(batch[1], Tensor) or words):
        raise ConfigError(
            f"{key}: a target is a {type(batch[1]).__name__}, and numbers or words are needed"
        )


def rows_of(key: str, dataset: Any) -> Iterator[Any]:
    """Yield the rows of a dataset; raises ConfigError where its code fails."""
    number = 0
    try:
        if isinstance(dataset, IterableDataset):
            for row in dataset:
                yield row
                number += 1
            return
        for number in range(len(dataset)):
            yield dataset[number]
    except SeedbedError:
        raise
    except Exception as error:  # The user's own code.
        reason = (str(error).splitlines() or [""])[0][:200]
        raise ConfigError(
            f"{key}: row {number} (counted from 0) cannot be read: {type(error).__name__}: {reason}"
        ) from error


def collated(
    key: str, numbers: Sequence[int], rows: list[Any], collate: Collate | None = None
) -> Any:
    """Return rows as a batch; raises ConfigError where they do not go together.

    `collate` is a function of the user's that makes a batch of a list of rows.
    """
    shapes = [] if collate is not None else [_shape(row) for row in rows]
    for number, shape in zip(numbers, shapes, strict=collate is None):
        if shape != shapes[0]:
            raise ConfigError(
                f"{key}: row {number} (counted from 0) has an input of shape {shape}, "
                f"row {numbers[0]} one of {shapes[0]}"
            )
    try:
        return (collate or default_collate)(rows)
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise ConfigError(
            f"{key}: its rows make no batch, a pair (inputs, targets) of tensors: {reason}"
        ) from error


def _shape(row: Any) -> list[int] | None:
    """Return the shape of a row's input; None where it has none."""
    first = row[0] if isinstance(row, tuple | list) and row else row
    return list(first.shape) if hasattr(first, "shape") else None
