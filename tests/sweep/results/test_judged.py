"""Configurations under several objectives and constraints, beside the fronts of Optuna."""

from dataclasses import replace
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.study._multi_objective import _get_pareto_front_trials
from rich.console import Console

from seedbed.config.metrics import Constraint, Objective
from seedbed.sweep.job import numbered
from seedbed.sweep.results.configurations import configurations, shown_axes
from seedbed.sweep.results.judged import best_first, judged, pareto_ranks
from seedbed.sweep.results.kept import kept_jobs
from seedbed.sweep.results.objectives import Objectives, one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan
from seedbed.sweep.results.ranking import (
    closing_table,
    front_lines,
    unranked_lines,
    winner,
    winner_lines,
)
from seedbed.sweep.results.table import Row

optuna.logging.set_verbosity(optuna.logging.WARNING)

FEW = Constraint("model/parameters", "<=", 2.0)
TWO = Objectives((Objective("val/loss", "min"), Objective("val/accuracy", "max")), "last", (FEW,))


def row(number: int, loss: Any, accuracy: Any, parameters: float = 0.0, **axes: Any) -> Row:
    """Return the row of a job; without a loss it diverged."""
    known = {"val/loss": loss, "val/accuracy": accuracy, "model/parameters": parameters}
    metrics = {name: float(value) for name, value in known.items() if value is not None}
    status = "diverged" if loss is None else "completed"
    return Row(number, {"x": str(number), **axes}, status, str(number), metrics, 1.0)


numbers = st.one_of(st.integers(0, 3), st.floats(-10, 10, allow_subnormal=False))
some_rows = st.lists(
    st.tuples(st.none() | numbers, numbers, st.integers(0, 4)), min_size=1, max_size=14
).map(lambda some: [row(number, *values) for number, values in enumerate(some)])


def study_of(rows: list[Row]) -> optuna.Study:
    study = optuna.create_study(directions=["minimize", "maximize"])
    for one in rows:
        trial = study.ask()
        trial.set_constraint("few", FEW.violation(one.metrics["model/parameters"]))
        if one.status == "completed":
            study.tell(trial, [one.metrics["val/loss"], one.metrics["val/accuracy"]])
        else:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return study


@settings(max_examples=40, deadline=None)
@given(some_rows)
def test_the_front_is_that_of_a_study_with_constraints(rows: list[Row]) -> None:
    front = _get_pareto_front_trials(study_of(rows), consider_constraint=True)
    ranks = pareto_ranks(rows, TWO)
    assert [n for n, rank in sorted(ranks.items()) if rank == 1] == [one.number for one in front]
    found = judged(configurations(rows, shown_axes(rows)), TWO)
    assert [each.rank for each in found if each.rank] == sorted(ranks.values())
    # After the fronts those that miss the constraint, then those without a number.
    behind = [(not each.missed, each.rank) for each in found[len(ranks) :]]
    assert behind == sorted(behind, key=lambda pair: pair[0])
    assert {rank for _, rank in behind} <= {None}
    assert {row.number for row in best_first(rows, TWO)} == ranks.keys()


@settings(max_examples=40, deadline=None)
@given(some_rows, st.randoms(use_true_random=False))
def test_the_front_is_kept_in_whatever_order_jobs_end(rows: list[Row], random: Any) -> None:
    plan = SweepPlan(TWO)
    plan.add(Round(numbered([(f"x={one.number}",) for one in rows]), [], {}))
    front = {number for number, rank in pareto_ranks(rows, TWO).items() if rank == 1}
    kept: list[Row] = []
    for one in random.sample(rows, len(rows)):
        kept = kept_jobs(plan, [*kept, one], None)
    assert {one.number for one in kept} == front


