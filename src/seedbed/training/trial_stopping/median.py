"""The median rule: a trial that is worse than the median of those before is stopped."""

from collections.abc import Sequence

import numpy as np

from seedbed.training.pareto import non_domination_ranks
from seedbed.training.trial_stopping.trials import Stop, Trials, Values


class Median:
    """Rule that stops a trial whose best value so far is worse than the median at the same epoch.

    Golovin et al., "Google Vizier: a service for black-box optimization", KDD 2017, section 3.2.2,
    in the form of Optuna's MedianPruner: the median is that of the values of completed trials at
    this epoch (not, as in Vizier, of their running averages). So in the first generation no trial
    stops. A trial whose values were never a number is stopped; values of others that are none are
    left out of the median.

    Of several objectives the best so far is that of each, and the trial and the completed ones are
    compared by non-dominated rank among them.

    Args:
        epochs: Epochs after which it looks (see `seedbed.config.schema.stop.looks`).
        n_startup_trials: Trials that must have completed before it stops any.
        n_min_trials: Completed trials that must have a value at the epoch.
    """

    name = "median"

    def __init__(
        self, epochs: Sequence[int], n_startup_trials: int = 5, n_min_trials: int = 1
    ) -> None:
        self.epochs: Sequence[int] = tuple(epochs)
        self.n_startup_trials = n_startup_trials
        self.n_min_trials = n_min_trials

    def stops(self, trials: Trials) -> dict[int, Stop]:
        """Return why trials stop after the last of the epochs, by their places."""
        completed, running = trials.completed, np.flatnonzero(trials.running)
        if completed.sum() < max(1, self.n_startup_trials):
            return {}
        best = trials.best[running]
        before = trials.values[completed & trials.present[:, -1], -1]
        found = {
            int(place): Stop("no value so far is a number")
            for place in running[np.isnan(best).any(axis=1)]
        }
        if len(before) < self.n_min_trials:
            return found
        before = before[~np.isnan(before).any(axis=1)]
        if not len(before):
            return found
        worse = _worse_than_median(best, before)
        reason = f"worse than the median of {len(before)} completed trials"
        found |= {int(place): Stop(reason) for place in running[worse] if int(place) not in found}
        return found


def _worse_than_median(best: Values, before: Values) -> np.ndarray:
    if best.shape[1] == 1:
        worse: np.ndarray = best[:, 0] > np.median(before[:, 0])
        return worse
    worse = np.zeros(len(best), dtype=bool)
    for place, own in enumerate(best.tolist()):
        if not np.isnan(own).any():
            ranks = non_domination_ranks([own, *before.tolist()])
            worse[place] = ranks[0] > np.median(ranks[1:])
    return worse
