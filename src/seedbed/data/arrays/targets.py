"""Targets in arrays, and the task that follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.data.arrays.class_numbers import MOST_CLASSES, are_class_numbers
from seedbed.errors import ConfigError


@dataclass(frozen=True)
class Posed:
    """Task that targets pose, and the targets as it takes them.

    Attributes:
        task: regression, binary or multiclass.
        output_size: numbers that a model puts out per row.
        parts: the targets of each part: (rows, targets) float64 of a regression, (rows,) int64 of
            classes; soft labels, a probability for each class, are (rows, classes) float64.
        class_names: the classes as the targets call them, in order; none for amounts.
    """

    task: str
    output_size: int
    parts: tuple[Tensor, ...]
    class_names: tuple[str, ...] = ()


def posed_targets(
    where: str,
    arrays: Sequence[NDArray[Any]],
    task: str | None = None,
    output_size: int | None = None,
) -> Posed:
    """Return the task of targets, each array those of one part of the rows.

    Words and truth values are classes. Whole numbers, one a row, are classes by the rule of
    `are_class_numbers`, as in a table; the classes are then in order of the values. All others are
    the numbers of a regression.

    Args:
        where: What the targets are called in messages.
        arrays: The targets, (rows, ...), of one or several parts.
        task: Task that the user says; None (default) where it follows from the targets.
        output_size: Number of outputs that the user says; whole numbers in its range are the
            numbers of classes then, whether all of them occur or not.

    Raises:
        ConfigError: The targets are those of another task, or of none.
    """
    flat = [_by_row(where, values) for values in arrays]
    per_row = flat[0].shape[1]
    classes = np.concatenate([values[:, 0] for values in flat]) if per_row == 1 else None
    words = flat[0].dtype.kind in "USb"
    if classes is None:
        if words:
            raise ConfigError(f"{where}: {per_row} words a row, and a class is one")
        return _numbers(where, flat, task)
    whole = words or _whole(classes)
    if task is None:
        task = _task_of(where, classes, words, whole)
    if task == "regression":
        if words and flat[0].dtype.kind != "b":
            raise ConfigError(
                f"{where}: {str(classes[0])!r} is a word; data.task=regression needs numbers"
            )
        return _numbers(where, flat, task)
    if not whole:
        # What is wrong, and in which row, is said before training.
        parts = tuple(torch.from_numpy(values[:, 0].astype(np.float64)) for values in flat)
        return Posed(task, output_size or 1, parts)
    return _classes(where, classes, [len(values) for values in flat], task, output_size)


def _by_row(where: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind not in "biufUS" or values.ndim == 0:
        raise ConfigError(f"{where}: of type {values.dtype}; numbers or words by row are needed")
    if not len(values):
        raise ConfigError(f"{where}: there are no rows")
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    return values.reshape(len(values), -1)


def _whole(values: NDArray[Any]) -> bool:
    """Return whether all numbers are whole; those that are not finite count as no number."""
    if values.dtype.kind != "f":
        return True
    return bool((values == np.round(values)).all() and np.isfinite(values).all())


def _task_of(where: str, classes: NDArray[Any], words: bool, whole: bool) -> str:
    different = np.unique(classes)
    if len(different) == 1:
        raise ConfigError(f"{where}: {different[0]} in every row: nothing to learn")
    are_classes = words or (
        whole
        and are_class_numbers(int(different[0]), int(different[-1]), len(different), len(classes))
    )
    if not are_classes:
        return "regression"
    return "binary" if len(different) == 2 else "multiclass"


def _numbers(where: str, flat: Sequence[NDArray[Any]], task: str | None) -> Posed:
    """Return targets that are taken as they are: amounts, or soft labels."""
    per_row = flat[0].shape[1]
    for values in flat:
        if values.shape[1] != per_row:
            raise ConfigError(
                f"{where}: {values.shape[1]} numbers a row in one part, {per_row} in another"
            )
    parts = tuple(torch.from_numpy(values.astype(np.float64)) for values in flat)
    return Posed(task or "regression", per_row, parts)


def _classes(
    where: str, classes: NDArray[Any], rows: Sequence[int], task: str, output_size: int | None
) -> Posed:
    different, codes = np.unique(classes, return_inverse=True)
    count = 2 if task == "binary" else output_size
    is_number = classes.dtype.kind != "U"
    if is_number and count is not None and different[0] >= 0 and different[-1] < count:
        codes, names = classes.astype(np.int64), tuple(str(place) for place in range(count))
        if classes.dtype.kind == "b":
            names = ("false", "true")
    else:
        if count is not None and len(different) != count:
            raise ConfigError(
                f"{where}: {len(different):,} different values, and these are to be {count} classes"
            )
        if len(different) > MOST_CLASSES:
            raise ConfigError(
                f"{where}: {len(different):,} different values are no classes: at most "
                f"{MOST_CLASSES:,}"
            )
        names = tuple(_word(value) for value in different)
    size = 1 if task == "binary" else len(names)
    parts = torch.from_numpy(codes.reshape(-1).astype(np.int64)).split(list(rows))
    return Posed(task, size, tuple(parts), names)


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str) else str(int(value))