def test_a_trial_is_judged_by_its_mean_and_shown_with_its_spread() -> None:
    rows = [row(n, loss, 0.5, x=n // 2, seed=n % 2) for n, loss in enumerate([1.0, 3.0, 0.5, 9.0])]
    assert pareto_ranks(rows, TWO) == {0: 1, 1: 1, 2: 2, 3: 2}
    best = winner(rows, TWO)
    assert best is not None
    assert [one.number for one in best.jobs] == [0, 1]
    console = Console(width=200)
    with console.capture() as printed:
        console.print(closing_table(rows, TWO))
    assert "2 ± 1.41" in printed.get()


def test_in_a_search_a_trial_with_a_diverged_job_is_never_the_best() -> None:
    rows = [row(n, loss, 0.5, x=n // 2, seed=n % 2) for n, loss in enumerate([1, None, 5, 5])]
    objectives = one_objective("val/loss", "min", "last")
    for whole, expected in ((False, [0, 1]), (True, [2, 3])):
        best = winner(rows, replace(objectives, whole=whole))
        assert best is not None
        assert [one.number for one in best.jobs] == expected
    assert winner(rows[:2], replace(objectives, whole=True)) is None


def test_what_misses_a_constraint_never_wins_and_says_so() -> None:
    objectives = replace(one_objective("val/loss", "min", "last"), constraints=(FEW,))
    rows = [row(0, 0.1, 0, 3), row(1, 0.3, 0, 2), row(2, 0.2, 0, 1), row(3, 0.0, 0, 9)]
    found = judged(configurations(rows, shown_axes(rows)), objectives)
    assert [each.configuration.jobs[0].number for each in found] == [2, 1, 0, 3]
    best = winner(rows, objectives)
    assert best is not None
    assert best.median.number == 2
    assert winner([rows[0], rows[3]], objectives) is None
    assert objectives.violations(rows[0]) == [1.0]
    assert objectives.violations(row(4, None, 0)) == [float("inf")]
    assert unranked_lines(rows, objectives) == [
        "constraints  model/parameters<=2: 2 of 4 configurations miss them"
    ]


def test_of_a_front_the_winner_is_the_best_in_the_metric_of_the_best_epoch() -> None:
    objectives = Objectives(
        (Objective("model/parameters", "min"), Objective("val/loss", "min")), "last"
    )
    assert objectives.epochs == ("val/loss", "min")
    rows = [row(0, 0.3, 0, 1), row(1, 0.1, 0, 5), row(2, 0.2, 0, 3), row(3, 0.2, 0, 4)]
    best = winner(rows, objectives)
    assert best is not None
    assert (best.median.number, best.front) == (1, 3)
    [line] = front_lines(best, objectives)
    assert line.startswith("front        3 configurations")
    assert (
        winner([row(0, 0.3, 0)], replace(objectives, all=(*TWO.all, Objective("a", "min")))) is None
    )
    words = ("x=1", "search=grid", 'search.constraints=["a<=1"]', "stop=none", "search_x=1")
    assert winner_lines(best, [], words) == ["best alone   seedbed train x=1 search_x=1"]


@pytest.mark.parametrize("top", [1, 2, 3])
def test_the_closing_table_takes_what_is_least_crowded(top: int) -> None:
    objectives = replace(TWO, constraints=())
    # Of the front the two ends come before what lies between them.
    rows = [row(0, 1.0, 0.1), row(1, 1.1, 0.15), row(2, 3.0, 0.9), row(3, 9.0, 0.0)]
    console = Console(width=200)
    with console.capture() as printed:
        console.print(closing_table(rows, objectives, top=top))
    shown = [word for line in printed.get().splitlines() for word in line.split()[:1]]
    expected = {1: ["0"], 2: ["0", "2"], 3: ["0", "1", "2"]}[top]
    assert [word for word in shown if word.isdigit()] == expected


def test_jobs_with_the_same_best_epoch_are_by_their_last() -> None:
    """The members of a population that go on from one ancestor have its best epoch in common."""

    def trained(number: int, best: float, last: float) -> Row:
        metrics = {"val/loss": last, "best/epoch": 3.0, "best/val/loss": best}
        return Row(number, {"x": str(number)}, "completed", str(number), metrics, 1.0)

    rows = [trained(0, 1.0, 4.0), trained(1, 1.0, 3.0), trained(2, 1.0, 3.0), trained(3, 2.0, 2.0)]
    rows.append(trained(4, 1.0, float("nan")))
    for mode, expected in (("min", [1, 2, 0, 4, 3]), ("max", [3, 0, 1, 2, 4])):
        objectives = one_objective("val/loss", mode)
        assert [each.number for each in best_first(rows, objectives)] == expected
        ranked = judged(configurations(rows, shown_axes(rows)), objectives)
        assert [each.configuration.jobs[0].number for each in ranked] == expected
