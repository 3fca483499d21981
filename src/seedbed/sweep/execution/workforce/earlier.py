"""Trials of earlier generations, as they are told to workers."""

from collections.abc import Sequence
from math import inf, isfinite

from seedbed.sweep.queue.launch import Earlier
from seedbed.training.trial_stopping.judge import EarlierTrial


def to_be_told(trials: Sequence[EarlierTrial]) -> list[Earlier]:
    """Return trials as a worker is told of them."""
    return [
        Earlier(
            trial.number,
            trial.status,
            {str(epoch): list(values) for epoch, values in trial.reports.items()},
            trial.violation if isfinite(trial.violation) else None,
        )
        for trial in trials
    ]


def as_earlier_trials(told: Sequence[Earlier]) -> list[EarlierTrial]:
    """Return trials as the rule of a search sees them."""
    return [
        EarlierTrial(
            trial.number,
            trial.status,
            {int(epoch): values for epoch, values in trial.reports.items()},
            inf if trial.violation is None else trial.violation,
        )
        for trial in told
    ]
