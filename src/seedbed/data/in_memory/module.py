"""Base class of datasets that fit in memory."""

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.config.schema.data import InMemoryData as Options
from seedbed.data.augmentation import Augmentation
from seedbed.data.data_module import INPUT, DataModule, Facts, Placement, Rows
from seedbed.data.in_memory.source import Source, checked_source, facts_of_source
from seedbed.data.labelled import LabelledRows
from seedbed.data.labelled.arrays import labelled_arrays
from seedbed.data.loader import BatchLoader, RunOptions, StreamLoader
from seedbed.data.random import same_draws
from seedbed.data.scaling import Scaling, fitted
from seedbed.data.splits import Split, SplitRule, split_rows
from seedbed.data.splits.columns import values_of
from seedbed.data.splits.parts import NAMES, require_classes
from seedbed.data.table import RawRows, Table, as_classes, fingerprint
from seedbed.data.weights import require_weights
from seedbed.errors import ConfigError, DataError, DoesNotFit, SeedbedError, listed, nearest

# Rows of a batch of others than the run's, and numbers of its inputs: small batches cost as much.
MOST_AT_ONCE, MOST_NUMBERS = 65_536, 1 << 20


class InMemoryData(DataModule):
    """DataModule of rows in memory, on the device of the run; a dataset only says how to `load`.

    Inputs become floats of the run's type, scaled by `options.input_scale`; classes stay int64.
    What is fitted depends on the training rows alone. A dataset whose rows are no tensors yet also
    says how to `fit` to the training rows and how to make `tensors` of rows.

    Args:
        options: The `data` node of the config.

    Attributes:
        target_scaling: scaling of the targets of a regression; None where they are as they are.
        notes: lines for people about the split, where it cannot be as it was asked for.
    """

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.target_scaling: Scaling | None = None
        self.notes: tuple[str, ...] = ()
        # Whether what was fitted is that of a run.
        self._from_run = False
        self._splits: dict[str, Table] = {}
        # Of the rows of a split among those that are loaded.
        self._numbers: dict[str, Tensor] = {}
        # Of the rows that are loaded in the dataset, where some are left out.
        self._in_dataset: Mapping[str, Tensor] = {}
        self._on_device: dict[str, Table] = {}

    def load(self) -> Source:
        """Return the rows; raise DataError where they cannot be had.

        A class of the user's may return a Table alone, and arrays or lists in place of tensors;
        what it draws at random is the same in every run, unless it draws from a seed of its own.
        """
        raise NotImplementedError

    def _loaded(self) -> Source:
        """Return what `load` returns; raise ConfigError where a class of the user's is wrong."""
        if type(self).__module__.startswith("seedbed."):
            return self.load()
        name = f"{type(self).__module__}.{type(self).__qualname__}"
        try:
            with same_draws():
                return checked_source(self.load(), name)
        except SeedbedError:
            raise
        except Exception as error:
            reason = (str(error).splitlines() or [""])[0][:200]
            raise ConfigError(
                f"data: the load of {name} fails: {type(error).__name__}: {reason}"
            ) from error

    @classmethod
    def facts(cls, options: Any) -> Facts:
        """Return facts of the rows that `load` returns, if they are tensors already.

        Raises:
            ConfigError: They are none, or their classes are not numbered from 0.
        """
        data = cls(options)
        data.prepare_data()
        return facts_of_source(data._loaded(), options)

    def setup(self, stage: str) -> None:
        """Load and split the rows, the first time; a split moves to the device when first used.

        To predict no rows are needed, but where a scaling is fitted to them and not stored.
        """
        if stage == "predict" and (self._from_run or not self._fits()):
            if not self._from_run:
                self.input_scaling = self._given_scaling()
        elif not self._splits:
            if stage == "predict":
                self.prepare_data()
            self._arrange(self._loaded())

    def use_preparation(self, preparation: Mapping[str, Any], source: object) -> None:
        """Use the scalings that a run has stored, instead of fitting any."""
        self._from_run = True
        shapes = {
            "input_scaling": tuple(self.options.input_shape),
            "target_scaling": (self.options.output_size,),
        }
        self.input_scaling = self._given_scaling()
        for name in self._fits():
            scaling = Scaling.from_plain(preparation.get(name), f"{source}: {name}")
            scaling.require_fit(shapes[name], f"{source}: {name}")
            setattr(self, name, scaling)

    def _arrange(self, source: Source) -> None:
        """Split the rows, fit to the training rows, and make the tensors of each split."""
        split, weights = self.split(source), self._weights(source)
        self._numbers = {
            name: numbers
            for name in ("train", "val", "test")
            if len(numbers := getattr(split, name))
        }
        raw: dict[str, RawRows] = {
            name: source.rows.take(numbers) for name, numbers in self._numbers.items()
        }
        own = {"val": source.val, "test": source.test}
        self._require_single_sets(own)
        raw |= {name: rows for name, rows in own.items() if rows is not None}
        if self.options.split == "column" and "val" not in raw:
            raise DoesNotFit(
                f"data.split_by={self.options.split_by}: it names no validation row; "
                "data.val_size=0.2 holds out some of the training rows"
            )
        if not self._from_run:
            self.fit(raw["train"], self._development(source, split))
        elif isinstance(raw["train"], Table):
            self._check_shape(raw["train"].inputs)
        splits = {}
        for name, rows in raw.items():
            table = self.tensors(rows)
            if weights is not None and name in self._numbers:
                table = Table(table.inputs, table.targets, weights[self._numbers[name]])
            splits[name] = table
        self._check(splits)
        self._splits, self.notes = splits, split.notes
        self._in_dataset = source.numbers
        tables = [rows for rows in (source.rows, *own.values()) if isinstance(rows, Table)]
        self.fingerprint = source.fingerprint or fingerprint(tables)
        self.fingerprint_of = "the files" if source.fingerprint else "all rows"

    def _require_single_sets(self, own: Mapping[str, RawRows | None]) -> None:
        """Raise DoesNotFit where rows of a split are named, or folded, beside a set of its own."""
        for name, rows in own.items():
            if rows is None or name not in self._numbers:
                continue
            folded = name == "val" and self.options.folds is not None
            key = "folds" if folded else "split"
            said = f"data.{key}={getattr(self.options, key)}"
            raise DoesNotFit(f"{said}: these data have a {NAMES[name]} set of their own")

    def _development(self, source: Source, split: Split) -> RawRows:
        """Return the rows that are not test rows; of tensors, whose shape is known, no copy."""
        if isinstance(source.rows, Table):
            return source.rows.take(split.train[:0])
        return source.rows.take(torch.cat((split.train, split.val)).sort().values)

    def split(self, source: Source) -> Split:
        """Return the row numbers of each split; raise ConfigError where that cannot be."""
        options, classes = self.options, self.classes(source)
        kind = options.split or ("random" if classes is None else "stratified")
        by = None if options.split_by is None else self.column(source, "split_by", options.split_by)
        rule = SplitRule(
            kind,
            0.0 if source.val is not None else options.val_size,
            0.0 if source.test is not None else options.test_size,
            options.split_seed,
            options.folds,
            options.fold,
            options.split_by,
            options.train_size,
        )
        column = None if by is None else values_of(str(options.split_by), by)
        return split_rows(len(source.rows), rule, classes, column, options.class_names)

    def classes(self, source: Source) -> NDArray[Any] | None:
        """Return the class of each row, (rows,); None where the targets are no classes."""
        if self.options.task not in ("binary", "multiclass"):
            return None
        if source.classes is not None:
            return np.asarray(source.classes)
        rows = source.rows
        if not isinstance(rows, Table) or rows.targets.numel() != len(rows):
            return None
        classes = as_classes(rows.targets)
        # What is wrong with others is said before training, with the row.
        return None if classes.is_floating_point() else classes.numpy()

    def column(self, source: Source, key: str, name: str) -> Any:
        """Return the values of a named column; raise ConfigError where there is none."""
        columns = self.columns(source)
        if name in columns:
            return columns[name]
        known = listed(columns, 20) if columns else "these data have no columns with names"
        raise ConfigError(f"data.{key}: no column '{name}'.{nearest(name, columns)} Known: {known}")

    def columns(self, source: Source) -> Mapping[str, Any]:
        """Return the named values by row: of inputs and targets, and those of the source."""
        columns: dict[str, Any] = {}
        if isinstance(source.rows, Table):
            for names, values in (
                (self.options.feature_names, source.rows.inputs),
                (self.options.target_names, source.rows.targets),
            ):
                flat = values.reshape(len(values), -1)
                if len(names) == flat.shape[1]:
                    columns |= zip(names, flat.numpy().T, strict=True)
        return {**columns, **source.columns}

    def _weights(self, source: Source) -> Tensor | None:
        """Return the sample weights of all rows that are split, (rows,) float64."""
        name = self.options.weight
        if name is None:
            return None
        return require_weights(name, self.column(source, "weight", name), "these data")

    def fit(self, training: RawRows, development: RawRows) -> None:
        """Fit scalings to the training rows.

        Args:
            training: The training rows.
            development: All rows that are not test rows; none where rows are tensors already.
                Nothing but the shape of the inputs in a cross-validation may depend on them.
        """
        assert isinstance(training, Table)
        self._check_shape(training.inputs)
        self.input_scaling = self._scaling(training.inputs)
        if self.options.target_scale == "standard":
            targets = training.targets.reshape(len(training), -1)
            self.target_scaling = fitted("standard", targets)

    def tensors(self, rows: RawRows) -> Table:
        """Return rows as tensors, (rows, *input_shape), before `model_inputs`."""
        assert isinstance(rows, Table)
        targets, task = rows.targets, self.options.task
        if task == "regression" and (targets.dim() != 2 or not targets.is_floating_point()):
            targets = targets.reshape(len(rows), -1).double()
        elif task in ("binary", "multiclass") and targets.numel() == len(rows):
            targets = as_classes(targets)
        return rows if targets is rows.targets else Table(rows.inputs, targets, rows.weights)

    @property
    def preparation(self) -> dict[str, Any] | None:
        """What was fitted, as plain values; None where nothing was (after `setup`)."""
        scalings = {key: getattr(self, key) for key in self._fits()}
        stored = {key: value.to_plain() for key, value in scalings.items() if value is not None}
        return stored or None

    def _check(self, splits: Mapping[str, Table]) -> None:
        """Raise DoesNotFit where a split has rows of one class only, or no row that weighs."""
        require_classes(self.options, splits)
        for name, table in splits.items():
            if table.weights is not None:
                require_weights(self.options.weight, table.weights, f"the {NAMES[name]} rows")

    def numbers(self, split: str) -> Tensor:
        """Return the numbers of a split's rows in the dataset, int64, counted from 0."""
        split_off = self._numbers.get(split)
        loaded = torch.arange(len(self._splits[split])) if split_off is None else split_off
        in_dataset = self._in_dataset.get("train" if split_off is not None else split)
        return loaded if in_dataset is None else in_dataset[loaded]

    def labelled_rows(self, source: str, targets: str | None = None) -> LabelledRows:
        """Return new rows with known targets, of arrays or of a CSV file with a header."""
        return labelled_arrays(source, targets, self.options)

    def use_labelled(self, rows: LabelledRows, *, own_batches: bool = False) -> None:
        """Hold these rows alone, as the split `INPUT`.

        Their batches are as large as is quick, or with `own_batches` as those of the run.
        """
        numbers = max(1, rows.table.inputs[:1].numel())
        at_once = min(MOST_AT_ONCE, max(1, MOST_NUMBERS // numbers))
        given, self.options = self.options.batch_size, copy(self.options)
        self.options.batch_size = max(given or 0, at_once)
        if own_batches and given is not None:
            self.options.batch_size = given
        self._splits, self._numbers, self._in_dataset = {INPUT: rows.table}, {}, {}
        self._on_device.clear()

    def own_rows(self, split: str) -> Table:
        """Return the rows of a split as they were loaded, their targets in their own units."""
        return self._splits[split]

    def row_numbers(self, split: str) -> Tensor | None:
        """Return the numbers of a split's rows in the dataset."""
        return self.numbers(split)

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
        """Return raw inputs as floats, not yet scaled, maybe of a finer type than the run's."""
        return inputs if inputs.is_floating_point() else inputs.to(self.placement.dtype)

    def _fits(self) -> tuple[str, ...]:
        """Return which scalings are fitted to the training rows."""
        scale, targets = self.options.input_scale, self.options.target_scale
        inputs = ("input_scaling",) if isinstance(scale, str) and scale != "none" else ()
        return (*inputs, "target_scaling") if targets == "standard" else inputs

    def _given_scaling(self) -> Scaling | None:
        """Return the factor that the options give; None where there is none."""
        scale = self.options.input_scale
        if scale is None or scale == 1 or isinstance(scale, str):
            return None
        return Scaling.by_factor(float(scale))

    def _scaling(self, training_inputs: Tensor) -> Scaling | None:
        """Return the scaling of the inputs; None where they are as they are."""
        scale = self.options.input_scale
        if "input_scaling" not in self._fits():
            return self._given_scaling()
        inputs = self.floats(training_inputs)
        if scale == "max" and not inputs.any():
            raise DataError("data.input_scale=max: the largest training input is 0")
        return fitted(scale, inputs)

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
        # Before the cast: a column of large numbers that differ little keeps its digits.
        scaled = floats if self.input_scaling is None else self.input_scaling.apply(floats)
        return scaled.to(self.placement.dtype)

    def placed_inputs(self, inputs: Tensor) -> Tensor:
        """Return the inputs of `tensors` as the model takes them; they are raw by default."""
        return self.model_inputs(inputs)

    def table(self, split: str) -> Table:
        """Return a split as the model takes it; raise DataError where there is none."""
        if split not in self._splits:
            size = "" if split == "train" else f": data.{split}_size is 0"
            raise DataError(f"these data have no {split} split{size}")
        if split not in self._on_device:
            raw = self._splits[split]
            self._on_device[split] = self._placed(raw)
        return self._on_device[split]

    def _placed(self, raw: Table) -> Table:
        """Return rows as the model takes them, on the device; targets are scaled."""
        targets, weights = raw.targets.to(self.device), raw.weights
        if self.target_scaling is not None:
            targets = self.target_scaling.apply(targets.double())
        if targets.is_floating_point():
            targets = targets.to(self.placement.dtype)
        if weights is not None:
            weights = weights.to(self.device, self.placement.dtype)
        return Table(self.placed_inputs(raw.inputs), targets, weights)

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
        return sum(table.nbytes for table in self._splits.values())

    def train_dataloader(self) -> BatchLoader | StreamLoader:
        """Return batches of the training rows, in the order of the epoch."""
        table, options = self.table("train"), self.options
        return BatchLoader(
            table.inputs,
            table.targets,
            options.batch_size,
            weights=table.weights,
            shuffle=options.shuffle,
            drop_last=options.drop_last,
            seed=options.seed,
            **self._run(),
        )

    def augmentation(self) -> Augmentation | None:
        """Return what makes the training batches of the rows; None: they are as they are."""
        return None

    def evaluation_loader(self, split: str) -> BatchLoader:
        """Return this device's share of the batches of a split, in the order of the table."""
        return self._in_order(split, self.placement.rank, self.placement.world_size)

    def all_rows(self, split: str) -> BatchLoader:
        """Return batches of all rows of a split on every device."""
        return self._in_order(split, 0, 1)

    def _in_order(self, split: str, rank: int, world_size: int) -> BatchLoader:
        table, size = self.table(split), self.options.batch_size
        return BatchLoader(
            table.inputs,
            table.targets,
            size,
            weights=table.weights,
            rank=rank,
            world_size=world_size,
        )
