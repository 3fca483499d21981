"""Tree-structured Parzen estimator."""

from optuna.samplers import BaseSampler, TPESampler

from seedbed.sweep.search.samplers.study import StudySampler

# Trials of a generation up to which the liar harms, and above which the search gets worse.
FEW, MOST = 10, 25


class TPE(StudySampler):
    """Tree-structured Parzen estimator (Bergstra et al., 2011; Watanabe, 2023).

    Two densities, of the better trials and of the others, are fitted to those that have ended; the
    candidate of the highest ratio is taken. Optuna's advice: 100 to 1,000 trials, any space. In
    generations of 10 the trials are as good as those asked for one by one; the constant liar, by
    which those of one generation count among the worse ones, helps in larger ones, which are worse
    (docs/search.md has the figures).
    """

    def make(self) -> BaseSampler:
        """Return Optuna's TPESampler; conditional spaces are modelled by groups of their keys."""
        options = self.options
        liar = options.constant_liar
        if liar is None:
            liar = self.generation > FEW
        group = self.space.is_conditional if options.group is None else options.group
        return TPESampler(
            n_startup_trials=options.n_startup_trials,
            n_ei_candidates=options.n_ei_candidates,
            multivariate=True if group and options.multivariate is None else options.multivariate,
            group=group,
            constant_liar=liar,
            seed=options.seed,
        )

    def advised_generation(self) -> int:
        """Return a twentieth of the trials, 10 to 25, and at least those of the random start."""
        options = self.options
        return int(max(options.n_startup_trials, FEW, min(options.trials // 20, MOST)))
