"""Epochs after which the rules of `stop` look at trials; all lie before the end of a training."""

from collections.abc import Sequence
from math import floor, log


def rungs(
    min_epochs: int, reduction_factor: int, max_epochs: int, min_early_stopping_rate: int = 0
) -> list[int]:
    """Return the epochs of the rungs of successive halving, ascending.

    Rung k is after min_epochs * reduction_factor ** (min_early_stopping_rate + k) epochs.
    """
    epoch, found = min_epochs * reduction_factor**min_early_stopping_rate, []
    while epoch < max_epochs:
        found.append(epoch)
        epoch *= reduction_factor
    return found


def brackets(min_epochs: int, reduction_factor: int, max_epochs: int) -> list[list[int]]:
    """Return the epochs of the rungs of each bracket of Hyperband.

    There are floor(log(max_epochs / min_epochs) / log(reduction_factor)) + 1, as of Optuna's
    HyperbandPruner; bracket b begins with rung b.
    """
    count = floor(log(max_epochs / min_epochs, reduction_factor)) + 1
    return [rungs(min_epochs, reduction_factor, max_epochs, bracket) for bracket in range(count)]


def looks(n_warmup_epochs: int, interval_epochs: int, max_epochs: int) -> Sequence[int]:
    """Return the epochs after which the median rule looks.

    Every `interval_epochs` from `n_warmup_epochs` on; as a trial has no value before its first
    epoch, the look at 0 is that after the first, as of Optuna's MedianPruner.
    """
    every = range(n_warmup_epochs, max_epochs, interval_epochs)
    return sorted({max(1, epoch) for epoch in every if max(1, epoch) < max_epochs})
