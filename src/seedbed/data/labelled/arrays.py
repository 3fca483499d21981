"""Rows of numbers with their targets, from arrays or from a CSV file with a header."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.data.arrays.files import Entry, entries
from seedbed.data.arrays.names import TARGETS, inputs_in, numbers_of, targets_in
from seedbed.data.labelled.rows import LabelledRows
from seedbed.data.labelled.targets import targets_of
from seedbed.data.table import Table
from seedbed.data.tabular import ARRAYS, SUFFIXES, csv_rows, read_npy, shaped
from seedbed.data.weights import require_weights
from seedbed.errors import ConfigError, listed

# Function that takes inputs to the shape and type that a dataset holds, from an array and what it
# is called in messages.
AsInputs = Callable[[NDArray[Any], str], NDArray[Any]]


def labelled_arrays(
    source: str, targets: str | None, options: Any, as_inputs: AsInputs | None = None
) -> LabelledRows:
    """Return the rows of a .npz, .safetensors, .npy or .csv file with their targets.

    Args:
        source: Name of the file.
        targets: Name of a .npy file with the targets, where the file is one of inputs.
        options: Options of the data, which know the names, the classes and the sizes.
        as_inputs: What the inputs become; None: rows of `input_shape`.

    Raises:
        ConfigError: There is no such file, an array or a column is missing, or a value is wrong.
    """
    path = Path(source)
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"input={source}: neither a .csv, .npy, .npz nor .safetensors file")
    if not path.is_file():
        raise ConfigError(f"input={source}: no such file")
    if targets is not None and path.suffix != ".npy":
        raise ConfigError(f"targets={targets}: input={source} is no .npy file, and holds its own")
    made = as_inputs or _rows_of(options)
    if path.suffix == ".csv":
        return _of_csv(path, options, made)
    if path.suffix in ARRAYS:
        return _of_arrays(path, options, made)
    return _of_npy(path, targets, options, made)


def _rows_of(options: Any) -> AsInputs:
    def rows(values: NDArray[Any], called: str) -> NDArray[Any]:
        values = values.reshape(-1, 1) if values.ndim == 1 else values
        return shaped(values, options.input_shape, called, ())

    return rows


def _of_arrays(path: Path, options: Any, as_inputs: AsInputs) -> LabelledRows:
    there = entries(path, "input")
    first = inputs_in(path, there, getattr(options, "inputs", None))
    second = targets_in(path, there, getattr(options, "targets", None))
    if first.name == second.name:
        raise ConfigError(f"input={path}: '{first.name}' alone, and inputs and targets are needed")
    inputs = as_inputs(numbers_of(path, first), f"input={path}, '{first.name}'")
    known = targets_of(second.read(), options, f"input={path}, '{second.name}'")
    weights, notes = _weights(path, there, options, len(known))
    return _together(f"input={path}", inputs, known, weights, notes)


def _weights(
    path: Path, there: Mapping[str, Entry], options: Any, rows: int
) -> tuple[Tensor | None, list[str]]:
    """Return the weights of the rows, or a note that there are none where the run has some."""
    name = options.weight
    if name is None:
        return None, []
    if name not in there:
        return None, [f"no array '{name}' (data.weight): all rows weigh the same"]
    weights = require_weights(name, there[name].read(), "these rows")
    if len(weights) != rows:
        raise ConfigError(f"input={path}: '{name}' has {len(weights):,} values for {rows:,} rows")
    return weights, []


def _of_npy(path: Path, targets: str | None, options: Any, as_inputs: AsInputs) -> LabelledRows:
    if targets is None:
        raise ConfigError(
            f"input={path}: it holds the inputs; targets=FILE.npy names the file of their targets"
        )
    if not Path(targets).is_file():
        raise ConfigError(f"targets={targets}: no such file")
    [second] = _single(targets)
    inputs = as_inputs(read_npy(path), f"input={path}")
    known = targets_of(second.read(), options, f"targets={targets}")
    return _together(f"input={path}", inputs, known, None, _no_weights(options))


def _single(targets: str) -> list[Entry]:
    if Path(targets).suffix != ".npy":
        raise ConfigError(f"targets={targets}: no .npy file")
    return list(entries(Path(targets), "targets").values())


def _no_weights(options: Any) -> list[str]:
    if options.weight is None:
        return []
    return [f"without data.weight={options.weight}: all rows weigh the same"]


def _of_csv(path: Path, options: Any, as_inputs: AsInputs) -> LabelledRows:
    rows = csv_rows(path)
    names = _target_columns(path, rows.header, options)
    features = list(options.feature_names)
    if len(options.input_shape) != 1 or len(features) != options.input_shape[0]:
        features = [name for name in rows.header if name not in (*names, options.weight)]
    rows.require(features)
    rows.require(names, ", a target, to compare with")
    inputs = as_inputs(rows.numbers(features), f"input={path}")
    if options.task == "regression":
        values: NDArray[Any] = rows.numbers(names)
    else:
        values = np.array(rows.words(names[0]), dtype=object)
    known = targets_of(values, options, f"input={path}, column '{names[0]}'", rows.where)
    weights, notes = None, []
    if options.weight is not None and options.weight in rows.header:
        column = rows.numbers([options.weight])[:, 0]
        weights = require_weights(options.weight, column, "these rows")
    else:
        notes = _no_weights(options)
    return _together(f"input={path}", inputs, known, weights, notes)


def _target_columns(path: Path, header: list[str], options: Any) -> list[str]:
    """Return the columns of the targets: as the data call them, or as targets mostly are."""
    names = list(options.target_names)
    count = options.output_size if options.task == "regression" else 1
    if len(names) == count:
        return names
    small = {name.lower(): name for name in header}
    called = next((small[name] for name in (*TARGETS, "class") if name in small), None)
    if called is None or count != 1:
        raise ConfigError(
            f"input={path}: which column is the target? None is called {listed(TARGETS[:4])} or "
            f"class. Found: {listed(header)}"
        )
    return [called]


def _together(
    source: str,
    inputs: NDArray[Any],
    targets: Tensor,
    weights: Tensor | None,
    notes: list[str],
) -> LabelledRows:
    if len(inputs) != len(targets):
        raise ConfigError(f"{source}: {len(inputs):,} rows of inputs, and {len(targets):,} targets")
    if not len(inputs):
        raise ConfigError(f"{source}: there are no rows")
    return LabelledRows(Table(torch.from_numpy(inputs), targets, weights), notes)
