"""Searched numbers stay within their range, on its scale, and move by steps of their kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.engines.fused.population.searched_number import SearchedNumber

RATE = SearchedNumber("optimizer.lr", "rate", ("lr",), 1e-5, 1e-1, log=True)
DECAY = SearchedNumber("optimizer.weight_decay", "optimizer", ("weight_decay",), 0.0, 0.5)
WHOLE = SearchedNumber("model.size", "optimizer", ("size",), 1, 40, whole=True)
CHOICE = SearchedNumber("optimizer.eps", "optimizer", ("eps",), choices=(1e-8, 1e-4, 1e-2))
BETAS = SearchedNumber(
    "optimizer.betas", "optimizer", ("beta1", "beta2"), choices=([0.9, 0.99], [0.8, 0.9])
)
KINDS = {"log": RATE, "uniform": DECAY, "whole": WHOLE, "choice": CHOICE, "pairs": BETAS}


@given(seed=st.integers(0, 2**32), name=st.sampled_from(list(KINDS)))
def test_every_value_is_of_the_range(seed: int, name: str) -> None:
    number, random = KINDS[name], np.random.default_rng(seed)
    value = number.drawn(random)
    for _ in range(20):
        assert number.holds(value)
        value = number.perturbed(value, (0.8, 1.2), random)
        assert type(value) is type(number.drawn(random))


@given(value=st.floats(1e-4, 1e-2), seed=st.integers(0, 100))
def test_a_number_is_multiplied_by_one_of_the_factors(value: float, seed: int) -> None:
    moved = RATE.perturbed(value, (0.8, 1.2), np.random.default_rng(seed))
    assert moved in (value * 0.8, value * 1.2)


def test_a_number_ends_at_its_limits() -> None:
    random = np.random.default_rng(0)
    assert RATE.perturbed(0.1, (1.2,), random) == 0.1
    assert RATE.perturbed(1e-5, (0.8,), random) == 1e-5


@pytest.mark.parametrize(("before", "factor", "after"), [(1, 1.2, 2), (2, 0.8, 1), (20, 1.2, 24)])
def test_a_whole_number_moves(before: int, factor: float, after: int) -> None:
    assert WHOLE.perturbed(before, (factor,), np.random.default_rng(0)) == after


def test_a_choice_gives_way_to_a_neighbour() -> None:
    random = np.random.default_rng(0)
    assert CHOICE.perturbed(1e-8, (0.8,), random) == 1e-4
    assert {CHOICE.perturbed(1e-4, (0.8,), random) for _ in range(20)} == {1e-8, 1e-2}
    assert BETAS.numbers([0.8, 0.9]) == {"beta1": 0.8, "beta2": 0.9}


def test_a_logarithmic_range_is_drawn_evenly_on_its_scale() -> None:
    random = np.random.default_rng(1)
    drawn = np.log10([RATE.drawn(random) for _ in range(4000)])
    shares = np.histogram(drawn, bins=4, range=(-5, -1))[0] / 4000
    np.testing.assert_allclose(shares, 0.25, atol=0.03)
