"""Choice of some of the classes of a dataset, whose rows alone are kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedbed.errors import ConfigError, listed, nearest

KEY = "data.classes"


def chosen_classes(chosen: Sequence[Any], names: Sequence[str]) -> list[int]:
    """Return the numbers of the chosen classes, from 0, in the order of the choice.

    Args:
        chosen: Names of classes, or their numbers; empty: all.
        names: Name of each class. A number that is the name of a class stands for that.

    Raises:
        ConfigError: There is no such class, one is chosen twice, or there are not two.
    """
    if not chosen:
        return list(range(len(names)))
    numbers = [_number(choice, names) for choice in chosen]
    if len({*numbers}) < len(numbers):
        twice = next(names[number] for number in numbers if numbers.count(number) > 1)
        raise ConfigError(f"{KEY}: '{twice}' is there twice")
    if len(numbers) < 2:
        raise ConfigError(f"{KEY}=[{chosen[0]}]: a classification needs two classes at least")
    return numbers


def _number(choice: Any, names: Sequence[str]) -> int:
    if str(choice) in names:
        return list(names).index(str(choice))
    if type(choice) is int and 0 <= choice < len(names):
        return choice
    if not names:
        raise ConfigError(f"{KEY}: these data have no classes")
    known = listed(f"{number} {name}" for number, name in enumerate(names))
    raise ConfigError(
        f"{KEY}: no class '{choice}'.{nearest(str(choice), names)} The classes are {known}"
    )


def rows_of(classes: NDArray[Any], chosen: Sequence[int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the numbers of the rows that are of chosen classes, and their classes as numbered now.

    Args:
        classes: Class of each row, (rows,), whole numbers from 0.
        chosen: Old number of each new class.
    """
    most = max(int(classes.max(initial=0)), *chosen) + 1
    new = np.full(most, -1, dtype=np.int64)
    new[list(chosen)] = np.arange(len(chosen))
    renumbered = new[classes]
    rows = (renumbered >= 0).nonzero()[0]
    return rows, renumbered[rows]
