"""Datasets of the user's, map-style, read once into tensors."""

from typing import Any

import torch
from torch import Tensor

from seedbed.config.schema.data import TorchDataset as Options
from seedbed.data.arrays.targets import Posed, posed_targets
from seedbed.data.data_module import Facts
from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.input_range import InputRange
from seedbed.data.labelled import LabelledRows
from seedbed.data.random import same_draws
from seedbed.data.table import Table
from seedbed.data.torch_datasets.rows import ReadRows, dataset_of, no_new_rows, read_rows
from seedbed.errors import ConfigError


class DatasetInMemory(InMemoryData):
    """DataModule of torch Datasets whose rows are all in memory.

    Code that draws random numbers when it makes them draws the same ones in every run.

    Args:
        options: The `data` node of the config.
    """

    options: Options

    @classmethod
    def facts(cls, options: Options) -> Facts:
        """Return the facts of the rows, which are read for it."""
        read, posed = _posed(options)
        shape = tuple(_rows(read["train"].inputs).shape[1:])
        names = read["train"].class_names
        fits = len(names) == (2 if posed.task == "binary" else posed.output_size)
        return Facts(
            task=posed.task,
            input_shape=shape,
            output_size=posed.output_size,
            class_names=names if fits and posed.class_names else posed.class_names,
        )

    def labelled_rows(self, source: str, targets: str | None = None) -> LabelledRows:
        """Refuse new rows: a Dataset makes its rows itself."""
        raise ConfigError(no_new_rows(source))

    def load(self) -> Source:
        """Read the rows of the Datasets."""
        read, posed = _posed(self.options)
        tables = {
            split: Table(_rows(rows.inputs), targets, _weights(rows.weights))
            for (split, rows), targets in zip(read.items(), posed.parts, strict=True)
        }
        return Source(tables["train"], tables.get("test"), val=tables.get("val"))

    @property
    def preparation(self) -> dict[str, Any] | None:
        """What was fitted, and the range of the inputs as the Dataset hands them out."""
        seen = InputRange.of(self._splits["train"].inputs) if "train" in self._splits else None
        fitted = {**(super().preparation or {}), **({} if seen is None else seen.to_plain())}
        return fitted or None


def _posed(options: Options) -> tuple[dict[str, ReadRows], Posed]:
    """Return the rows by split, and what their targets pose."""
    nodes: dict[str, Any] = {
        split: node
        for split in ("train", "val", "test")
        if (node := getattr(options, split)) is not None
    }
    with same_draws():
        read = {
            split: read_rows(f"data.{split}", dataset_of(f"data.{split}", node))
            for split, node in nodes.items()
        }
    task, size = (
        None if (value := getattr(options, key)) == "???" else value
        for key in ("task", "output_size")
    )
    arrays = [rows.targets for rows in read.values()]
    return read, posed_targets("data.train: targets", arrays, task, size)


def _rows(inputs: Tensor) -> Tensor:
    """Return inputs as rows of at least one axis."""
    return inputs if inputs.dim() > 1 else inputs.reshape(-1, 1)


def _weights(weights: Tensor | None) -> Tensor | None:
    return None if weights is None else weights.reshape(-1).to(torch.float64)
