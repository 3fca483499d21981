"""Gaussian process."""

from optuna.samplers import BaseSampler, GPSampler

from seedbed.sweep.search.samplers.study import StudySampler


class GP(StudySampler):
    """Gaussian process with expected improvement (Optuna's GPSampler; Snoek et al., 2012).

    Optuna's advice: up to 500 trials that take long, since asking takes longer with each: 0.1 to 1
    second a trial. Keys that count only under a choice are drawn at random, as in Optuna. Its model
    has whole trials alone: one that a rule stopped has the value that it stopped with.
    """

    takes_stopped_as_whole = True

    def make(self) -> BaseSampler:
        """Return Optuna's GPSampler."""
        options = self.options
        return GPSampler(
            n_startup_trials=options.n_startup_trials,
            deterministic_objective=options.deterministic_objective,
            seed=options.seed,
        )

    def advised_generation(self) -> int:
        """Return as many as the random start has: later ones count running trials as well."""
        return int(self.options.n_startup_trials)
