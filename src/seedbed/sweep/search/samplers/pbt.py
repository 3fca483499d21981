"""Population based training."""

from optuna.samplers import BaseSampler, RandomSampler

from seedbed.sweep.search.samplers.study import StudySampler


class PBT(StudySampler):
    """Population based training (Jaderberg et al., arXiv 1711.09846, 2017).

    The trials are one population, which trains as one program: every `interval` epochs the worst
    ones take weights, optimizer state and perturbed numbers of the best ones. What they begin with
    is drawn as random search draws it. Only numbers that may change while a trial trains; one
    objective. The choice where one training is long and few fit beside each other: it finds a
    schedule of the numbers, not a value.
    """

    learns = False

    def make(self) -> BaseSampler:
        """Return Optuna's RandomSampler, of which the first values are."""
        return RandomSampler(seed=self.options.seed)
