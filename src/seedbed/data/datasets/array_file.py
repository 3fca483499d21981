"""Arrays of the user's own, from a .npz or .safetensors file or a pair of .npy files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.config.schema.data.arrays import ArrayFile as Options
from seedbed.data.arrays.files import Entry
from seedbed.data.arrays.names import Chosen, chosen_arrays
from seedbed.data.arrays.targets import Posed, posed_targets
from seedbed.data.classes import chosen_classes, rows_of
from seedbed.data.data_module import Facts
from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.inference import stamp
from seedbed.data.table import Table
from seedbed.errors import ConfigError, OtherData

_FILES = ("file", "inputs", "targets", "val_inputs", "val_targets", "test_inputs", "test_targets")
# Keys that say, besides the files, what is read of them.
_LOOKED_INTO = ("task", "output_size", "split_by", "weight", "classes")
# What was read last, up to so many bytes: the splits are copies of it.
MOST_KEPT = 1 << 28
_kept: dict[str, Source] = {}


class ArrayFile(InMemoryData):
    """Dataset of inputs and targets in arrays, with the task that the targets pose.

    Args:
        options: The `data` node of the config.
    """

    options: Options

    @classmethod
    def files(cls, options: Options) -> Sequence[Path]:
        """Return the files of the arrays."""
        if options.file is not None:
            return [Path(options.file)]
        return [Path(name) for key in _FILES if (name := getattr(options, key)) is not None]

    @classmethod
    def facts(cls, options: Options) -> Facts:
        """Return the facts of the arrays: the targets are read, of the inputs the shape alone."""
        chosen = _chosen(options)
        posed, _ = _of_classes(options, _posed(options, chosen))
        return Facts(
            task=posed.task,
            input_shape=_shape(chosen),
            output_size=posed.output_size,
            class_names=posed.class_names,
        )

    def load(self) -> Source:
        """Return the arrays as rows, read once for the folds and seeds of a sweep.

        Raises:
            ConfigError: They do not go together.
        """
        options = self.options
        values = [getattr(options, key) for key in (*_FILES, *_LOOKED_INTO)]
        key = repr((values, [stamp(path) for path in self.files(options)]))
        source = _kept.get(key) or self._read()
        _kept.clear()
        tables = [rows for rows in (source.rows, source.test) if isinstance(rows, Table)]
        if sum(rows.nbytes for rows in tables) <= MOST_KEPT:
            _kept[key] = source
        return source

    def _read(self) -> Source:
        chosen = _chosen(self.options)
        posed, kept = _of_classes(self.options, _posed(self.options, chosen))
        numbers = dict(zip(chosen.inputs, kept, strict=True)) if kept else {}
        tables = {
            split: Table(_rows_of(_inputs(entry.read()), numbers.get(split)), targets)
            for (split, entry), targets in zip(chosen.inputs.items(), posed.parts, strict=True)
        }
        rows = chosen.inputs["train"].shape[0]
        columns = {
            name: _rows_of(entry.read(), numbers.get("train"))
            for name, entry in chosen.others.items()
            if entry.shape == (rows,) and name in (self.options.split_by, self.options.weight)
        }
        return Source(
            tables["train"],
            tables.get("test"),
            _hash_of(self.files(self.options)),
            tables.get("val"),
            {**dict.fromkeys(_columns(chosen, rows)), **columns},
            numbers=numbers,
        )

    def require_source(self, fingerprint: str | None) -> None:
        """Compare the bytes of the files with those that the run was trained on."""
        for path in self.files(self.options):
            if not path.is_file():
                raise ConfigError(f"data.file={path}: no such file")
        if _hash_of(self.files(self.options)) != fingerprint:
            named = ", ".join(str(path) for path in self.files(self.options))
            raise OtherData(f"data.file: {named} is not the file that the run was trained on")


def _columns(chosen: Chosen, rows: int) -> list[str]:
    """Return the names of arrays with one value a row, which splits and weights may look into."""
    return [name for name, entry in chosen.others.items() if entry.shape == (rows,)]


def _chosen(options: Options) -> Chosen:
    """Return the arrays of the options; raise ConfigError where their lengths differ."""
    own = {
        split: (getattr(options, f"{split}_inputs"), getattr(options, f"{split}_targets"))
        for split in ("val", "test")
        if getattr(options, f"{split}_inputs") is not None
        or getattr(options, f"{split}_targets") is not None
    }
    chosen = chosen_arrays(options.file, options.inputs, options.targets, own)
    for split, entry in chosen.inputs.items():
        _require_rows(entry, chosen.targets[split])
        if entry.dtype.kind not in "biuf":
            raise ConfigError(
                f"data.inputs: '{entry.name}' is of type {entry.dtype}, and inputs are numbers"
            )
        if entry.shape[1:] != chosen.inputs["train"].shape[1:]:
            first = chosen.inputs["train"]
            raise ConfigError(
                f"data.{split}_inputs: rows of '{entry.name}' have the shape "
                f"{list(entry.shape[1:])}, those of '{first.name}' {list(first.shape[1:])}"
            )
    return chosen


def _require_rows(inputs: Entry, targets: Entry) -> None:
    lengths = [entry.shape[0] if entry.shape else None for entry in (inputs, targets)]
    for entry, length in zip((inputs, targets), lengths, strict=True):
        if entry.dtype.hasobject:
            entry.read()  # Says what is wrong.
        if length is None:
            raise ConfigError(f"data: '{entry.name}' is a single number, and rows are needed")
        if length == 0 or 0 in entry.shape:
            raise ConfigError(f"data: '{entry.name}' is empty, of shape {list(entry.shape)}")
    if lengths[0] != lengths[1]:
        raise ConfigError(
            f"data: '{inputs.name}' has {lengths[0]:,} rows, '{targets.name}' {lengths[1]:,}"
        )


def _shape(chosen: Chosen) -> tuple[int, ...]:
    return chosen.inputs["train"].shape[1:] or (1,)


def _posed(options: Options, chosen: Chosen) -> Posed:
    """Return what the targets pose; what the user says of the task is honoured."""
    task, size = (_said(options, key) for key in ("task", "output_size"))
    if options.classes:  # What is said is of the chosen ones.
        task, size = None if task == "binary" else task, None
    names = " and ".join(f"'{entry.name}'" for entry in chosen.targets.values())
    arrays = [entry.read() for entry in chosen.targets.values()]
    return posed_targets(f"data.targets {names}", arrays, task, size)


def _of_classes(options: Options, posed: Posed) -> tuple[Posed, list[Tensor]]:
    """Return what the targets of chosen classes pose, and their row numbers in each part.

    Of all classes there are no row numbers.
    """
    if not options.classes:
        return posed, []
    chosen = chosen_classes(options.classes, posed.class_names)
    pairs = [rows_of(part.numpy(), chosen) for part in posed.parts]
    parts = tuple(torch.from_numpy(classes) for _, classes in pairs)
    names = tuple(posed.class_names[number] for number in chosen)
    task = _said(options, "task") or ("binary" if len(names) == 2 else "multiclass")
    size = 1 if task == "binary" else len(names)
    return Posed(task, size, parts, names), [torch.from_numpy(rows) for rows, _ in pairs]


def _rows_of(values: Any, numbers: Tensor | None) -> Any:
    """Return the rows of these numbers; all of them where there are none."""
    if numbers is None:
        return values
    return values[numbers if isinstance(values, Tensor) else numbers.numpy()]


def _said(options: Options, key: str) -> Any:
    """Return a value of the options; None where it is missing, and to be inferred."""
    value = getattr(options, key)
    return None if value == "???" else value


def _inputs(values: NDArray[Any]) -> Tensor:
    """Return inputs as a tensor (rows, ...): bytes and floats as they are, others as float64."""
    if values.dtype != np.uint8:
        # torch takes neither foreign byte orders nor extended precision.
        single = values.dtype.kind == "f" and values.dtype.itemsize <= 4
        values = values.astype(np.float32 if single else np.float64, copy=False)
    values = values if values.ndim > 1 else values.reshape(-1, 1)
    return torch.from_numpy(values)


def _hash_of(files: Sequence[Path]) -> str:
    """Return the hash of the bytes of files, one after another."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
