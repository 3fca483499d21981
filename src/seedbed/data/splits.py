"""Which rows train, which validate, which test."""

from dataclasses import dataclass

from torch import Tensor

from seedbed.data.random import SPLIT_ORDER, permutations
from seedbed.errors import ConfigError


@dataclass(frozen=True)
class Split:
    """Row numbers of each part, in the order of the table."""

    train: Tensor
    val: Tensor
    test: Tensor


def held_out_rows(size: float, rows: int) -> int:
    """Return how many rows a fraction (below 1, rounded, at least one) or a count holds out."""
    if size >= 1 or size == 0:
        return int(size)
    return max(1, round(size * rows))


def split_rows(rows: int, val_size: float, test_size: float, seed: int) -> Split:
    """Split `rows` rows by a seed of their own.

    The test rows depend on the seed and `test_size` alone: another `val_size` leaves them as they
    are. Raises ConfigError when no row is left for training.
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
