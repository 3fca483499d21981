"""Rules that stop trials, against Optuna's own pruners fed with the same curves."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from tests.training.trial_stopping.curves import (
    NUMBERS,
    curves,
    last_of_all,
    seen,
    stopped_by_optuna,
    stopped_one_by_one,
)

from seedbed.config.rungs import brackets, looks, rungs
from seedbed.training.trial_stopping.halving import Halving
from seedbed.training.trial_stopping.hyperband import Hyperband
from seedbed.training.trial_stopping.median import Median
from seedbed.training.trial_stopping.patient import Patient
from seedbed.training.trial_stopping.top_k_after import TopKAfter
from seedbed.training.trial_stopping.trials import Rule, Stop, places

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=RuntimeWarning)  # Optuna's nanmin of nothing.
EPOCHS = 9
pruners = optuna.pruners
# Each rule, and the pruner that it is read from.
PAIRS: dict[str, tuple[Callable[[], Rule], Callable[[], Any]]] = {
    "halving": (
        lambda: Halving(rungs(1, 2, EPOCHS), 2),
        lambda: pruners.SuccessiveHalvingPruner(1, 2),
    ),
    "halving from the second rung on": (
        lambda: Halving(rungs(1, 2, EPOCHS, 1), 2),
        lambda: pruners.SuccessiveHalvingPruner(1, 2, 1),
    ),
    "top_k_after": (lambda: TopKAfter(4, 3), lambda: pruners.SuccessiveHalvingPruner(4, 3)),
    "hyperband": (
        lambda: Hyperband(brackets(1, 2, EPOCHS), 2),
        lambda: pruners.HyperbandPruner(1, EPOCHS, 2),
    ),
    "median": (
        lambda: Median(looks(0, 1, EPOCHS), 2, 1),
        lambda: pruners.MedianPruner(2, 0, 1, n_min_trials=1),
    ),
    "median every third epoch": (
        lambda: Median(looks(0, 3, EPOCHS), 1, 2),
        lambda: pruners.MedianPruner(1, 0, 3, n_min_trials=2),
    ),
    "median after a while": (
        lambda: Median(looks(2, 4, EPOCHS), 1, 1),
        lambda: pruners.MedianPruner(1, 2, 4, n_min_trials=1),
    ),
    "patient": (
        lambda: Patient(looks(0, 1, EPOCHS), 2, 0.1),
        lambda: pruners.PatientPruner(None, 2, 0.1),
    ),
    "patient with the median": (
        lambda: Patient(looks(0, 1, EPOCHS), 1, 0.0, Median(looks(0, 1, EPOCHS), 1)),
        lambda: pruners.PatientPruner(pruners.MedianPruner(1), 1),
    ),
}


# Where values may be no number: of the others, see below.
WITH_NAN = [name for name in PAIRS if name.startswith(("median", "patient"))]


@pytest.mark.parametrize("name", WITH_NAN)
@settings(max_examples=20, deadline=None)
@given(values=curves(6, EPOCHS))
def test_trials_one_after_another_stop_where_optuna_stops_them(
    name: str, values: list[list[float]]
) -> None:
    rule, pruner = (make() for make in PAIRS[name])
    assert stopped_one_by_one(rule, np.array(values)) == stopped_by_optuna(pruner, np.array(values))


@pytest.mark.parametrize("name", [name for name in PAIRS if name not in WITH_NAN])
@settings(max_examples=20, deadline=None)
@given(values=curves(9, EPOCHS, NUMBERS))
def test_trials_are_promoted_where_optuna_promotes_them(
    name: str, values: list[list[float]]
) -> None:
    rule, pruner = (make() for make in PAIRS[name])
    given = np.array(values)
    if name == "top_k_after":  # The next rung of the pruner would be after epoch 12.
        given = given[:, :6]
    assert stopped_one_by_one(rule, given) == stopped_by_optuna(pruner, given)


@settings(max_examples=20, deadline=None)
@given(values=curves(8, 4, NUMBERS))
def test_trials_side_by_side_stop_as_if_each_came_last(values: list[list[float]]) -> None:
    given, everybody = np.array(values), range(len(values))
    trials = seen(given, [None] * len(given), [4], list(everybody))
    for factor in (2, 3):
        expected = last_of_all(lambda: pruners.SuccessiveHalvingPruner(4, factor), given, 4)  # noqa: B023
        assert sorted(TopKAfter(4, factor).stops(trials)) == expected
        assert sorted(Halving((4,), factor).stops(trials)) == expected


def test_what_is_no_number_counts_as_the_worst_and_is_stopped() -> None:
    # Optuna stops such a trial, too, but does not count it among those at the rung.
    given = np.array([[np.nan], [3.0], [np.nan], [1.0]])
    trials = seen(given, [None] * 4, [1], range(4))
    stopped = TopKAfter(1, 2).stops(trials)
    assert sorted(stopped) == [0, 2]
    assert stopped[0] == Stop("place 3 of 4; the best 1/2 train on", 0)
    assert sorted(TopKAfter(1, 2).stops(seen(given[:1], [None], [1], [0]))) == [0]


def test_several_objectives_are_compared_by_front_and_then_by_crowding() -> None:
    # Two fronts of three; of the first one the point in the middle is the most crowded.
    points = np.array([[1, 3], [2, 2], [3, 1], [4, 6], [5, 5], [6, 4]], dtype=float)
    assert sorted(places(points).tolist()[:3]) == [0, 1, 2]
    assert places(points).tolist()[1] == 2
    trials = replace(
        seen(points[:, :1], [None] * 6, [1], range(6)), values=points[:, None], best=points
    )
    assert sorted(TopKAfter(1, 2).stops(trials)) == [3, 4, 5]
    # The whole front goes on where it is more than the share.
    assert sorted(TopKAfter(1, 6).stops(trials)) == [3, 4, 5]
    missed = replace(trials, violations=np.array([0, 1, 2, 3, 0, 3.0]))
    assert sorted(TopKAfter(1, 6).stops(missed)) == [1, 2, 3, 4, 5]
    assert sorted(TopKAfter(1, 2).stops(missed)) == [2, 3, 5]
    nobody = replace(trials, violations=np.array([2, 1, 2, 3, 3, 3.0]))
    assert sorted(TopKAfter(1, 6).stops(nobody)) == [0, 2, 3, 4, 5]
    median = Median((1,), 1)
    later = replace(trials, running=np.arange(6) < 1, completed=np.arange(6) >= 1)
    assert median.stops(later) == {}
    worst = replace(trials, running=np.arange(6) > 4, completed=np.arange(6) <= 4)
    assert sorted(median.stops(worst)) == [5]


def test_a_trial_competes_in_its_bracket_alone() -> None:
    hyperband = Hyperband(brackets(1, 2, 9), 2)
    given = np.arange(40.0)[:, None] * np.ones(9)
    trials = seen(given, [None] * 40, [1], range(40))
    first = hyperband.bracket_of(range(40)) == 0
    assert sorted(hyperband.stops(trials)) == np.flatnonzero(first)[first.sum() // 2 :].tolist()


def test_rungs_end_before_the_last_epoch() -> None:
    assert rungs(1, 4, 100) == [1, 4, 16, 64]
    assert rungs(1, 4, 64, 1) == [4, 16]
    assert rungs(9, 3, 9) == []
    assert brackets(1, 3, 27) == [[1, 3, 9], [3, 9], [9], []]
    assert looks(0, 3, 7) == [1, 3, 6]
    assert looks(2, 4, 8) == [2, 6]
