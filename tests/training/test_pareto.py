"""Non-dominated sorting and crowding, beside Optuna's own."""

from math import inf

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.samplers.nsgaii._elite_population_selection_strategy import _calc_crowding_distance
from optuna.study._multi_objective import _fast_non_domination_rank

from seedbed.training.pareto import crowding_distances, crowding_order, non_domination_ranks

# Few values, so that points are equal in some objective, or in all.
numbers = st.one_of(
    st.integers(-3, 3).map(float), st.floats(-1e3, 1e3), st.sampled_from([inf, -inf, -0.0])
)


@st.composite
def some_points(draw: st.DrawFn) -> list[list[float]]:
    size = draw(st.integers(1, 4))
    return draw(st.lists(st.lists(numbers, min_size=size, max_size=size), max_size=30))


@settings(max_examples=150, deadline=None)
@given(some_points())
def test_ranks_are_those_of_optuna(points: list[list[float]]) -> None:
    theirs = _fast_non_domination_rank(np.array(points)) + 1
    assert non_domination_ranks(points) == theirs.tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(*[st.floats(-1e3, 1e3, allow_subnormal=False)] * 2), max_size=30))
def test_the_first_rank_is_the_front_of_a_study(points: list[tuple[float, float]]) -> None:
    directions = ["minimize", "maximize"]
    trials = [optuna.trial.create_trial(values=[a, -b]) for a, b in points]
    study = optuna.create_study(directions=directions)
    study.add_trials(trials)
    front = [trial.number for trial in study.best_trials]
    ranks = non_domination_ranks(points)
    assert [place for place, rank in enumerate(ranks) if rank == 1] == front


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.floats(-1e3, 1e3, allow_subnormal=False)] * 3),
        max_size=20,
        unique_by=tuple(lambda point, at=at: point[at] for at in range(3)),
    )
)
def test_crowding_is_that_of_optuna(points: list[tuple[float, ...]]) -> None:
    trials = [optuna.trial.create_trial(values=list(point)) for point in points]
    for number, trial in enumerate(trials):
        trial.number = number
    theirs = _calc_crowding_distance(list(trials))
    ours = crowding_distances(points)
    assert ours == pytest.approx([theirs[number] for number in range(len(points))], rel=1e-12)


def test_the_front_comes_first_and_in_it_what_is_least_crowded() -> None:
    front = [(0.0, 4.0), (1.0, 3.0), (1.1, 2.9), (4.0, 0.0)]
    behind = [(2.0, 4.0), (4.0, 2.0)]
    # The ends, then the one between them with more room; equal ones in their order.
    points = [*behind, *front]
    assert crowding_order(points, non_domination_ranks(points)) == [2, 5, 4, 3, 0, 1]


def test_three_objectives_of_many_points_take_no_long() -> None:
    points = np.random.default_rng(0).normal(size=(2000, 3))
    theirs = _fast_non_domination_rank(points) + 1
    assert non_domination_ranks(points.tolist()) == theirs.tolist()
