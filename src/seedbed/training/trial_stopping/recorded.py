"""Rule that stops a trial where it was stopped before: so a run that is repeated ends alike."""

from collections.abc import Sequence

import numpy as np

from seedbed.training.trial_stopping.trials import Stop, Trials


class Recorded:
    """Rule that stops every trial after the same epoch, whatever it has reached.

    Args:
        name: The rule that stopped the trial then.
        epoch: The epoch after which it did.
        stop: Why it did.
    """

    def __init__(self, name: str, epoch: int, stop: Stop) -> None:
        self.name = name
        self.epochs: Sequence[int] = (epoch,)
        self.stop = stop

    def stops(self, trials: Trials) -> dict[int, Stop]:
        """Return why trials stop after the last of the epochs, by their places."""
        return dict.fromkeys(np.flatnonzero(trials.running).tolist(), self.stop)
