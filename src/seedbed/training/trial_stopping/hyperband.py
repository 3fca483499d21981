"""Hyperband: brackets of successive halving that begin at different epochs."""

from binascii import crc32
from collections.abc import Sequence
from math import ceil

import numpy as np

from seedbed.training.trial_stopping.halving import Halving
from seedbed.training.trial_stopping.trials import Stop, Trials

# What Optuna's pruner calls the study: the bracket of a trial is a hash of it and of its number.
STUDY = "seedbed"


class Hyperband:
    """Rule that divides the trials into brackets, each of which halves as `Halving` does.

    Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", arXiv
    1603.06560 (JMLR 18, 2018), Algorithm 1, as Optuna's HyperbandPruner has it: bracket b of B
    begins at rung b, and gets a share of the trials in proportion to
    ceil(B * reduction_factor ** s / (s + 1)) with s = B - 1 - b, so that all brackets train about
    as many epochs. A trial's bracket is CRC-32 of "seedbed_<number>" modulo the sum of the shares:
    the one that Optuna gives it in a study of that name. Trials compete within their bracket.

    Args:
        brackets: Epochs of the rungs of each bracket, ascending (see
            `seedbed.config.schema.stop.brackets`); that of the last one may be empty, where trials
            train to their end.
        reduction_factor: As of `Halving`.
    """

    name = "hyperband"

    def __init__(self, brackets: Sequence[Sequence[int]], reduction_factor: int) -> None:
        self.brackets = [Halving(rungs, reduction_factor) for rungs in brackets]
        self.epochs: Sequence[int] = sorted({epoch for rungs in brackets for epoch in rungs})
        ahead = range(len(brackets) - 1, -1, -1)
        shares = [ceil(len(brackets) * reduction_factor**s / (s + 1)) for s in ahead]
        self._ends = np.cumsum(shares)

    def bracket_of(self, numbers: Sequence[int]) -> np.ndarray:
        """Return the bracket of each trial, by its number."""
        total = int(self._ends[-1])
        places = [crc32(f"{STUDY}_{number}".encode()) % total for number in numbers]
        return np.searchsorted(self._ends, places, side="right")

    def stops(self, trials: Trials) -> dict[int, Stop]:
        """Return why trials stop after the last of the epochs, by their places."""
        brackets, found = self.bracket_of(trials.numbers.tolist()), dict[int, Stop]()
        for bracket, halving in enumerate(self.brackets):
            if trials.epochs[-1] in halving.epochs:
                among = brackets == bracket
                found |= halving.stops_among(trials, among, f" of bracket {bracket}")
        return found
