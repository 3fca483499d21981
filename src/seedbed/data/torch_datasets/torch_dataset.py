"""Datasets of the user's, map-style or iterable-style, through torch's DataLoader."""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, Sampler, TensorDataset

from seedbed.config.schema.data import SPLITS
from seedbed.config.schema.data import TorchDataset as Options
from seedbed.data.data_module import DataModule, Facts, Rows
from seedbed.data.input_range import InputRange
from seedbed.data.labelled import LabelledRows
from seedbed.data.loader import RunOptions
from seedbed.data.random import number_at, permutations, same_draws
from seedbed.data.torch_datasets.fingerprint import ROWS, RowsFingerprint
from seedbed.data.torch_datasets.in_memory import DatasetInMemory
from seedbed.data.torch_datasets.resumable import (
    BatchesOfRows,
    ResumableDataLoader,
    StreamOfRows,
)
from seedbed.data.torch_datasets.rows import (
    ROWS_AT_ONCE,
    Collate,
    collate_of,
    collated,
    dataset_of,
    holds_tensors,
    no_new_rows,
    rows_of,
)
from seedbed.errors import ConfigError, DataError

# Rows are looked at before training for so long.
SECONDS_TO_CHECK = 1.0


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

    Where they are read into memory, `DatasetInMemory` takes them over.

    Args:
        options: The `data` node of the config.
    """

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self._datasets: dict[str, Dataset[Any]] = {}
        # Of the training rows that were looked at.
        self._range: InputRange | None = None
        self._first = RowsFingerprint()

    @property
    def fingerprint(self) -> str | None:  # type: ignore[override]
        """Hash of the first training rows and the number of rows; None without training rows."""
        if "train" not in self._datasets:
            return None
        if not self._first.rows:
            with same_draws():
                for row in islice(rows_of("data.train", self._datasets["train"]), ROWS):
                    self._first.add(row)
        return self._first.value({split: self.rows(split) for split in self._datasets})

    @property
    def fingerprint_of(self) -> str:  # type: ignore[override]
        """What the fingerprint is the hash of, in words."""
        rows = self._first.rows
        return f"the number of rows, and the first {rows:,} training rows"

    @property
    def preparation(self) -> dict[str, Any] | None:
        """Range of the inputs that were looked at; None before that, or of a Dataset in a tuple."""
        return None if self._range is None else self._range.to_plain()

    def use_preparation(self, preparation: Mapping[str, Any], source: object) -> None:
        """Use nothing: a Dataset prepares its rows itself."""

    @classmethod
    def made(cls, options: Options) -> DataModule:
        """Return the data module of the rows: in memory, or through a DataLoader."""
        return DatasetInMemory(options) if options.in_memory else cls(options)

    @classmethod
    def facts(cls, options: Options) -> Facts:
        """Return facts of the training rows, whose Dataset is made for it.

        A TensorDataset is in memory, where the options do not say otherwise. Of rows in memory all
        follows. Of others the first row tells the shape, and a Dataset with a list of `classes`
        the task.
        """
        with same_draws():
            dataset = dataset_of("data.train", options.train)
        in_memory: Any = options.in_memory
        if in_memory == "???":
            in_memory = collate_of(options.collate_fn) is None and holds_tensors(dataset)
        if in_memory:
            return DatasetInMemory.facts(options)
        return _facts_of_first(dataset, options)

    def setup(self, stage: str) -> None:
        """Instantiate the datasets; raise ConfigError where a config is wrong.

        To predict, none is needed.
        """
        for split in ("train", "val", "test") if stage != "predict" else ():
            node = getattr(self.options, split)
            if node is None or split in self._datasets:
                continue
            self._datasets[split] = dataset_of(f"data.{split}", node)

    def has_split(self, split: str) -> bool:
        """Return whether the config names a dataset for the split (after `setup`)."""
        return split in self._datasets

    def rows(self, split: str) -> int | None:
        """Return the number of rows of a split (after `setup`); None if it is not known."""
        dataset: Any = self._datasets.get(split)
        return len(dataset) if hasattr(dataset, "__len__") else None

    def row_numbers(self, split: str) -> Tensor | None:
        """Return the numbers of a split's rows; None for an iterable-style Dataset."""
        dataset: Any = self._datasets[split]
        return None if isinstance(dataset, IterableDataset) else torch.arange(len(dataset))

    def labelled_rows(self, source: str, targets: str | None = None) -> LabelledRows:
        """Refuse new rows: a Dataset makes its rows itself."""
        raise ConfigError(no_new_rows(source))

    def rows_to_check(self, split: str) -> Iterator[Rows]:
        """Yield the rows of a split, as many as can be read in a short time.

        Raises ConfigError where a row cannot be read, or has another shape than the first.
        """
        for rows in self._looked_at(split):
            if split == "train" and isinstance(rows.batch, tuple | list) and rows.batch:
                self._range = InputRange.of(rows.batch[0], self._range)
            yield rows

    def _looked_at(self, split: str) -> Iterator[Rows]:
        dataset, until = self._datasets[split], time.monotonic() + SECONDS_TO_CHECK
        key, collate = f"data.{split}", collate_of(self.options.collate_fn)
        if self.rows(split) == 0:
            raise ConfigError(f"data.{split}: it has no rows")
        if type(dataset) is TensorDataset and dataset.tensors:
            if split == "train" and not self._first.rows:
                self._first.add_all(dataset.tensors, len(dataset))
            yield Rows(range(len(dataset)), dataset.tensors)
            return
        first = self._first if split == "train" and not self._first.rows else None
        numbers: list[int] = []
        rows: list[Any] = []
        at_once = 2  # For those who look at the first rows alone.
        for number, row in enumerate(rows_of(key, dataset)):
            if first is not None:
                first.add(row)
            numbers.append(number)
            rows.append(row)
            late = time.monotonic() > until
            if late or len(rows) == at_once:
                yield Rows(
                    numbers,
                    collated(key, numbers, rows, collate),
                )
                numbers, rows, at_once = [], [], ROWS_AT_ONCE
            if late:
                return
        if rows:
            yield Rows(
                numbers,
                collated(key, numbers, rows, collate),
            )

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Return inputs as floats of the run's type."""
        return inputs.to(self.placement.dtype)

    def evaluation_loader(self, split: str) -> ResumableDataLoader:
        """Return this device's share of the batches of a split, in the order of the dataset.

        What the Dataset draws is the same every time.
        """
        return self._loader(split, evaluation=True)

    def all_rows(self, split: str) -> ResumableDataLoader:
        """Return batches of all rows of a split on every device."""
        return self._loader(split, evaluation=True, shared=False)

    def train_dataloader(self) -> ResumableDataLoader:
        """Return batches of the training rows, in the order of the epoch."""
        return self._loader("train", evaluation=False)

    def _loader(self, split: str, evaluation: bool, shared: bool = True) -> ResumableDataLoader:
        if split not in self._datasets:
            raise DataError(f"data.{split} is null: there is no {split} split")
        dataset, options = self._datasets[split], self.options
        drop_last = options.drop_last and not evaluation
        workers: dict[str, Any] = {
            "collate_fn": collate_of(self.options.collate_fn),
            "num_workers": options.num_workers,
            "persistent_workers": options.num_workers > 0,
        }
        run: RunOptions = {
            "rank": self.placement.rank if shared else 0,
            "world_size": self.placement.world_size if shared else 1,
        }
        if not evaluation:
            run |= {"epoch": self.current_epoch, "same_every_epoch": self.repeats_first_epoch}
        # What is drawn to train is none of what is drawn to evaluate.
        seed = number_at(options.seed, list(SPLITS).index(split), evaluation)
        if isinstance(dataset, IterableDataset):
            # Such a dataset shares its rows among devices itself.
            batches = {"batch_size": options.batch_size or 1, "drop_last": drop_last}
            return StreamOfRows(dataset, seed, {**workers, **batches}, **run)
        rows, world_size = len(dataset), run["world_size"]  # type: ignore[arg-type]
        order = EpochOrder(rows, options.seed, options.shuffle and not evaluation)
        batch_size = options.batch_size or rows
        if batch_size < world_size:
            raise ConfigError(f"data.batch_size={batch_size} is below the {world_size} devices")
        share = SharedBatches(order, batch_size, drop_last, run["rank"], world_size, evaluation)
        return BatchesOfRows(dataset, share, seed, workers, **run)


