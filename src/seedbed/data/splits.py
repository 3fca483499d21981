"""Splits of a table into training, validation and test rows."""

from dataclasses import dataclass

from torch import Tensor

from seedbed.config.schema.data import all_held_out, held_out_rows
from seedbed.data.random import SPLIT_ORDER, permutations
from seedbed.errors import ConfigError


@dataclass(frozen=True)
class Split:
    """Row numbers of each split, int64, in the order of the table."""

    train: Tensor
    val: Tensor
    test: Tensor


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
    problem = all_held_out(rows, val_size, test_size)
    if problem:
        raise ConfigError(problem)
    order = permutations(seed, 0, rows, SPLIT_ORDER)
    return Split(
        train=order[test + val :].sort().values,
        val=order[test : test + val].sort().values,
        test=order[:test].sort().values,
    )
