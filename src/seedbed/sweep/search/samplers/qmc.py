"""Quasi-random search: a sequence that covers the space evenly."""

from optuna.samplers import BaseSampler, QMCSampler

from seedbed.sweep.search.samplers.study import StudySampler


class QMC(StudySampler):
    """Quasi-Monte Carlo search (Bousquet et al., "Critical Hyper-Parameters", 2017).

    The points of a Sobol or Halton sequence, scrambled by the seed. No trial depends on another
    one's result, so that all train at once. The first trial, and keys that count only under a
    choice, are drawn at random, as in Optuna. Sobol covers best with a power of two of trials.
    """

    learns = False

    def make(self) -> BaseSampler:
        """Return Optuna's QMCSampler."""
        options = self.options
        return QMCSampler(qmc_type=options.qmc_type, scramble=options.scramble, seed=options.seed)
