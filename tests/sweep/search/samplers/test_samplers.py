"""Samplers of a search: against Optuna's own that are told the same values."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from math import inf, sin
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from seedbed.config.metrics import Objective
from seedbed.config.schema import search as schema
from seedbed.config.schema.stop import Halving, Median, Patient
from seedbed.sweep.results.objectives import Objectives, one_objective
from seedbed.sweep.results.search_plan import SearchPlan
from seedbed.sweep.results.table import Row
from seedbed.sweep.search.samplers.study import StudySampler
from seedbed.sweep.search.searches import ALONE, make_search
from seedbed.sweep.search.space.dimensions import Choice, Dimension, Number, Space
from seedbed.sweep.search.space.stored import stored_space

FLAT = Space(
    ("model=mlp",),
    (
        Dimension("optimizer.lr", Number(1e-5, 1e-1, log=True)),
        Dimension("optimizer.weight_decay", Number(0.0, 0.1)),
        Dimension("trainer.max_epochs", Number(4, 64, 1, whole=True)),
        Dimension("model.activation", Choice(("relu", "tanh", "gelu"))),
    ),
)
BRANCHED = Space(
    (),
    (
        Dimension("optimizer", Choice(("adam", "sgd"))),
        Dimension("optimizer.lr", Number(1e-5, 1e-1, log=True)),
        Dimension("optimizer.momentum", Number(0.0, 0.9), {"optimizer": ("sgd",)}),
    ),
)
LOSS = one_objective("val/loss", "min")
OWN: dict[str, tuple[Any, Callable[[], Any]]] = {
    "random": (schema.Random(trials=12, seed=3), lambda: optuna.samplers.RandomSampler(seed=3)),
    "qmc": (
        schema.QMC(trials=12, seed=3),
        lambda: optuna.samplers.QMCSampler(scramble=True, seed=3),
    ),
    "tpe": (
        schema.TPE(trials=12, seed=3, n_startup_trials=4, constant_liar=True),
        lambda: optuna.samplers.TPESampler(n_startup_trials=4, seed=3),
    ),
    "gp": (
        schema.GP(trials=5, seed=3, n_startup_trials=4),
        lambda: optuna.samplers.GPSampler(n_startup_trials=4, seed=3),
    ),
    "cmaes": (schema.CMAES(trials=12, seed=3), lambda: optuna.samplers.CmaEsSampler(seed=3)),
    "nsga2": (
        schema.NSGA2(trials=12, seed=3, population_size=4),
        lambda: optuna.samplers.NSGAIISampler(population_size=4, seed=3),
    ),
}


def sampler_of(options: Any, space: Space = FLAT, objectives: Objectives = LOSS) -> StudySampler:
    kept = SearchPlan("tpe", options.trials, space.fixed, stored_space(space))
    return make_search(kept, options, objectives, alone=False)


def value(params: dict[str, Any]) -> float:
    numbers = [number for number in params.values() if isinstance(number, int | float)]
    return sum(sin(7 * number + place) for place, number in enumerate(numbers))


def row_of(number: int, result: float, status: str = "completed") -> Row:
    metrics = {"val/loss": result, "best/epoch": 1.0, "best/val/loss": result}
    return Row(number, {}, status, "", metrics)


def searched(sampler: StudySampler, generation: int = 4) -> list[tuple[str, ...]]:
    """Return the words of all trials, each told its value."""
    words: list[tuple[str, ...]] = []
    while asked := sampler.ask(generation):
        trials = sampler.trials[len(words) :]
        words += asked
        sampler.tell([row_of(0, value(dict(trial.params))) for trial in trials])
    return words


@pytest.mark.parametrize("name", OWN)
def test_a_sampler_asks_for_the_trials_that_optunas_own_does(name: str) -> None:
    options, own = OWN[name]
    sampler = sampler_of(replace(options))
    searched(sampler)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(sampler=own())
        distributions = sampler.trials[0].distributions
        for _ in range(0, options.trials, 4):
            count = min(4, options.trials - len(study.trials))
            asked = [study.ask(dict(distributions)) for _ in range(count)]
            for trial in asked:
                study.tell(trial, value(trial.params))
    assert [trial.params for trial in sampler.trials] == [trial.params for trial in study.trials]


@pytest.mark.parametrize("name", [name for name in OWN if name != "gp"])  # It takes seconds.
def test_a_search_is_repeated_to_the_digit_and_gives_its_total(name: str) -> None:
    options, _ = OWN[name]
    words = searched(sampler_of(replace(options)))
    assert words == searched(sampler_of(replace(options)))
    assert len(words) == options.trials
    assert all(word[0] == "model=mlp" and len(word) == 5 for word in words)


@pytest.mark.parametrize("name", ["random", "qmc", "tpe", "nsga2"])
def test_keys_under_a_choice_come_with_it_alone(name: str) -> None:
    options, _ = OWN[name]
    for words in searched(sampler_of(replace(options), BRANCHED)):
        has_momentum = any(word.startswith("optimizer.momentum=") for word in words)
        assert has_momentum == ("optimizer=sgd" in words)


def test_a_stopped_trial_is_pruned_a_failed_one_fails_and_a_diverged_one_is_the_worst() -> None:
    sampler = sampler_of(schema.TPE(trials=4))
    sampler.ask()
    stopped = replace(row_of(1, 0.5, "stopped_early"), reports={2: [0.7], 4: [0.5]})
    rows = [row_of(0, 1.0), stopped, row_of(2, 1.0, "failed"), row_of(3, 1.0, "diverged")]
    sampler.tell(rows)
    states = [trial.state for trial in sampler._study.trials]
    assert states == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.COMPLETE]
    assert sampler._study.trials[1].intermediate_values == {2: 0.7, 4: 0.5}
    assert sampler._study.trials[3].value == inf


def test_several_objectives_go_in_their_own_directions() -> None:
    objectives = Objectives((Objective("val/loss", "min"), Objective("val/accuracy", "max")))
    sampler = sampler_of(schema.NSGA2(trials=2), FLAT, objectives)
    sampler.ask()
    row = Row(
        0, {}, "completed", "", {"best/epoch": 1.0, "best/val/loss": 0.2, "best/val/accuracy": 0.9}
    )
    sampler.tell([row, replace(row, status="diverged")])
    assert [trial.values for trial in sampler._study.trials] == [[0.2, 0.9], [inf, -inf]]


def test_a_generation_follows_the_sampler_and_is_small_where_trials_train_alone() -> None:
    sizes = {name: sampler_of(replace(options)).generation for name, (options, _) in OWN.items()}
    assert sizes == {"random": 12, "qmc": 12, "tpe": 10, "gp": 4, "cmaes": 7, "nsga2": 4}
    kept = SearchPlan("tpe", 12, FLAT.fixed, stored_space(FLAT))
    halving, median = Halving(), Median(n_startup_trials=5)
    for options, alone, stop, size in [
        (schema.TPE(trials=12), True, None, ALONE),
        (schema.Random(trials=12), True, None, 12),
        (schema.Random(trials=12), True, halving, ALONE),
        (schema.TPE(trials=12, generation=6), True, halving, 6),
        (schema.TPE(trials=1000), False, halving, 25),
        # The median sees earlier generations alone.
        (schema.Random(trials=12), False, halving, 12),
        (schema.Random(trials=12), False, median, 5),
        (schema.QMC(trials=100), False, Patient(wrapped=median), 25),
        (schema.Random(trials=12), False, Patient(), 12),
        (schema.Random(trials=1000), False, Median(n_startup_trials=70), 50),
        (schema.Random(trials=4), False, median, 2),
        (schema.TPE(trials=100), False, median, 10),
        (schema.TPE(trials=8), False, median, 4),
        (schema.Random(trials=12, generation=12), False, median, 12),
    ]:
        kept.trials = options.trials
        assert make_search(kept, options, LOSS, alone, stop).generation == size
