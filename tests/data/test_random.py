"""Random numbers: SplitMix64 against plain Python integers, and the laws that draws must follow."""

import math
from collections.abc import Callable
from itertools import pairwise, product
from itertools import permutations as all_orders

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seedbed.data.random import (
    BATCH_ORDER,
    SPLIT_ORDER,
    hash64,
    key_of,
    normal,
    permutations,
    uniform,
)

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15

Draw = Callable[..., Tensor]

int64 = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)
seeds = st.integers(min_value=0, max_value=(1 << 32) - 1)
epochs = st.integers(min_value=0, max_value=10_000)


def splitmix64(state: int) -> int:
    """The first output of the published generator from a state, in plain integers (unsigned)."""
    z = (state + GOLDEN) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def hashes(seed: int, stream: int, counter: int, count: int) -> list[int]:
    """The unsigned hashes behind one draw, after the module's description."""
    key = splitmix64((splitmix64((seed + stream * GOLDEN) & MASK) + counter) & MASK)
    return [splitmix64((key + index * GOLDEN) & MASK) for index in range(count)]


def signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def largest_distance(cumulative: Tensor) -> float:
    """The law's distribution function at the sorted draws, how far from the draws' own steps."""
    steps = torch.arange(len(cumulative) + 1, dtype=torch.float64) / len(cumulative)
    return torch.maximum(steps[1:] - cumulative, cumulative - steps[:-1]).max().item()


# Published outputs: seed 1234567 as Vigna's splitmix64.c prints them, seed 0 as Java's
# SplittableRandom starts.
@pytest.mark.parametrize(
    ("seed", "outputs"),
    [
        (
            1234567,
            [
                6457827717110365317,
                3203168211198807973,
                9817491932198370423,
                4593380528125082431,
                16408922859458223821,
            ],
        ),
        (0, [0xE220A8397B1DCDAF]),
    ],
)
def test_hash_gives_the_published_splitmix64_outputs(seed: int, outputs: list[int]) -> None:
    # The generator adds its constant before every output, so output n is the hash of state n.
    states = torch.tensor([signed((seed + n * GOLDEN) & MASK) for n in range(len(outputs))])

    assert hash64(states).tolist() == [signed(output) for output in outputs]


@settings(max_examples=60, deadline=None)
@given(values=st.lists(int64, min_size=1, max_size=50))
def test_hash_equals_python_integer_arithmetic(values: list[int]) -> None:
    expected = [signed(splitmix64(value & MASK)) for value in values]

    assert hash64(torch.tensor(values)).tolist() == expected


def test_hash_is_injective_on_consecutive_integers() -> None:
    consecutive = torch.arange(-50_000, 50_000)

    assert len(hash64(consecutive).unique()) == len(consecutive)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, epoch=epochs, rows=st.integers(1, 300))
def test_orders_are_permutations(seed: int, epoch: int, rows: int) -> None:
    order = permutations(seed, epoch, rows)

    assert order.dtype == torch.int64
    assert sorted(order.tolist()) == list(range(rows))


@settings(max_examples=30, deadline=None)
@given(
    seed=seeds,
    epoch=epochs,
    rows=st.integers(1, 60),
    stream=st.sampled_from([BATCH_ORDER, SPLIT_ORDER, 3]),
)
def test_order_sorts_the_hashes_of_the_rows(seed: int, epoch: int, rows: int, stream: int) -> None:
    keys = [signed(number) for number in hashes(seed, stream, epoch, rows)]

    expected = sorted(range(rows), key=keys.__getitem__)

    assert permutations(seed, epoch, rows, stream).tolist() == expected


@pytest.mark.parametrize(
    ("seed", "epoch", "order"),
    [
        (0, 0, [9, 0, 3, 1, 6, 4, 11, 5, 7, 8, 2, 10]),
        (0, 1, [10, 6, 5, 3, 11, 1, 2, 8, 4, 9, 7, 0]),
        (1, 0, [5, 6, 11, 1, 7, 4, 9, 10, 0, 2, 8, 3]),
        (2**32 - 1, 499, [5, 8, 0, 3, 6, 1, 2, 7, 9, 10, 4, 11]),
    ],
)
def test_orders_equal_those_of_earlier_versions(seed: int, epoch: int, order: list[int]) -> None:
    # Runs of the past are repeated from their seed: another order is another experiment.
    assert permutations(seed, epoch, 12).tolist() == order


