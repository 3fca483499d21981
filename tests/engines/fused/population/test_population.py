"""Which trials of a population give way, and what is known of their lines."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.engines.fused.population.population import Population, Rules
from seedbed.engines.fused.population.searched_number import SearchedNumber

RATE = SearchedNumber("optimizer.lr", "rate", ("lr",), 1e-5, 1e-1, log=True)
NAN = float("nan")


def population(trials: int, lanes: int = 1, epochs: int = 100, **rules: Any) -> Population:
    known = {"interval": 10, "quantile": 0.25, "factors": (0.8, 1.2), "resample_probability": 0.0}
    values = [{"optimizer.lr": 1e-3 * (1 + number)} for number in range(trials)]
    numbers = list(range(trials))
    return Population(
        [RATE], Rules(**{**known, "seed": 3, **rules}), numbers, values, lanes, epochs
    )


def test_the_worst_quarter_takes_over_the_best_quarter() -> None:
    trials = population(8)
    pairs = trials.exchange(10, np.array([5.0, 1, 7, 3, 2, 8, 6, 4]), "min")
    assert [place for place, _ in pairs] == [2, 5]
    assert {source for _, source in pairs} <= {1, 4}
    for place, source in pairs:
        ratio = trials.values[place]["optimizer.lr"] / trials.values[source]["optimizer.lr"]
        assert ratio == pytest.approx(0.8) or ratio == pytest.approx(1.2)


def test_the_largest_is_the_best_where_that_is_asked() -> None:
    pairs = population(4).exchange(10, np.array([5.0, 1, 7, 3]), "max")
    assert pairs == [(1, 2)]


def test_the_trial_that_alone_holds_the_best_of_all_does_not_give_way() -> None:
    reached = np.array([5.0, 1, 7, 3, 2, 8, 6, 4])
    alone, shared = reached.copy(), reached.copy()
    alone[5], shared[[4, 5]] = 0.5, 0.5
    pairs = population(8).exchange(10, reached, "min", alone)
    assert [place for place, _ in pairs] == [2]
    pairs = population(8).exchange(10, reached, "min", shared)
    assert [place for place, _ in pairs] == [2, 5]
    diverged = np.where(reached == 8, NAN, reached)
    pairs = population(8).exchange(10, diverged, "min", alone)
    assert [place for place, _ in pairs] == [2, 5]


def test_all_that_diverged_give_way_to_those_that_are_left() -> None:
    pairs = population(8).exchange(10, np.array([NAN, NAN, NAN, 2.0, NAN, 1.0, NAN, NAN]), "min")
    assert [place for place, _ in pairs] == [0, 1, 2, 4, 6, 7]
    assert {source for _, source in pairs} <= {3, 5}
    assert population(3).exchange(10, np.full(3, NAN), "min") == []
    assert population(1).exchange(10, np.array([NAN]), "min") == []


def test_a_trial_of_several_jobs_is_judged_by_their_mean() -> None:
    trials = population(4, lanes=2)
    reached = np.array([1.0, 9, 2, 2, 3, 5, 0, NAN])
    assert trials.exchange(10, reached, "min") == [(3, 1)]
    assert trials.jobs_of([3, 1]).tolist() == [6, 7, 2, 3]


@given(st.lists(st.one_of(st.floats(-10, 10), st.just(NAN)), min_size=1, max_size=12))
def test_nobody_takes_over_who_gives_way_or_who_is_worse(reached: list[float]) -> None:
    pairs = population(len(reached), quantile=0.5).exchange(10, np.array(reached), "min")
    assert not {place for place, _ in pairs} & {source for _, source in pairs}
    for place, source in pairs:
        assert np.isfinite(reached[source])
        assert not reached[place] < reached[source]


def test_exchanges_come_at_every_interval_but_the_last_epoch() -> None:
    trials = population(4, epochs=40)
    assert [epoch for epoch in range(1, 41) if trials.is_due(epoch)] == [10, 20, 30]
    assert [epoch for epoch in range(1, 41) if trials.goes_on(epoch)] == list(range(1, 31))


def test_a_schedule_leads_from_the_first_weights_to_the_end() -> None:
    trials = population(4)
    trials.exchange(10, np.array([1.0, 2, 3, 4]), "min")
    trials.exchange(20, np.array([4.0, 3, 2, 1]), "min")
    first = {"epoch": 0, "from": 0, "values": {"optimizer.lr": 1e-3}}
    (third,) = trials.schedules()[3][1:]
    assert trials.schedules()[3][0] == first
    assert (third["epoch"], third["from"]) == (10, 0)
    last = trials.schedules()[0]
    assert last[:2] == [first, third]
    assert (last[2]["epoch"], last[2]["from"]) == (20, 3)
    assert trials.roots().tolist() == [0, 1, 2, 0]


def test_the_same_seed_draws_the_same_wherever_a_population_goes_on() -> None:
    reached = np.array([1.0, 2, 3, 4, 5, 6])
    rules = {"quantile": 0.5, "resample_probability": 0.5}
    whole, other = population(6, **rules), population(6, **rules, seed=4)
    for trials in (whole, other):
        trials.exchange(10, reached, "min")
    later = population(6, **rules)
    later.restore(whole.state())
    assert later.state() == whole.state() != other.state()
    for trials in (whole, later):
        trials.exchange(20, reached[::-1], "min")
    assert later.state() == whole.state()


@pytest.mark.parametrize("spoil", ["trial", "value", "count"])
def test_a_state_of_others_is_refused(spoil: str) -> None:
    state = population(4).state()
    if spoil == "trial":
        state["lines"][0][0][1] = 17
    elif spoil == "value":
        state["lines"][0][0][2]["optimizer.lr"] = 1e6
    else:
        state["lines"].pop()
    with pytest.raises(ValueError, match=r"^$"):
        population(4).restore(state)
