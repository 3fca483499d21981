"""Importances of the keys of a search, by PED-ANOVA.

Watanabe, Bansal, Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
Subspaces", IJCAI 2023, arXiv 2304.10255: a key matters as far as the distribution of its values in
the best trials differs from that in all trials. Keys that only some trials have are weighed as in
"Conditional PED-ANOVA", arXiv 2601.20800. Optuna's evaluator computes both.
"""

import warnings
from collections.abc import Sequence
from typing import Any

from seedbed.analysis.searches.keys import SearchedKey

# Fewer trials say nothing.
FEWEST_TRIALS = 20
# The best trials are this share of all, but at least so many.
BEST_SHARE, FEWEST_BEST = 0.1, 5


def importances(
    keys: Sequence[SearchedKey], values: Sequence[float | None], mode: str = "min"
) -> dict[str, float] | None:
    """Return the share of each key in what tells the best tenth of the trials, the largest first.

    The shares add up to 1. They follow from the order of the trials alone, so that a trial that was
    stopped, or diverged, counts as worse than all that were trained to their end.

    Args:
        keys: the keys.
        values: value of each trial; None, or no finite number, where it has none.
        mode: `min` (default) or `max`, which values are better.

    Returns:
        None where there are fewer than 20 trials, or all best ones are as all others.
    """
    finite = [value for value in values if value is not None and abs(value) < float("inf")]
    if len(values) < FEWEST_TRIALS or len(finite) < FEWEST_BEST or len(set(finite)) < 2:
        return None
    from optuna.importance import PedAnovaImportanceEvaluator

    sign = 1.0 if mode == "min" else -1.0
    ordered = [sign * value if value is not None else float("inf") for value in values]
    worst = max(sign * value for value in finite)
    study = _study(keys, [value if value <= worst else worst + 1.0 for value in ordered])
    share = max(BEST_SHARE, FEWEST_BEST / len(values))
    if share * len(values) > len(finite):  # Those without a value are not among the best.
        share = len(finite) / len(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of trials that are the only ones with their choice.
        shares = PedAnovaImportanceEvaluator(target_quantile=share).evaluate(study)
    total = sum(shares.values())
    if not total > 0:
        return None
    names = [key.name for key in keys]
    # Equal ones in the order of the keys, for Optuna's own order is that of a set.
    ordered_names = sorted(names, key=lambda name: -shares.get(_param(names.index(name)), 0.0))
    return {name: shares.get(_param(names.index(name)), 0.0) / total for name in ordered_names}


def _param(place: int) -> str:
    return str(place)


def _study(keys: Sequence[SearchedKey], values: Sequence[float]) -> Any:
    """Return a study in memory that holds the trials, to be minimized; keys are named by place."""
    import optuna
    from optuna.trial import TrialState, create_trial

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study()
    finally:
        optuna.logging.set_verbosity(verbosity)
    distributions = {_param(place): _distribution(key) for place, key in enumerate(keys)}
    columns = {
        _param(place): key.cells if key.choices else key.numbers for place, key in enumerate(keys)
    }
    for trial, value in enumerate(values):
        params = {
            name: column[trial]
            for name, column in columns.items()
            if column[trial] not in ("", None)
        }
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE,
                params=params,
                distributions={name: distributions[name] for name in params},
                value=value,
            )
        )
    return study


def _distribution(key: SearchedKey) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if key.choices:
        return CategoricalDistribution(list(key.choices))
    known = [number for number in key.numbers if number is not None]
    return FloatDistribution(min(known), max(known), log=key.log)
