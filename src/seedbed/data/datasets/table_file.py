"""Table of the user's own, from a file: read, split, and prepared by what its training rows say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from seedbed.config.schema.data.table import TableFile as Options
from seedbed.data.data_module import Facts
from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.inference import Stamp, stamp
from seedbed.data.labelled import LabelledRows
from seedbed.data.labelled.tables import labelled_table
from seedbed.data.preparation import FitOptions, Preparation, fit
from seedbed.data.preparation.features import Words
from seedbed.data.preparation.kept import Kept
from seedbed.data.preparation.loading import TableRows, ids_of, kinds_of_inputs
from seedbed.data.preparation.new_rows import NewRows, new_rows
from seedbed.data.preparation.stored import from_store, to_store
from seedbed.data.preparation.table_files import (
    READ,
    TableFiles,
    paths_of,
    read_options,
    require_same,
    table_files,
)
from seedbed.data.scaling import Scaling
from seedbed.data.splits import Split
from seedbed.data.table import RawRows, Table
from seedbed.data.tables import TableSchema, schema_lines
from seedbed.data.weights import require_weights
from seedbed.errors import ConfigError, RunFolderError

# Keys that the split, and what is fitted, follow from besides.
_SPLIT = ("split", "val_size", "test_size", "split_seed", "folds", "fold")
_FIT = ("input_scale", "encode", "target_scale")
# Columns that are shown before training.
MOST_SHOWN = 50
# Folds and seeds of a sweep; numbers and words alone.
_kept_splits: Kept[Split] = Kept(64)
_kept_preparations: Kept[Preparation] = Kept(256)


class TableFile(InMemoryData):
    """Dataset of a table in a file, whose columns become numbers by what the training rows say.

    Args:
        options: The `data` node of the config.
    """

    options: Options

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._stored: tuple[TableSchema, Preparation] | None = None
        self._files: TableFiles | None = None
        self._fitted: Preparation | None = None

    @classmethod
    def files(cls, options: Options) -> Sequence[Path]:
        """Return the files of the table."""
        return paths_of(options)

    @classmethod
    def facts(cls, options: Options) -> Facts:
        """Return the facts of the rows, whose inputs follow from the training rows alone."""
        data = cls(options)
        source = data.load()
        schema = data.schema
        classes = schema.class_names
        data.options = replace(options, task=str(schema.task), class_names=list(classes))
        split = data.split(source)
        development = torch.cat((split.train, split.val)).sort().values
        fitted = data.fitted(source.rows.take(split.train), source.rows.take(development))
        return Facts(
            task=str(schema.task),
            input_shape=(len(fitted.feature_names),),
            output_size=len(classes) if len(classes) > 2 else len(fitted.targets),
            feature_names=tuple(fitted.feature_names),
            target_names=() if classes else tuple(fitted.target_names),
            class_names=classes,
            category_sizes=tuple(fitted.category_sizes),
        )

    @property
    def _tables(self) -> TableFiles:
        assert self._files is not None
        return self._files

    @property
    def schema(self) -> TableSchema:
        """What the columns are; after `load`."""
        return self._tables.schema

    @property
    def fitted_preparation(self) -> Preparation:
        """What was fitted to the training rows; after `setup`."""
        assert self._fitted is not None
        return self._fitted

    @property
    def preparation(self) -> dict[str, Any] | None:
        """Schema and what was fitted, as plain values; None before `setup`."""
        if self._fitted is None:
            return None
        schema = self._stored[0] if self._stored is not None else self.schema
        return to_store(schema, self._fitted)

    def use_preparation(self, preparation: Mapping[str, Any], source: object) -> None:
        """Use what a run has fitted and stored; nothing is inferred or fitted then."""
        schema, fitted = from_store(preparation, source)
        if fitted.class_names != list(self.options.class_names) or schema.task != self.options.task:
            raise RunFolderError(f"{source}: its preparation has other targets than its config")
        self._use(fitted)
        self._stored, self._from_run = (schema, fitted), True

    def require_source(self, fingerprint: str | None) -> None:
        """Compare the bytes of the files with those that the run was trained on."""
        require_same(self.options, fingerprint)

    def description(self) -> Any:
        """Return what each column is, and what it becomes; of many those that are no numbers."""
        inputs = self.fitted_preparation.inputs
        becomes = {
            feature.column: _becomes(feature) for feature in inputs if isinstance(feature, Words)
        }
        schema = self.schema
        if len(schema.columns) <= MOST_SHOWN:
            return schema_lines(schema, becomes)
        noted = [
            column
            for column in schema.columns
            if (column.role, column.kind, column.note) != ("input", "number", "")
        ]
        shown = schema_lines(replace(schema, columns=tuple(noted[:MOST_SHOWN])), becomes)
        rest = len(schema.columns) - len(shown.rows)
        shown.add_row(f"and {rest:,} more", "", "", "", "")
        return shown

    def frames(self) -> dict[str, pl.DataFrame]:
        """Return the rows of each split in the types of the schema, ids included."""
        return {
            split: self._tables.of_split(split).frame[self.numbers(split).numpy()]
            for split in self._splits
        }

    def setup(self, stage: str) -> None:
        """Read and split the rows; raise RunFolderError where a run has lost its preparation."""
        if stage != "fit" and not (self._from_run or self._splits):
            raise RunFolderError("the run folder has no preparation.json, nor have its checkpoints")
        super().setup(stage)

    def load(self) -> Source:
        """Read the files; raise ConfigError where they, or the keys, do not fit."""
        stored = None if self._stored is None else self._stored[0]
        self._files = table_files(self.options, self._key(READ), stored)
        main = self._files.tables["file"]
        own = {
            name: TableRows.all_of(self._files.tables[name])
            for name in ("val_file", "test_file")
            if name in self._files.tables
        }
        return Source(
            rows=TableRows.all_of(main),
            val=own.get("val_file"),
            test=own.get("test_file"),
            fingerprint=self._files.fingerprint,
            columns={name: main.frame.get_column(name) for name in main.frame.columns},
            classes=main.classes,
        )

    def _key(self, names: Sequence[str]) -> tuple[str, tuple[Stamp, ...]]:
        """Return what the values of some keys, and the files as they are, are known by."""
        values = {name: getattr(self.options, name) for name in names}
        return repr(values), tuple(stamp(path) for path in self.files(self.options))

    def split(self, source: Source) -> Split:
        """Return the row numbers of each split."""
        key = self._key((*READ, *_SPLIT)), self.options.task
        return _kept_splits.get(key, partial(super().split, source))

    def fit(self, training: RawRows, development: RawRows) -> None:
        """Fit the preparation to the training rows."""
        self._use(self.fitted(training, development))

    def _use(self, fitted: Preparation) -> None:
        """Use what was fitted; raise ConfigError where the config says another shape of rows."""
        width, said = [len(fitted.feature_names)], list(self.options.input_shape)
        if width != said:
            raise ConfigError(f"data.input_shape: {said}, but these rows have the shape {width}")
        self._fitted = fitted
        self.input_scaling = _scaling(fitted.input_scales)
        self.target_scaling = _scaling(fitted.target_scales)

    def _arrange(self, source: Source) -> None:
        """Split the rows, fit to them and make tensors; note what people should know."""
        super()._arrange(source)
        assert self._files is not None
        of_files = [note for table in self._files.tables.values() for note in table.notes]
        self.notes = tuple(dict.fromkeys((*self.schema.notes, *of_files, *self.notes)))

    def fitted(self, training: Any, development: Any) -> Preparation:
        """Return the preparation that is fitted to the training rows.

        In a cross-validation all rows but the test rows say which words have a place.
        """
        options, schema = self.options, self.schema

        def fitted() -> Preparation:
            return fit(
                training.table.frame,
                kinds_of_inputs(schema),
                dict.fromkeys(schema.targets, schema.class_names),
                training.numbers,
                FitOptions(
                    options.input_scale,
                    options.encode,  # type: ignore[arg-type]
                    options.missing,  # type: ignore[arg-type]
                    "standard" if options.target_scale == "standard" else None,
                ),
                development.numbers if options.folds is not None else None,
                ids_of(schema),
            )

        return _kept_preparations.get((self._key((*READ, *_SPLIT, *_FIT)), options.task), fitted)

    def new_rows(self, source: Any) -> NewRows:
        """Return rows to predict from; raise ConfigError that names row and column."""
        assert self._stored is not None
        return new_rows(source, *self._stored, read_options(self.options))

    def labelled_rows(self, source: Any, targets: str | None = None) -> LabelledRows:
        """Return the rows of a file or a frame with their targets, prepared as the run's own."""
        assert self._stored is not None
        if targets is not None:
            raise ConfigError(f"targets={targets}: the targets of a table are columns of input=")
        return labelled_table(source, *self._stored, read_options(self.options), self._dtype)

    @property
    def columns_of_rows(self) -> list[str]:
        """Names of the columns that the inputs are made of."""
        return self.fitted_preparation.columns

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the columns that name rows."""
        return self.fitted_preparation.ids

    def prepared(self, frame: pl.DataFrame) -> Tensor:
        """Return the inputs of rows in the types of the schema, before `placed_inputs`."""
        return torch.from_numpy(self.fitted_preparation.apply(frame, None, self._dtype))

    @property
    def _dtype(self) -> type[np.floating[Any]]:
        return np.float64 if self.placement.dtype == torch.float64 else np.float32

    def tensors(self, rows: RawRows) -> Table:
        """Return rows as tensors: inputs as the model takes them, targets in their own units."""
        assert isinstance(rows, TableRows)
        table, numbers, options = rows.table, rows.numbers, self.options
        applied = self.fitted_preparation.apply(table.frame, numbers, self._dtype)
        inputs = torch.from_numpy(applied)
        if table.classes is not None:
            targets = torch.from_numpy(table.classes[numbers])
        else:
            names = self.fitted_preparation.target_names
            chosen = table.frame.select(names)[numbers].cast(dict.fromkeys(names, float))
            targets = torch.from_numpy(chosen.to_numpy(writable=True).astype(np.float64))
        weights = None
        if options.weight is not None:
            column = table.frame.get_column(options.weight).gather(numbers)
            weights = require_weights(options.weight, column, "these rows")
        return Table(inputs, targets, weights)

    def placed_inputs(self, inputs: Tensor) -> Tensor:
        """Return prepared inputs as floats of the run's type on the device."""
        return inputs.to(self.device, self.placement.dtype)

    def id_columns(self, split: str) -> Mapping[str, Sequence[Any]]:
        """Return the values of the columns that name rows, in the order of a split's rows."""
        frame = self._tables.of_split(split).frame
        numbers = self.numbers(split).numpy()
        return {
            name: frame.get_column(name).gather(numbers).to_list()
            for name in self.fitted_preparation.ids
            if name in frame.columns
        }


def _becomes(words: Words) -> str:
    count = len(words.words) - len(words.unseen)
    return f"{count:,} words, {'embedded' if words.embedded else 'one-hot'}"


def _scaling(scales: Sequence[tuple[float, float]]) -> Scaling | None:
    """Return a scaling by shift and scale of each column; None where all are as they are."""
    if all(pair == (0.0, 1.0) for pair in scales):
        return None
    shift, scale = torch.tensor(scales, dtype=torch.float64).unbind(1)
    return Scaling(shift, scale)
