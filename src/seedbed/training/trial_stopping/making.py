"""The rule that a config asks for."""

from typing import Any

from seedbed.config.schema import stop
from seedbed.training.trial_stopping.halving import Halving
from seedbed.training.trial_stopping.hyperband import Hyperband
from seedbed.training.trial_stopping.median import Median
from seedbed.training.trial_stopping.patient import Patient
from seedbed.training.trial_stopping.top_k_after import TopKAfter
from seedbed.training.trial_stopping.trials import Rule


def make_rule(options: Any, max_epochs: int, first: int = 1) -> Rule | None:
    """Return the rule of an option of `stop`; None where there is none, or nothing to look at.

    Args:
        options: Dataclass of `seedbed.config.schema.stop`.
        max_epochs: Epochs of a whole trial.
        first: First epoch after which a trial has a value.
    """
    if not isinstance(options, stop.Stop):
        return None
    epochs = options.looks(max_epochs, first)
    if not epochs:
        return None
    match options:
        case stop.TopKAfter():
            return TopKAfter(epochs[0], options.reduction_factor)
        case stop.Halving():
            return Halving(epochs, options.reduction_factor)
        case stop.Hyperband():
            return Hyperband(options.brackets(max_epochs, first), options.reduction_factor)
        case stop.Median():
            return Median(epochs, options.n_startup_trials, options.n_min_trials)
        case stop.Patient():
            wrapped = make_rule(options.wrapped, max_epochs, first)
            return Patient(epochs, options.patience, options.min_delta, wrapped)
    raise TypeError(f"no rule of {type(options).__name__}")
