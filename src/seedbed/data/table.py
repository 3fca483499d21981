"""Rows of inputs and targets, as they are in the source: unscaled, in full precision."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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


def as_classes(targets: Tensor) -> Tensor:
    """Return targets of one number a row as int64 (rows,); as they are where they are not whole."""
    if targets.dtype == torch.int64 and targets.dim() == 1:
        return targets
    flat = targets.reshape(-1)
    whole = not flat.is_floating_point() or bool(
        (flat == flat.round()).all() & flat.isfinite().all()
    )
    return flat.long() if whole else targets


def plain_tensor(value: Any) -> Tensor:
    """Return numbers of the user's as a tensor in host memory, of a type that NumPy has, too.

    Raises:
        TypeError: They are complex, or no numbers.
    """
    tensor = torch.as_tensor(value).detach().cpu()
    if tensor.is_complex():
        raise TypeError("complex numbers")
    short = tensor.is_floating_point() and tensor.element_size() < 4
    return tensor.float() if short else tensor


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
