"""Configurations of a cross-validation: their mean, their order, and which are kept."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.sweep.job import numbered
from seedbed.sweep.results.configurations import (
    Configuration,
    by_mean,
    configurations,
    shown_axes,
)
from seedbed.sweep.results.kept import kept_jobs
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan
from seedbed.sweep.results.table import Row

FOLDS, SEEDS = 3, 2


def row(number: int, value: float | None, status: str = "completed", **axes: Any) -> Row:
    named = {key.replace("__", "."): value for key, value in axes.items()}
    return Row(number, named, status, str(number), {} if value is None else {"a": value})


def crossed(model: str, values: Any, first: int = 0) -> list[Row]:
    """Return the rows of one configuration by an array (folds, seeds); nan is a diverged job."""
    return [
        row(
            first + place,
            None if np.isnan(value) else float(value),
            "diverged" if np.isnan(value) else "completed",
            model=model,
            data__fold=fold,
            seed=seed,
        )
        for place, ((fold, seed), value) in enumerate(np.ndenumerate(np.array(values)))
    ]


def grouped(rows: list[Row]) -> list[Configuration]:
    return configurations(rows, shown_axes(rows))


numbers = st.integers(-10_000, 10_000).map(lambda number: number / 7)
tables = st.lists(st.lists(numbers, min_size=SEEDS, max_size=SEEDS), min_size=FOLDS, max_size=FOLDS)


@given(tables)
def test_the_deviation_is_that_over_folds_of_the_means_over_seeds(values: Any) -> None:
    [configuration] = grouped(crossed("x", values))
    means = np.array(values).mean(axis=1)
    scale = np.abs(values).max() + 1e-300
    np.testing.assert_allclose(configuration.mean("a"), means.mean(), rtol=1e-9, atol=1e-9 * scale)
    np.testing.assert_allclose(
        configuration.deviation("a"), means.std(ddof=1), rtol=1e-6, atol=1e-9 * scale
    )
    assert configuration.completed("a") == FOLDS * SEEDS
    assert not configuration.lacks_folds("a")


def test_a_seed_that_diverged_leaves_its_fold_the_others() -> None:
    [configuration] = grouped(crossed("x", [[1.0, np.nan], [4.0, 8.0]]))
    assert configuration.mean("a") == pytest.approx((1.0 + 6.0) / 2)
    assert not configuration.lacks_folds("a")


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_configuration_that_lacks_folds_comes_after_those_that_have_all(mode: str) -> None:
    sign = 1.0 if mode == "min" else -1.0
    lucky = crossed("lucky", sign * np.array([[0.0], [np.nan]]))
    steady = crossed("steady", sign * np.array([[5.0], [6.0]]), first=2)
    none = crossed("none", [[np.nan], [np.nan]], first=4)
    ranked = by_mean(grouped(none + lucky + steady), mode, "a")
    assert [one.cells["model"] for one in ranked] == ["steady", "lucky", "none"]
    assert [one.lacks_folds("a") for one in ranked] == [False, True, True]


def test_sweeps_of_other_folds_lack_none() -> None:
    three = [row(n, 1.0, sweep="p", data__fold=n) for n in range(3)]
    two = [row(n, 1.0, sweep="q", data__fold=n) for n in range(2)]
    assert [one.lacks_folds("a") for one in grouped(three + two)] == [False, False]


def test_whole_configurations_are_kept() -> None:
    words = [
        (f"model={model}", f"data.fold={fold}", f"seed={seed}")
        for model in "xyz"
        for fold in range(FOLDS)
        for seed in range(SEEDS)
    ]
    plan = SweepPlan(one_objective("a", "min", "last"), folds=FOLDS)
    plan.add(Round(numbered(words), [], {}))
    x = crossed("x", np.full((FOLDS, SEEDS), 2.0))
    y = crossed("y", [[0.0, 9.0], [9.0, 9.0], [9.0, np.nan]], first=6)
    z = crossed("z", [[1.0, 1.0], [1.0, np.nan], [1.0, 1.0]], first=12)

    def numbers_of(rows: list[Row]) -> list[int]:
        return [one.number for one in kept_jobs(plan, rows, top=1)]

    assert numbers_of(x + y) == list(range(6))
    # Of z some jobs have not ended: it may still be the best, or not.
    assert numbers_of(x + y + z[:3]) == [*range(6), 12, 13, 14]
    # A job that diverged belongs to its configuration, too.
    assert numbers_of(x + y + z) == list(range(12, 18))
    plan.folds = None
    assert kept_jobs(plan, x + y, top=2) == [y[0], x[0]]
