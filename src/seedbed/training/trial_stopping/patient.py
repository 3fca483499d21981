"""Patience: a trial that no longer gets better is stopped, or another rule may stop it then."""

from collections.abc import Sequence

import numpy as np

from seedbed.training.trial_stopping.trials import Mask, Rule, Stop, Trials, best_so_far


class Patient:
    """Rule that stops a trial without an improvement for `patience` epochs.

    Optuna's PatientPruner: with more than patience + 1 looks, a trial may stop where its best value
    of the last patience + 1 is worse by more than min_delta than its best before. Where it wraps
    another rule, that one must want to stop it, too. Values that are no number are left out; where
    one side has no other, the trial goes on. Of several objectives none may have improved.

    Args:
        epochs: Epochs after which it looks.
        patience: Looks in a row without an improvement.
        min_delta: Least difference that counts.
        wrapped: Rule that decides then; None (default): patience alone.
    """

    name = "patient"

    def __init__(
        self,
        epochs: Sequence[int],
        patience: int,
        min_delta: float = 0.0,
        wrapped: Rule | None = None,
    ) -> None:
        self.epochs: Sequence[int] = tuple(epochs)
        self.patience = patience
        self.min_delta = min_delta
        self.wrapped = wrapped

    def stops(self, trials: Trials) -> dict[int, Stop]:
        """Return why trials stop after the last of the epochs, by their places."""
        impatient = trials.running & self._without_improvement(trials)
        if self.wrapped is None:
            reason = f"no improvement for {self.patience} epochs"
            return {int(place): Stop(reason) for place in np.flatnonzero(impatient)}
        if trials.epochs[-1] not in self.wrapped.epochs:
            return {}
        wanted = self.wrapped.stops(trials)
        after = f" ({self.wrapped.name}), after {self.patience} epochs without an improvement"
        return {
            place: stop._replace(reason=stop.reason + after)
            for place, stop in wanted.items()
            if impatient[place]
        }

    def _without_improvement(self, trials: Trials) -> Mask:
        looks, last = len(trials.epochs), self.patience + 1
        if looks <= last:
            return np.zeros(len(trials.numbers), dtype=bool)
        before, after = (
            best_so_far(part) for part in (trials.measured[:, :-last], trials.measured[:, -last:])
        )
        # Where either is nan it is not worse.
        worse: Mask = np.all(before + self.min_delta < after, axis=1)
        return worse
