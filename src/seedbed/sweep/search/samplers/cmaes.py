"""Evolution strategy CMA-ES."""

from math import log

from optuna.samplers import BaseSampler, CmaEsSampler

from seedbed.sweep.search.samplers.study import StudySampler
from seedbed.sweep.search.space.dimensions import Number


class CMAES(StudySampler):
    """Covariance matrix adaptation evolution strategy (Hansen and Ostermeier, 2001).

    A normal distribution over all numbers moves and turns towards the better half of each
    population. Optuna's advice: 1,000 to 10,000 trials, numbers that depend on each other. Choices,
    and keys that count only under one, are drawn at random, as in Optuna. Single objective.
    """

    def make(self) -> BaseSampler:
        """Return Optuna's CmaEsSampler; trials that a rule stopped count with their last value."""
        options = self.options
        return CmaEsSampler(
            n_startup_trials=options.n_startup_trials,
            popsize=options.popsize,
            use_separable_cma=options.use_separable_cma,
            with_margin=options.with_margin,
            lr_adapt=options.lr_adapt,
            consider_pruned_trials=self.stops,
            seed=options.seed,
        )

    def advised_generation(self) -> int:
        """Return the size of its population: 4 + 3 ln(numbers)."""
        numbers = sum(isinstance(dimension.values, Number) for dimension in self.space.dimensions)
        return int(self.options.popsize or 4 + int(3 * log(max(1, numbers))))