def _facts_of_first(dataset: Any, options: Options) -> Facts:
    """Return what the first row, and what the user says, tell of rows that are not in memory."""
    said = {
        name: value
        for name in ("task", "input_shape", "output_size", "class_names")
        if (value := getattr(options, name)) != "???"
    }
    classes = getattr(dataset, "classes", None)
    names = tuple(map(str, classes)) if isinstance(classes, list | tuple) else ()
    task = said.get("task") or _task_of(names)
    shape = tuple(said.get("input_shape") or _first_shape(dataset, collate_of(options.collate_fn)))
    size = said.get("output_size") or (1 if task == "binary" else len(names))
    if not size:
        raise ConfigError(
            "data.output_size: it does not follow from rows that are not in memory: give it, or "
            "data.in_memory=true"
        )
    return Facts(task, shape, size, class_names=names, in_memory=False)


def _task_of(names: Sequence[str]) -> str:
    if not names:
        raise ConfigError(
            "data.task: it does not follow from rows that are not in memory, where the Dataset has "
            "no list of `classes`: give data.task and data.output_size, or data.in_memory=true"
        )
    return "binary" if len(names) == 2 else "multiclass"


def _first_shape(dataset: Any, collate: Collate | None) -> Sequence[int]:
    """Return the shape of the input of the first row, as it is in a batch."""
    first = next(rows_of("data.train", dataset), None)
    batch = None if first is None else collated("data.train", [0], [first], collate)
    pair = batch if isinstance(batch, tuple | list) and batch else (batch,)
    if not isinstance(pair[0], Tensor) or len(pair) < 2:
        kind = type(first if not isinstance(first, tuple | list) or not first else first[0])
        raise ConfigError(
            f"data.train: its first row, or the input in it, is a {kind.__name__}, and a pair of "
            "tensors (input, target) is needed; data.collate_fn makes a batch of others"
        )
    return [int(size) for size in pair[0].shape[1:]]
