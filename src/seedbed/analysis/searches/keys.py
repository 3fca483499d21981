"""Keys that a search varied: numbers or words, on a linear or a logarithmic scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

# A key with so few numbers, each of which comes several times, is a choice among them.
MOST_CHOICES = 10
# Numbers that span more than this factor are taken for logarithmic ones, where nothing says it.
LOG_FACTOR = 100.0


@dataclass(frozen=True)
class SearchedKey:
    """Key of a search with its value in each trial.

    Attributes:
        name: the key.
        cells: the values as they were written, (trials,), empty in a trial that does not have it.
        numbers: the values as numbers, None in a trial that does not have it; none at all where
            some value is no number.
        choices: the different values in their order, where it is a choice among few.
        log: whether numbers are compared by their ratio.
    """

    name: str
    cells: Sequence[str]
    numbers: Sequence[float | None]
    choices: Sequence[str]
    log: bool


def searched_keys(
    axes: Sequence[Mapping[str, str]], logs: Mapping[str, bool] | None = None
) -> list[SearchedKey]:
    """Return the keys that differ among trials, in their order.

    Args:
        axes: the values of each trial by key, as cells of a table; empty or missing where a trial
            does not have the key.
        logs: whether a key was searched on a logarithmic scale; of others, positive numbers over
            more than a factor of 100 are taken to be.
    """
    names = dict.fromkeys(name for values in axes for name in values)
    columns = {name: [values.get(name, "") for values in axes] for name in names}
    return [
        _searched_key(name, cells, (logs or {}).get(name))
        for name, cells in columns.items()
        if len(set(cells)) > 1
    ]


def _searched_key(name: str, cells: Sequence[str], log: bool | None) -> SearchedKey:
    given = [cell for cell in cells if cell]
    numbers = [_number(cell) for cell in cells]
    are_numbers = all(_number(cell) is not None for cell in given)
    different = dict.fromkeys(given)
    if not are_numbers:
        return SearchedKey(name, cells, (), list(different), False)
    known = [number for number in numbers if number is not None]
    is_choice = len(different) <= min(MOST_CHOICES, len(given) // 2)
    if log is None:
        log = min(known) > 0 and max(known) > LOG_FACTOR * min(known)
    choices = sorted(different, key=float) if is_choice else []
    return SearchedKey(name, cells, numbers, choices, log and min(known) > 0)


def _number(cell: str) -> float | None:
    """Return the number of a cell; of words, which `inf` and `nan` are too, None."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if isfinite(number) and "_" not in cell else None
