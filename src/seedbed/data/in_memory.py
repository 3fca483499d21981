"""Base class of datasets that fit in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from seedbed.config.schema.data import InMemoryData as Options
from seedbed.data.data_module import DataModule, Placement, Rows
from seedbed.data.loader import BatchLoader, RunOptions, StreamLoader
from seedbed.data.splits import split_rows
from seedbed.data.table import Table, fingerprint
from seedbed.errors import ConfigError, DataError


@dataclass(frozen=True)
class Source:
    """Rows of a dataset as it loads them.

    Attributes:
        rows: rows to be split.
        test: test set of its own; None: the test rows are split off too.
        fingerprint: hash of all rows; None: computed from them.
    """

    rows: Table
    test: Table | None = None
    fingerprint: str | None = None


class InMemoryData(DataModule):
    """DataModule of rows in memory, on the device of the run; a dataset only says how to `load`.

    Inputs become floats of the run's type, scaled by `options.input_scale`; classes stay int64.

    Args:
        options: The `data` node of the config.
    """

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self._splits: dict[str, Table] = {}
        # Of the rows of a split in the dataset.
        self._numbers: dict[str, Tensor] = {}
        self._on_device: dict[str, Table] = {}

    def load(self) -> Source:
        """Return the rows; raise DataError where they cannot be had."""
        raise NotImplementedError

    def setup(self, stage: str) -> None:
        """Load and split the rows, the first time; a split moves to the device when first used."""
        if not self._splits:
            self._split(self.load())

    def _split(self, source: Source) -> None:
        options = self.options
        self._check_shape(source.rows.inputs)
        own_test = source.test is not None
        rows = len(source.rows.inputs)
        test_size = 0.0 if own_test else options.test_size
        split = split_rows(rows, options.val_size, test_size, options.split_seed)
        self._splits = {
            name: source.rows.take(part)
            for name, part in (("train", split.train), ("val", split.val), ("test", split.test))
            if len(part)
        }
        self._numbers = {name: getattr(split, name) for name in self._splits}
        if source.test is not None:
            self._splits["test"] = source.test
        tables = [source.rows] if source.test is None else [source.rows, source.test]
        self.fingerprint = source.fingerprint or fingerprint(tables)
        self.input_scale = self._scale(self._splits["train"].inputs)

    def numbers(self, split: str) -> Tensor:
        """Return the numbers of a split's rows in the dataset, int64, counted from 0."""
        if split in self._numbers:
            return self._numbers[split]
        return torch.arange(len(self._splits[split].targets))

    def rows_to_check(self, split: str) -> Iterator[Rows]:
        """Yield all rows of a split."""
        raw = self._splits[split]
        yield Rows(self.numbers(split), (raw.inputs, raw.targets))

    def _check_shape(self, inputs: Tensor) -> None:
        """Raise ConfigError where the rows have another shape than the config says."""
        shape, said = list(inputs.shape[1:]), list(self.options.input_shape)
        if shape != said:
            raise ConfigError(f"data.input_shape: {said}, but these rows have the shape {shape}")

    def floats(self, inputs: Tensor) -> Tensor:
        """Return raw inputs as floats of the run's type, not yet scaled."""
        return inputs.to(self.placement.dtype)

    def _scale(self, training_inputs: Tensor) -> float:
        """Return the factor on the inputs; `max`: 1 / largest absolute training input."""
        scale = self.options.input_scale
        if scale != "max":
            return 1.0 if scale is None else float(scale)
        largest = float(self.floats(training_inputs).abs().max())
        if largest == 0:
            raise DataError("data.input_scale=max: the largest training input is 0")
        return 1.0 / largest

    def place(
        self,
        placement: Placement,
        current_epoch: Callable[[], int] = lambda: 0,
        repeats_first_epoch: bool = False,
    ) -> None:
        """Set the device, type and process of the batches; drop those placed elsewhere."""
        if placement != self.placement:
            self._on_device.clear()
        super().place(placement, current_epoch, repeats_first_epoch)

    @property
    def device(self) -> torch.device:
        """Device of the batches."""
        return self.placement.device

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Return raw inputs as the model takes them: scaled floats on the device."""
        floats = self.floats(inputs.to(self.device))
        return floats if self.input_scale == 1.0 else floats * self.input_scale

    def table(self, split: str) -> Table:
        """Return a split as the model takes it; raise DataError where there is none."""
        if split not in self._splits:
            size = "" if split == "train" else f": data.{split}_size is 0"
            raise DataError(f"these data have no {split} split{size}")
        if split not in self._on_device:
            self._on_device[split] = self._placed(self._splits[split])
        return self._on_device[split]

    def _placed(self, raw: Table) -> Table:
        """Return rows as the model takes them, on the device; targets are scaled."""
        targets = raw.targets.to(self.device)
        if targets.is_floating_point():
            targets = targets.to(self.placement.dtype)
        return Table(self.model_inputs(raw.inputs), targets)

    def has_split(self, split: str) -> bool:
        """Return whether the split has any rows (after `setup`)."""
        return split in self._splits

    def rows(self, split: str) -> int | None:
        """Return the number of rows of a split (after `setup`)."""
        return len(self._splits[split].targets) if split in self._splits else None

    def _run(self) -> RunOptions:
        """Return what a training loader is told of the run."""
        return {
            "epoch": self.current_epoch,
            "same_every_epoch": self.repeats_first_epoch,
            "rank": self.placement.rank,
            "world_size": self.placement.world_size,
        }

    @property
    def nbytes(self) -> int:
        """Bytes of all rows as they were loaded (after `setup`)."""
        return sum(table.inputs.nbytes + table.targets.nbytes for table in self._splits.values())

    def train_dataloader(self) -> BatchLoader | StreamLoader:
        """Return batches of the training rows, in the order of the epoch."""
        table, options = self.table("train"), self.options
        return BatchLoader(
            table.inputs,
            table.targets,
            options.batch_size,
            shuffle=options.shuffle,
            drop_last=options.drop_last,
            seed=options.seed,
            **self._run(),
        )

    def evaluation_loader(self, split: str) -> BatchLoader:
        """Return this device's share of the batches of a split, in the order of the table."""
        return self._in_order(split, self.placement.rank, self.placement.world_size)

    def all_rows(self, split: str) -> BatchLoader:
        """Return batches of all rows of a split on every device."""
        return self._in_order(split, 0, 1)

    def _in_order(self, split: str, rank: int, world_size: int) -> BatchLoader:
        table, size = self.table(split), self.options.batch_size
        return BatchLoader(table.inputs, table.targets, size, rank=rank, world_size=world_size)
