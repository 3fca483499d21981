"""Into how many chunks groups are cut that workers share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.sweep.job import Job
from seedbed.sweep.planning.groups import PlannedGroup
from seedbed.sweep.planning.sharing.cutting import FEWEST_JOBS, FEWEST_TRIALS, cut_for_workers
from seedbed.sweep.planning.sharing.workers import Sharing


class Composer:
    """Stands in for the one that gives configs: it knows whether a rule stops trials."""

    def __init__(self, stops: bool = False) -> None:
        self.rule = "seedbed.training.trial_stopping.Halving" if stops else None

    @contextmanager
    def applied(self, job: Job) -> Iterator[Any]:
        yield SimpleNamespace(stop={"_target_": self.rule})


def groups_of(sizes: list[int], lanes: int = 1) -> list[PlannedGroup]:
    groups, number = [], 0
    for size in sizes:
        jobs = [Job(number + place, ()) for place in range(size)]
        groups.append(PlannedGroup(jobs, [], "", lanes=lanes))
        number += size
    return groups


def cut(sizes: list[int], workers: int, stops: bool = False, **options: Any) -> list[list[int]]:
    """Return how many jobs each chunk of each group has."""
    groups = groups_of(sizes, lanes=options.get("repeats", 1))
    sharing = Sharing(workers, workers, 1)
    asked = SweepOptions(**options)
    planned = cut_for_workers(Composer(stops), groups, asked, sharing)  # type: ignore[arg-type]
    return [[len(chunk) for chunk in group.chunks()] for group in planned]


@pytest.mark.parametrize(
    ("sizes", "workers", "expected"),
    [
        ([1000], 1, [[1000]]),
        ([1000], 4, [[250] * 4]),
        ([1000, 10], 2, [[500, 500], [10]]),
        # A chunk keeps as many jobs as pay.
        ([3 * FEWEST_JOBS], 8, [[FEWEST_JOBS] * 3]),
        ([FEWEST_JOBS + 1], 2, [[FEWEST_JOBS + 1]]),
        # Many groups are enough for two workers as they are.
        ([40] * 8, 2, [[40]] * 8),
        ([40] * 3, 2, [[20, 20]] * 3),
    ],
)
def test_groups_are_cut_for_each_worker(
    sizes: list[int], workers: int, expected: list[list[int]]
) -> None:
    assert cut(sizes, workers) == expected


def test_a_chunk_size_that_was_asked_for_stays() -> None:
    assert cut([1000], 4, chunk_size=1000) == [[1000]]


def test_trials_that_a_rule_compares_stay_many() -> None:
    assert cut([FEWEST_TRIALS + 99], 2, stops=True) == [[FEWEST_TRIALS + 99]]
    assert cut([2 * FEWEST_TRIALS], 2, stops=True) == [[FEWEST_TRIALS] * 2]
    assert cut([2 * FEWEST_TRIALS], 2, stops=True, repeats=2) == [[2 * FEWEST_TRIALS]]


def test_jobs_that_train_alone_are_left_as_they_are() -> None:
    [group] = groups_of([50])
    alone = replace(group, reason="sweep.fuse=never")
    planned = cut_for_workers(Composer(), [alone], SweepOptions(), Sharing(4))  # type: ignore[arg-type]
    assert planned == [alone]


@given(some.lists(some.integers(1, 400), min_size=1, max_size=12), some.integers(1, 9))
def test_no_job_is_lost_and_none_cut_too_small(sizes: list[int], workers: int) -> None:
    chunks = cut(sizes, workers)
    assert [sum(group) for group in chunks] == sizes
    for size, group in zip(sizes, chunks, strict=True):
        assert len(group) <= workers
        assert len(group) == 1 or min(group) >= min(size, FEWEST_JOBS)
        assert max(group) - min(group) <= 1