@pytest.mark.parametrize("seed", [3, torch.tensor([3], device="meta")])
def test_numbers_are_drawn_on_the_device_of_what_they_are_drawn_for(seed: int | Tensor) -> None:
    epochs = torch.arange(4, device="meta")
    assert permutations(seed, epochs, 5).device.type == "meta"
    assert key_of(seed, 0, epochs).device.type == "meta"
    assert key_of(seed, 0, 7).device.type == ("cpu" if isinstance(seed, int) else "meta")


def test_split_orders_differ_from_batch_orders() -> None:
    order = permutations(0, 0, 12, SPLIT_ORDER).tolist()

    assert order == [5, 8, 9, 6, 10, 3, 7, 0, 2, 4, 11, 1]
    assert order != permutations(0, 0, 12).tolist()


@pytest.mark.parametrize("order_stream", [BATCH_ORDER, SPLIT_ORDER])
def test_orders_are_independent_of_the_streams_of_datasets(order_stream: int) -> None:
    rows = 4000
    places = torch.arange(rows, dtype=torch.float64)

    # A dataset drawn with the seed that orders it must not come out sorted.
    for seed, stream in product((0, 5), range(30)):
        order = permutations(seed, 0, rows, order_stream)
        drawn = uniform(seed, stream, 0, rows)[order]
        assert torch.stack((drawn, places)).corrcoef()[0, 1].abs() < 5 / math.sqrt(rows)


@settings(max_examples=20, deadline=None)
@given(
    some_seeds=st.lists(seeds, min_size=1, max_size=4),
    some_epochs=st.lists(epochs, min_size=1, max_size=4),
    rows=st.integers(1, 40),
)
def test_many_orders_at_once_equal_one_at_a_time(
    some_seeds: list[int], some_epochs: list[int], rows: int
) -> None:
    together = permutations(torch.tensor(some_seeds).unsqueeze(1), torch.tensor(some_epochs), rows)

    assert together.shape == (len(some_seeds), len(some_epochs), rows)
    for i, seed in enumerate(some_seeds):
        for j, epoch in enumerate(some_epochs):
            assert torch.equal(together[i, j], permutations(seed, epoch, rows))


def test_every_row_is_equally_frequent_at_every_position() -> None:
    rows, orders = 8, 4000
    order = permutations(torch.arange(orders), 3, rows)

    counts = torch.stack([(order == row).sum(0) for row in range(rows)]).double()

    # Of 8 x 8 counts with fixed margins, a chi-square of 49 degrees: mean 49, variance 98. Every
    # order fills each row and each place once, hence the 7/8 on Pearson's statistic.
    expected = orders / rows
    statistic = 7 / 8 * ((counts - expected) ** 2 / expected).sum().item()
    assert abs(statistic - 49) < 5 * math.sqrt(98)


def test_all_orders_are_equally_likely() -> None:
    epochs_drawn = 24_000
    drawn = permutations(7, torch.arange(epochs_drawn), 4)

    places = torch.tensor([1000, 100, 10, 1])
    numbers = torch.tensor(list(all_orders(range(4)))) @ places
    counts = ((drawn @ places).unsqueeze(1) == numbers).sum(0).double()

    # Pearson's statistic of the 24 orders: mean 23, variance 46.
    statistic = ((counts - 1000) ** 2 / 1000).sum().item()
    assert counts.sum() == epochs_drawn
    assert abs(statistic - 23) < 5 * math.sqrt(46)


def test_orders_of_neighbouring_seeds_and_epochs_are_uncorrelated() -> None:
    rows = 2000
    orders = permutations(torch.arange(3).unsqueeze(1), torch.arange(3), rows).view(9, rows)

    for first, second in pairwise(orders):
        # The number of rows that two orders agree on has mean 1 and variance 1.
        assert (first == second).sum() <= 6


@settings(max_examples=30, deadline=None)
@given(seed=seeds, stream=st.integers(0, 50), counter=epochs, count=st.integers(0, 40))
def test_uniform_equals_python_integer_arithmetic(
    seed: int, stream: int, counter: int, count: int
) -> None:
    # The upper 53 bits, as many as a float64 holds: exact in both.
    expected = [(number >> 11) / 2**53 for number in hashes(seed, stream, counter, count)]

    drawn = uniform(seed, stream, counter, count)

    assert drawn.dtype == torch.float64
    assert drawn.tolist() == expected
    assert all(0 <= value < 1 for value in expected)


