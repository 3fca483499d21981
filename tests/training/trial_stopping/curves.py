"""Curves that rules and Optuna's pruners decide on, and what becomes of their trials."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optuna
from hypothesis import strategies as st

from seedbed.training.trial_stopping.trials import Rule, Trials

# Few values, so that some are equal.
NUMBERS = [0.0, 0.1, 0.2, 0.25, 0.5, 1.0, -1.0]


def curves(trials: int, epochs: int, values: Sequence[float] = (*NUMBERS, float("nan"))) -> Any:
    """Return the strategy of values, a list a trial."""
    curve = st.lists(st.sampled_from(values), min_size=epochs, max_size=epochs)
    return st.lists(curve, min_size=1, max_size=trials)


def seen(
    values: np.ndarray, stops: Sequence[int | None], epochs: Sequence[int], running: Sequence[int]
) -> Trials:
    """Return what a rule sees of these curves, (trials, epochs), after the last of the epochs.

    `stops` are the epochs after which trials were stopped, `running` the places of those that run.
    """
    ends = np.array([values.shape[1] if stop is None else stop for stop in stops])
    running_here = np.isin(np.arange(len(values)), running)
    return Trials(
        numbers=np.arange(len(values)),
        epochs=epochs,
        values=values[:, np.array(epochs) - 1, None],
        measured=values[:, np.array(epochs) - 1, None],
        present=ends[:, None] >= np.array(epochs)[None],
        best=np.fmin.reduce(values[:, : epochs[-1], None], axis=1),
        running=running_here,
        completed=np.array([stop is None for stop in stops]) & ~running_here,
    )


def stopped_one_by_one(rule: Rule, values: np.ndarray) -> list[int | None]:
    """Return the epochs after which trials stop that train one after another."""
    stops: list[int | None] = []
    for trial in range(len(values)):
        stop = None
        for at, epoch in enumerate(rule.epochs):
            ends = [*stops, None]
            if trial in rule.stops(seen(values[: trial + 1], ends, rule.epochs[: at + 1], [trial])):
                stop = epoch
                break
        stops.append(stop)
    return stops


def stopped_by_optuna(
    pruner: optuna.pruners.BasePruner, values: np.ndarray, mode: str = "minimize"
) -> list[int | None]:
    """Return the epochs after which Optuna's pruner stops the trials, one after another."""
    study = optuna.create_study(direction=mode, pruner=pruner, study_name="seedbed")
    stops: list[int | None] = []
    for curve in values:
        trial, stop = study.ask(), None
        for epoch, value in enumerate(curve, start=1):
            trial.report(value, epoch)
            # After its last epoch there is nothing to stop.
            if epoch < len(curve) and trial.should_prune():
                stop = epoch
                break
        state = optuna.trial.TrialState.COMPLETE if stop is None else None
        if state is None:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, 0.0)
        stops.append(stop)
    return stops


def last_of_all(
    make: Callable[[], optuna.pruners.BasePruner], values: np.ndarray, epoch: int
) -> list[int]:
    """Return the trials that Optuna stops after an epoch when all others were there before."""
    stopped = []
    for trial in range(len(values)):
        order = [*(other for other in range(len(values)) if other != trial), trial]
        study = optuna.create_study(pruner=make(), study_name="seedbed")
        for place in order:
            asked = study.ask()
            asked.report(values[place, epoch - 1], epoch)
            decision = asked.should_prune()
        if decision:
            stopped.append(trial)
    return stopped
