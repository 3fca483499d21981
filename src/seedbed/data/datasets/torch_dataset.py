"""Datasets of the user's, map-style or iterable-style, through torch's DataLoader."""

import time
from collections.abc import Iterator
from typing import Any

from torch import Tensor
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    TensorDataset,
    default_collate,
)

from seedbed.config.instantiation import make
from seedbed.config.schema.data import TorchDataset as Options
from seedbed.data.data_module import DataModule, Rows
from seedbed.data.random import permutations
from seedbed.errors import ConfigError, DataError, SeedbedError

# Rows are looked at before training for so long, and so many at once.
SECONDS_TO_CHECK = 1.0
ROWS_AT_ONCE = 1024


class EpochOrder(Sampler[int]):
    """Sampler whose order is a pure function of (seed, epoch).

    Args:
        rows: Number of rows.
        seed: Seed of the order.
        shuffle: Whether rows are in a new order every epoch, else in that of the dataset.
    """

    def __init__(self, rows: int, seed: int, shuffle: bool) -> None:
        self.rows = rows
        self.seed = seed
        self.shuffle = shuffle
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch (from 0) of the next pass; Lightning calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[int]:
        if self.shuffle:
            return iter(permutations(self.seed, self.epoch, self.rows).tolist())
        return iter(range(self.rows))


class SharedBatches(Sampler[list[int]]):
    """Batch sampler of one device's share of every batch.

    In training all devices take the same number of batches, so a last batch of fewer rows than
    devices is left out; an evaluation takes every row.

    Args:
        sampler: Sampler of the row order.
        batch_size: Rows of a batch, over all devices.
        drop_last: Whether a last batch of fewer rows is left out.
        rank: Number of this device, from 0.
        world_size: Number of devices.
        evaluation: Whether every row is taken.
    """

    def __init__(
        self,
        sampler: EpochOrder,
        batch_size: int,
        drop_last: bool,
        rank: int,
        world_size: int,
        evaluation: bool = False,
    ) -> None:
        self.sampler = sampler  # Lightning looks here for `set_epoch`.
        self.batch_size = min(batch_size, len(sampler))
        self.drop_last = drop_last
        self.rank = rank
        self.world_size = world_size
        self.min_rows = rank + 1 if evaluation else world_size

    def __len__(self) -> int:
        full, rest = divmod(len(self.sampler), self.batch_size)
        return full if self.drop_last or rest < self.min_rows else full + 1

    def __iter__(self) -> Iterator[list[int]]:
        order = list(self.sampler)
        for batch in range(len(self)):
            rows = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            yield rows[self.rank :: self.world_size]


class TorchDataset(DataModule):
    """DataModule of the torch Datasets that the config names; each row is a pair (inputs, target).

    Args:
        options: The `data` node of the config.
    """

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self._datasets: dict[str, Dataset[Any]] = {}

    def setup(self, stage: str) -> None:
        """Instantiate the datasets; raise ConfigError where a config is wrong.

        To predict, none is needed.
        """
        for split in ("train", "val", "test") if stage != "predict" else ():
            node = getattr(self.options, split)
            if node is None or split in self._datasets:
                continue
            self._datasets[split] = make(f"data.{split}", Dataset, node)

    def has_split(self, split: str) -> bool:
        """Return whether the config names a dataset for the split (after `setup`)."""
        return split in self._datasets

    def rows(self, split: str) -> int | None:
        """Return the number of rows of a split (after `setup`); None if it is not known."""
        dataset: Any = self._datasets.get(split)
        return len(dataset) if hasattr(dataset, "__len__") else None

    def rows_to_check(self, split: str) -> Iterator[Rows]:
        """Yield the rows of a split, as many as can be read in a short time.

        Raises ConfigError where a row cannot be read, or has another shape than the first.
        """
        dataset, until = self._datasets[split], time.monotonic() + SECONDS_TO_CHECK
        if self.rows(split) == 0:
            raise ConfigError(f"data.{split}: it has no rows")
        if type(dataset) is TensorDataset and dataset.tensors:
            yield Rows(range(len(dataset)), dataset.tensors)
            return
        numbers: list[int] = []
        rows: list[Any] = []
        at_once = 2  # For those who look at the first rows alone.
        for number, row in enumerate(_rows(f"data.{split}", dataset)):
            numbers.append(number)
            rows.append(row)
            late = time.monotonic() > until
            if late or len(rows) == at_once:
                yield Rows(numbers, _collated(f"data.{split}", numbers, rows))
                numbers, rows, at_once = [], [], ROWS_AT_ONCE
            if late:
                return
        if rows:
            yield Rows(numbers, _collated(f"data.{split}", numbers, rows))

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Return inputs as floats of the run's type."""
        return inputs.to(self.placement.dtype)

    def evaluation_loader(self, split: str) -> "DataLoader[Any]":
        """Return this device's share of the batches of a split, in the order of the dataset."""
        return self._loader(split, evaluation=True)

    def all_rows(self, split: str) -> "DataLoader[Any]":
        """Return batches of all rows of a split on every device."""
        return self._loader(split, evaluation=True, shared=False)

    def train_dataloader(self) -> "DataLoader[Any]":
        """Return batches of the training rows, in the order of the epoch."""
        return self._loader("train", evaluation=False)

    def _loader(self, split: str, evaluation: bool, shared: bool = True) -> "DataLoader[Any]":
        if split not in self._datasets:
            raise DataError(f"data.{split} is null: there is no {split} split")
        dataset, options = self._datasets[split], self.options
        drop_last = options.drop_last and not evaluation
        workers: dict[str, Any] = {
            "num_workers": options.num_workers,
            "persistent_workers": options.num_workers > 0,
        }
        if isinstance(dataset, IterableDataset):
            # Such a dataset shares its rows among devices itself.
            return DataLoader(dataset, options.batch_size or 1, drop_last=drop_last, **workers)
        rows = len(dataset)  # type: ignore[arg-type]
        rank = self.placement.rank if shared else 0
        world_size = self.placement.world_size if shared else 1
        order = EpochOrder(rows, options.seed, options.shuffle and not evaluation)
        batch_size = options.batch_size or rows
        if batch_size < world_size:
            raise ConfigError(f"data.batch_size={batch_size} is below the {world_size} devices")
        batches = SharedBatches(order, batch_size, drop_last, rank, world_size, evaluation)
        return DataLoader(dataset, batch_sampler=batches, **workers)


def _rows(key: str, dataset: Any) -> Iterator[Any]:
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


def _collated(key: str, numbers: list[int], rows: list[Any]) -> Any:
    """Return rows as a batch; raises ConfigError where they do not go together."""
    shapes = [_shape(row) for row in rows]
    for number, shape in zip(numbers, shapes, strict=True):
        if shape != shapes[0]:
            raise ConfigError(
                f"{key}: row {number} (counted from 0) has an input of shape {shape}, "
                f"row {numbers[0]} one of {shapes[0]}"
            )
    try:
        return default_collate(rows)
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise ConfigError(
            f"{key}: its rows make no batch, a pair (inputs, targets) of tensors: {reason}"
        ) from error


def _shape(row: Any) -> list[int] | None:
    """Return the shape of a row's input; None where it has none."""
    first = row[0] if isinstance(row, tuple | list) and row else row
    return list(first.shape) if hasattr(first, "shape") else None
