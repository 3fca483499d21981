"""Rows of inputs and targets, as they are in the source: unscaled, in full precision."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor


class RawRows(Protocol):
    """Rows as a dataset loads them, before anything is fitted: a Table, or what becomes one."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def take(self, rows: Tensor) -> "RawRows":
        """Return the rows of the given numbers."""
        ...


@dataclass(frozen=True)
class Table:
    """Rows of a dataset.

    inputs: (rows, *input_shape), float64 or uint8. targets: (rows, targets) float64 for a
    regression, (rows,) int64 for classes. weights: sample weights, (rows,) float64; None: all rows
    weigh the same.
    """

    inputs: Tensor
    targets: Tensor
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its tensors: inputs, targets and, where there are any, weights."""
        weights = () if self.weights is None else (self.weights,)
        return (self.inputs, self.targets, *weights)

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors."""
        return sum(tensor.nbytes for tensor in self.tensors)

    def take(self, rows: Tensor | int) -> "Table":
        """Return the rows of the given numbers."""
        return Table(*(tensor[rows] for tensor in self.tensors))


def read_shipped_csv(name: str, inputs: list[str], targets: list[str], rows: int) -> Table:
    """Return the first `rows` rows of the CSV file `name` that ships beside the datasets.

    `inputs` and `targets` are names of columns, whose values become float64.
    """
    # Not by polars, whose import takes 0.2 s.
    with (Path(__file__).parent / "datasets" / name).open(newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))[:rows]

    def columns(names: list[str]) -> Tensor:
        values = [[float(record[name]) for name in names] for record in records]
        return torch.tensor(values, dtype=torch.float64)

    return Table(columns(inputs), columns(targets))


def fingerprint(tables: list[Table]) -> str:
    """Return the SHA-256 over shapes, types and bytes of all tables."""
    digest = hashlib.sha256()
    for table in tables:
        for tensor in table.tensors:
            digest.update(f"{tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
