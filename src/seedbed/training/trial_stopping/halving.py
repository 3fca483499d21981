"""Asynchronous successive halving: rungs at which the best trials go on."""

from collections.abc import Sequence

import numpy as np

from seedbed.training.trial_stopping.trials import Mask, Stop, Trials, below_the_best


class Halving:
    """Rule that at every rung lets the best 1/reduction_factor of the trials that reach it go on.

    Li et al., "A system for massively parallel hyperparameter tuning" (ASHA), arXiv 1810.05934,
    Algorithm 2; the rungs and who is promoted are those of Optuna's SuccessiveHalvingPruner. Rung k
    is after min_epochs * reduction_factor ** (min_early_stopping_rate + k) epochs. Of the n trials
    that have reached it (those of the same program at once, and those of earlier generations)
    max(1, n // reduction_factor) go on, and whoever is as good as the last of them. A trial that
    diverged before counts among the n; one that was stopped at a rung does not at the next. A value
    that is no number is stopped.

    Args:
        rungs: Epochs of the rungs, ascending (see `seedbed.config.schema.stop.rungs`).
        reduction_factor: How many trials there are for one that is promoted.
    """

    name = "halving"

    def __init__(self, rungs: Sequence[int], reduction_factor: int) -> None:
        self.epochs: Sequence[int] = tuple(rungs)
        self.reduction_factor = reduction_factor

    def stops(self, trials: Trials) -> dict[int, Stop]:
        """Return why trials stop after the last of the epochs, by their places."""
        return self.stops_among(trials, np.ones(len(trials.numbers), dtype=bool))

    def stops_among(self, trials: Trials, among: Mask, note: str = "") -> dict[int, Stop]:
        """Return why trials stop that compete with some of them alone, (trials,).

        `note` is added to every reason.
        """
        rung = self.epochs.index(trials.epochs[-1])
        below = below_the_best(trials, self.reduction_factor, among)
        goes_on = f"the best 1/{self.reduction_factor} go on"
        return {
            place: Stop(f"place {rank} of {of} at rung {rung}{note}; {goes_on}", rung)
            for place, (rank, of) in below.items()
        }
