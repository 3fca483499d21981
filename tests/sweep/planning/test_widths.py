"""Hidden sizes that share a program, against every way to cut them."""

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.sweep.planning.speedup import LARGEST_STEP
from seedbed.sweep.planning.widths import Costs, Sizes, width_classes

LONG = Costs(inputs=10, outputs=1, rows=32, steps=20_000, epochs=1_000)
SHORT = Costs(inputs=10, outputs=1, rows=32, steps=50, epochs=5)


def cost(classes: list[list[int]], sizes: list[Sizes], costs: Costs) -> float:
    return sum(
        costs.of_program(len(own), tuple(map(max, *(sizes[place] for place in own), sizes[own[0]])))
        for own in classes
    )


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(1, 400)), min_size=1, max_size=7),
    steps=st.sampled_from([10, 1_000, 100_000]),
)
def test_no_cut_of_sizes_in_order_costs_less(sizes: list[Sizes], steps: int) -> None:
    costs = Costs(4, 2, 16, steps, steps // 10)
    classes = width_classes(sizes, costs)
    assert sorted(place for own in classes for place in own) == list(range(len(sizes)))
    order = sorted(set(sizes))
    every = []
    for cuts in product([False, True], repeat=len(order) - 1):
        ends = [0, *(at for at, is_cut in enumerate(cuts, start=1) if is_cut), len(order)]
        parts = [set(order[a:b]) for a, b in pairwise(ends)]
        every.append([[p for p, own in enumerate(sizes) if own in part] for part in parts])
    assert cost(classes, sizes, costs) == pytest.approx(
        min(cost(cut, sizes, costs) for cut in every)
    )


def test_short_trainings_share_a_program_and_long_ones_are_cut() -> None:
    sizes: list[Sizes] = [(units,) for units in range(16, 257, 4)]
    assert len(width_classes(sizes, SHORT)) == 1
    assert 2 <= len(width_classes(sizes, LONG)) <= 6


def test_jobs_that_keep_a_cpu_busy_are_apart() -> None:
    sizes: list[Sizes] = [(16, 16), (300, 300), (20, 8)]
    assert LONG.of_step((300, 300)) > LARGEST_STEP
    assert width_classes(sizes, LONG) == [[0, 2], [1]]
