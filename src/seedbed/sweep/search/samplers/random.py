"""Random search: every trial drawn by itself."""

from optuna.samplers import BaseSampler, RandomSampler

from seedbed.sweep.search.samplers.study import StudySampler


class Random(StudySampler):
    """Random search (Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", 2012).

    No trial depends on another one, so that all train at once. Any space, several objectives. The
    baseline of every search, and the choice where there are as many trials as one likes.
    """

    learns = False

    def make(self) -> BaseSampler:
        """Return Optuna's RandomSampler."""
        return RandomSampler(seed=self.options.seed)
