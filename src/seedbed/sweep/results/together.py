"""Groups of jobs that trained side by side, those of continuations among them."""

from collections.abc import Sequence
from typing import NamedTuple

from seedbed.sweep.results.plan_file import SweepPlan


class Together(NamedTuple):
    """Jobs that train side by side.

    Attributes:
        jobs: their numbers.
        time: how often the sweep had been continued when they were put together.
        epoch: epochs that those had trained then that go on; 0: they begin.
        newest: those of them that were not put together with others later.
    """

    jobs: Sequence[int]
    time: int
    epoch: int
    newest: Sequence[int]


def groups_of(plan: SweepPlan, time: int | None = None) -> list[Together]:
    """Return all groups of jobs that ever trained side by side, up to a continuation of a sweep.

    Args:
        plan: The plan of the sweep.
        time: How often it had been continued; None (default): all.
    """
    groups = [(jobs, 0, 0) for planned in plan.rounds for jobs in planned.groups]
    for number, continuation in enumerate(plan.continuations[:time], start=1):
        groups += [(group["jobs"], number, group["epoch"]) for group in continuation.groups]
    found: list[Together] = []
    later: set[int] = set()
    for jobs, at, epoch in reversed(groups):
        found.append(Together(jobs, at, epoch, [number for number in jobs if number not in later]))
        later.update(jobs)
    return found[::-1]
