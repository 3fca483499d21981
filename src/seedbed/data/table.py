"""Rows of inputs and targets, as they are in the source: unscaled, in full precision."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor


@dataclass(frozen=True)
class Table:
    """Rows of a dataset.

    inputs: (rows, *input_shape), float64 or uint8. targets: (rows, targets) float64 for a
    regression, (rows,) int64 for classes.
    """

    inputs: Tensor
    targets: Tensor

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its tensors: inputs, targets and, where there are any, weights."""
        return self.inputs, self.targets

    def take(self, rows: Tensor) -> "Table":
        """Return the rows of the given numbers."""
        return Table(self.inputs[rows], self.targets[rows])


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
        for tensor in (table.inputs, table.targets):
            digest.update(f"{tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
