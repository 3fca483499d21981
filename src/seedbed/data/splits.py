"""Splits of a table into training, validation and test rows."""

from dataclasses import dataclass

from torch import Tensor

from seedbed.data.random import SPLIT_ORDER, permutations
from seedbed.errors import ConfigError


@dataclass(frozen=True)
class Split:
    """Row numbers of each split, int64, in the order of the table."""

    train: Tensor
    val: Tensor
    test: Tensor


def held_out_rows(size: float, rows: int) -> int:
    """Return the number of rows that a size holds out.

    Args:
        size: Below 1 a fraction of the rows, rounded, at least one row; else a count. 0 is none.
        rows: Number of rows of the table.
    """
    if size >= 1 or size == 0:
        return int(size)
    return max(1, round(size * rows))


def split_rows(rows: int, val_size: float, test_size: float, seed: int) -> Split:
    """Return a random split of a table.

    The test rows depend on `seed` and `test_size` alone: another `val_size` does not change them.

    Args:
        rows: Number of rows of the table.
        val_size: Fraction or count of validation rows, as in `held_out_rows`.
        test_size: Fraction or count of test rows.
        seed: Seed of the split.

    Raises:
        ConfigError: No row is left for training.
    """
    val, test = held_out_rows(val_size, rows), held_out_rows(test_size, rows)
    if val + test >= rows:
        raise ConfigError(
            f"data.val_size={val_size:g} and data.test_size={test_size:g} hold out {val + test} of "
            f"{rows} rows: none is left for training"
        )
    order = permutations(seed, 0, rows, SPLIT_ORDER)
    return Split(
        train=order[test + val :].sort().values,
        val=order[test : test + val].sort().values,
        test=order[:test].sort().values,
    )
