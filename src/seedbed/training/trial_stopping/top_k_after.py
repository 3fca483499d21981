"""Rule that keeps the best trials after a fixed number of epochs: i-Epoch."""

from collections.abc import Sequence

import numpy as np

from seedbed.training.trial_stopping.trials import Stop, Trials, below_the_best


class TopKAfter:
    """Rule that lets the best 1/reduction_factor of the trials train on after some epochs.

    Egele, Guyon, Wu and Balaprakash, "Is one epoch all you need for multi-fidelity hyperparameter
    optimization?", arXiv 2307.15422 (i-Epoch), and "The unreasonable effectiveness of early
    discarding after one epoch in neural network hyperparameter optimization", arXiv 2404.04111:
    every trial trains `epochs` epochs, and the best of them to their end. With n trials that have
    got so far (those of the same program and of earlier generations, those that diverged on the
    way, too) max(1, n // reduction_factor) go on, and whoever is as good as the last of them. A
    value that is no number is the worst, and is stopped.

    Args:
        epochs: Epochs that every trial trains.
        reduction_factor: How many trials there are for one that trains on.
    """

    name = "top_k_after"

    def __init__(self, epochs: int, reduction_factor: int) -> None:
        self.epochs: Sequence[int] = (epochs,)
        self.reduction_factor = reduction_factor

    def stops(self, trials: Trials) -> dict[int, Stop]:
        """Return why trials stop after the last of the epochs, by their places."""
        among = np.ones(len(trials.numbers), dtype=bool)
        below = below_the_best(trials, self.reduction_factor, among)
        return {
            place: Stop(f"place {rank} of {of}; the best 1/{self.reduction_factor} train on", 0)
            for place, (rank, of) in below.items()
        }
