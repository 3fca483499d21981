"""Targets of new rows, as the task of a run takes them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.errors import ConfigError, listed

Where = Callable[[int], str]


def counted(row: int) -> str:
    """Return how a row of an array is called."""
    return f"row {row} (counted from 0)"


def targets_of(values: NDArray[Any], options: Any, source: str, where: Where = counted) -> Tensor:
    """Return targets as a run takes them.

    That is (rows, targets) float64 for a regression, (rows,) int64 for classes, and (rows, classes)
    float64 for the probability of each class.

    Args:
        values: Numbers or words by row, (rows, ...).
        options: Options of the data, which know the task, the classes and the sizes.
        source: What the targets are called in messages.
        where: Function that returns how people find a row, counted from 0.

    Raises:
        ConfigError: They are of another kind, or of a class that the run does not know.
    """
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind not in "biufUO" or not values.ndim:
        raise ConfigError(f"{source}: of type {values.dtype}; numbers or words by row are needed")
    flat = values.reshape(len(values), -1)
    if options.task == "regression":
        return _amounts(flat, options, source, where)
    if flat.shape[1] > 1 and flat.shape[1] == options.output_size and flat.dtype.kind == "f":
        return torch.from_numpy(flat.astype(np.float64))
    if flat.shape[1] != 1:
        raise ConfigError(f"{source}: {flat.shape[1]} values a row, and a class is one")
    values_by_row = flat[:, 0].tolist()
    of_each = {
        value: class_code(value, options.class_names, options) for value in set(values_by_row)
    }
    codes = [of_each[value] for value in values_by_row]
    wrong = [row for row, code in enumerate(codes) if code is None]
    if wrong:
        raise ConfigError(_unknown(values_by_row, wrong, options, source, where))
    return torch.tensor(codes, dtype=torch.int64)


def _amounts(flat: NDArray[Any], options: Any, source: str, where: Where) -> Tensor:
    if flat.dtype.kind in "UO":
        raise ConfigError(f"{source}: {flat[0, 0]!r} is a word, and the run predicts numbers")
    if flat.shape[1] != options.output_size:
        raise ConfigError(
            f"{source}: {flat.shape[1]} numbers a row, and the run predicts {options.output_size}"
        )
    numbers = flat.astype(np.float64)
    rows = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
    if len(rows):
        raise ConfigError(f"{source}: {where(int(rows[0]))} is not finite")
    return torch.from_numpy(numbers)


def class_code(value: Any, names: Sequence[str], options: Any) -> int | None:
    """Return the number of a class from its name or its number; None where it is none.

    What is the name of a class is that class; else a whole number is the number of one, unless the
    classes have other numbers for names, or are some of those of their data (`data.classes`).
    """
    word = str(value).strip().lower() if isinstance(value, bool) else str(value).strip()
    number = _whole(value)
    if number is not None and word not in names:
        word = str(number)
    if word in names:
        return list(names).index(word)
    count = len(names) or (2 if options.task == "binary" else options.output_size)
    numbered = bool(names) and all(_whole(name) is not None for name in names)
    some = bool(getattr(options, "classes", None))
    if number is None or numbered or some or not 0 <= number < count:
        return None
    return number


def _whole(value: Any) -> int | None:
    """Return a whole number; None of anything else."""
    try:
        number = float(value)
        return int(number) if number == int(number) else None
    except (TypeError, ValueError, OverflowError):
        return None


def _unknown(
    values: Sequence[Any], wrong: Sequence[int], options: Any, source: str, where: Where
) -> str:
    """Return what to say of rows of classes that the run does not know."""
    first = values[wrong[0]]
    same = f", as {len(wrong) - 1:,} more rows are of none" if wrong[1:] else ""
    known = listed(options.class_names, 8) if options.class_names else "numbers from 0"
    return (
        f"{source}: {where(wrong[0])}: {str(first)!r} is none of the classes that the run was "
        f"trained on{same}: {known}"
    )
