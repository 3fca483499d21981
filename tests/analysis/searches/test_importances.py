"""Importances of keys, beside Optuna's own over a study that it ran itself."""

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.analysis.searches.best_so_far import improvements
from seedbed.analysis.searches.importances import importances
from seedbed.analysis.searches.keys import searched_keys

optuna.logging.set_verbosity(optuna.logging.ERROR)


def _searched(trials: int) -> tuple[optuna.Study, list[dict[str, str]], list[float]]:
    """Return a study with a key that exists under one choice alone, and its trials as cells."""

    def objective(trial: optuna.Trial) -> float:
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        kind = trial.suggest_categorical("optimizer", ["adam", "sgd"])
        momentum = trial.suggest_float("momentum", 0.0, 1.0) if kind == "sgd" else 0.5
        trial.suggest_float("unused", 0.0, 1.0)
        return (np.log10(lr) + 3) ** 2 + 0.3 * momentum

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, trials)
    axes = [{key: str(value) for key, value in trial.params.items()} for trial in study.trials]
    return study, axes, [trial.value for trial in study.trials]


@pytest.mark.parametrize("mode", ["min", "max"])
def test_importances_are_those_of_optuna(mode: str) -> None:
    study, axes, values = _searched(200)
    theirs = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
    )
    sign = 1.0 if mode == "min" else -1.0
    ours = importances(searched_keys(axes), [sign * value for value in values], mode)

    assert ours is not None
    assert next(iter(ours)) == "lr"
    assert sum(ours.values()) == pytest.approx(1.0)
    # Optuna knows the bounds of the space, here they are those that were seen.
    assert ours == pytest.approx(theirs, abs=0.03)


def test_a_trial_without_a_value_counts_as_worse_than_all() -> None:
    _, axes, values = _searched(100)
    cut = sorted(values)[50]
    keys = searched_keys(axes)
    stopped = [value if value <= cut else None for value in values]
    assert importances(keys, stopped) == importances(keys, values)


def test_few_trials_have_no_importances() -> None:
    _, axes, values = _searched(20)
    assert importances(searched_keys(axes), values) is not None
    assert importances(searched_keys(axes[:19]), values[:19]) is None
    assert importances(searched_keys(axes), [1.0] * 20) is None
    assert importances(searched_keys(axes), [None] * 20) is None


def test_keys_are_numbers_words_or_choices() -> None:
    cells = {
        "lr": ["1e-5", "0.1", "1e-3", "2e-3"],
        "batch": ["16", "8", "16", "8"],
        "name": ["adam", "sgd", "adam", "1e3"],
        "odd": ["1_000", "nan", "2", "3"],
        "same": ["1", "1", "1", "1"],
        "some": ["0.5", "", "0.7", ""],
    }
    keys = {
        key.name: key
        for key in searched_keys([{n: c[at] for n, c in cells.items()} for at in range(4)])
    }
    assert list(keys) == ["lr", "batch", "name", "odd", "some"]
    assert keys["lr"].log
    assert keys["batch"].choices == ["8", "16"]
    assert keys["name"].choices == ["adam", "sgd", "1e3"]
    assert keys["odd"].choices == ["1_000", "nan", "2", "3"]
    assert list(keys["some"].numbers) == [0.5, None, 0.7, None]
    linear = searched_keys([{"lr": cell} for cell in cells["lr"]], {"lr": False})
    assert not linear[0].log


NUMBERS = st.lists(st.none() | st.floats(), max_size=30)


@given(NUMBERS)
@settings(max_examples=100, deadline=None)
def test_improvements_are_better_than_all_before(values: list[float | None]) -> None:
    better = dict(improvements(values, "min"))
    best = float("inf")
    for place, value in enumerate(values):
        finite = value is not None and np.isfinite(value)
        assert (place in better) == (finite and value < best)
        best = min(best, value) if finite else best
    mirrored = [None if value is None else -value for value in values]
    assert [place for place, _ in improvements(mirrored, "max")] == list(better)
