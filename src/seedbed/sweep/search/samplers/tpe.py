"""Tree-structured Parzen estimator."""

from optuna.samplers import BaseSampler, TPESampler

from seedbed.sweep.search.samplers.study import StudySampler


class TPE(StudySampler):
    """Tree-structured Parzen estimator (Bergstra et al., 2011; Watanabe, 2023).

    Two densities, of the better trials and of the others, are fitted to those that have ended; the
    candidate of the highest ratio is taken. Optuna's advice: 100 to 1,000 trials, any space. Trials
    of one generation know of each other by the constant liar: they count among the worse ones.
    """

    def make(self) -> BaseSampler:
        """Return Optuna's TPESampler; conditional spaces are modelled by groups of their keys."""
        options = self.options
        group = self.space.is_conditional if options.group is None else options.group
        return TPESampler(
            n_startup_trials=options.n_startup_trials,
            n_ei_candidates=options.n_ei_candidates,
            multivariate=True if group and options.multivariate is None else options.multivariate,
            group=group,
            constant_liar=options.constant_liar,
            seed=options.seed,
        )

    def advised_generation(self) -> int:
        """Return a twentieth of the trials, and at least those of the random start."""
        options = self.options
        return int(max(options.n_startup_trials, options.trials // 20, 1))
