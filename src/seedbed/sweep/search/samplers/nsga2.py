"""Genetic algorithm NSGA-II."""

from optuna.samplers import BaseSampler, NSGAIISampler

from seedbed.sweep.search.samplers.study import StudySampler


class NSGA2(StudySampler):
    """Non-dominated sorting genetic algorithm II (Deb et al., 2002).

    Parents are chosen by non-dominated rank, then by the distance to their neighbours; children mix
    the keys of two. Optuna's advice: several objectives, 100 to 10,000 trials, any space. Of keys
    that count only under a choice a child has new ones at random. A population has whole trials
    alone: one that a rule stopped has the values that it stopped with.
    """

    takes_stopped_as_whole = True

    def make(self) -> BaseSampler:
        """Return Optuna's NSGAIISampler."""
        options = self.options
        return NSGAIISampler(
            population_size=options.population_size,
            mutation_prob=options.mutation_prob,
            crossover_prob=options.crossover_prob,
            swapping_prob=options.swapping_prob,
            seed=options.seed,
        )

    def advised_generation(self) -> int:
        """Return the size of its population: no trial of it depends on another one."""
        return int(self.options.population_size)