def test_uniform_passes_a_goodness_of_fit_test() -> None:
    count = 200_000
    drawn = uniform(11, 2, 5, count)

    assert 0 <= drawn.min() < 1e-4
    assert 1 - 1e-4 < drawn.max() < 1
    # Mean 1/2, variance 1/12, to within five standard errors.
    assert abs(drawn.mean() - 0.5) < 5 * math.sqrt(1 / 12 / count)
    assert abs(drawn.var() - 1 / 12) < 5 * math.sqrt(1 / 180 / count)
    # Kolmogorov's bound that one sample in a thousand exceeds.
    ordered = drawn.sort().values
    assert largest_distance(ordered) < 1.95 / math.sqrt(count)


def test_normal_passes_a_goodness_of_fit_test() -> None:
    count = 200_000
    drawn = normal(3, 1, 0, count)

    assert drawn.dtype == torch.float64
    # Mean, variance, skewness and excess kurtosis of n draws have the standard errors
    # sqrt(1, 2, 6, 24 / n).
    moments = {
        drawn.mean(): 1,
        drawn.var() - 1: 2,
        (drawn**3).mean(): 15,
        (drawn**4).mean() - 3: 96,
    }
    for moment, variance in moments.items():
        assert abs(moment) < 5 * math.sqrt(variance / count)
    ordered = drawn.sort().values
    assert largest_distance(torch.special.ndtr(ordered)) < 1.95 / math.sqrt(count)
    # What Box and Muller make of one pair of uniform numbers does not go together.
    first, second = drawn.view(2, -1)
    together = torch.stack((first, second, first**2, second**2))
    correlations = torch.corrcoef(together)[[0, 0, 1, 2], [1, 3, 2, 3]]
    assert correlations.abs().max() < 5 / math.sqrt(count / 2)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, stream=st.integers(0, 50), counter=epochs, count=st.integers(1, 31))
def test_normal_is_the_box_muller_transform_of_uniform(
    seed: int, stream: int, counter: int, count: int
) -> None:
    pairs = (count + 1) // 2
    numbers = [(number >> 11) / 2**53 for number in hashes(seed, stream, counter, 2 * pairs)]
    polar = [
        (math.sqrt(-2 * math.log(1 - u)), 2 * math.pi * v)
        for u, v in zip(numbers[:pairs], numbers[pairs:], strict=True)
    ]
    expected = [r * math.cos(angle) for r, angle in polar]
    expected += [r * math.sin(angle) for r, angle in polar]

    drawn = normal(seed, stream, counter, count)

    # 1 - u is exact, and so both logarithms see the same number but for its last digit.
    assert drawn.tolist() == pytest.approx(expected[:count], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("draw", [uniform, normal])
def test_seeds_streams_and_counters_give_different_numbers(draw: Draw) -> None:
    count = 4000
    # (seed, stream, counter)
    arguments = list(product((0, 1), repeat=3))
    drawn = torch.stack([draw(*one, count) for one in arguments])

    assert len(drawn.unique()) == drawn.numel()
    correlations = torch.corrcoef(drawn) - torch.eye(len(arguments), dtype=torch.float64)
    assert correlations.abs().max() < 5 / math.sqrt(count)


@pytest.mark.parametrize("draw", [uniform, normal])
def test_many_draws_at_once_equal_one_at_a_time(draw: Draw) -> None:
    some_seeds, counters = torch.tensor([[5], [2**32 - 1]]), torch.tensor([0, 9, 1000])

    together = draw(some_seeds, 4, counters, 7)

    assert together.shape == (2, 3, 7)
    for i, seed in enumerate(some_seeds.flatten().tolist()):
        for j, counter in enumerate(counters.tolist()):
            assert torch.equal(together[i, j], draw(seed, 4, counter, 7))


@given(seed=st.integers(0, 99), own=st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_orders_of_fewer_rows_come_first(seed: int, own: list[int]) -> None:
    seeds, epochs = torch.arange(seed, seed + len(own)), torch.arange(3).unsqueeze(1)
    orders = permutations(seeds, epochs, 12, own=torch.tensor(own))
    assert orders.shape == (3, len(own), 12)
    for epoch in range(3):
        for job, rows in enumerate(own):
            order = orders[epoch, job].tolist()
            assert order[:rows] == permutations(seed + job, epoch, rows).tolist()
            assert order[rows:] == list(range(rows, 12))
