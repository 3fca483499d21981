"""Groups of jobs that trained side by side, those of continuations among them."""

from collections.abc import Sequence
from typing import NamedTuple

from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.splits import Split


class Together(NamedTuple):
    """Jobs that train side by side.

    Attributes:
        jobs: their numbers.
        time: how often the sweep had been continued when they were put together.
        epoch: epochs that those had trained then that go on; 0: they begin.
        newest: those of them that were not put together with others later.
        part: how many they are where they are a part of a group that was split; 0: they are none.
        whole: the group that was split.
    """

    jobs: Sequence[int]
    time: int
    epoch: int
    newest: Sequence[int]
    part: int = 0
    whole: "Together | None" = None

    @property
    def key(self) -> tuple[int, int, int]:
        """What tells its state from that of other groups, also from those it was a part of."""
        return self.jobs[0], self.time, self.part


def groups_of(plan: SweepPlan, time: int | None = None) -> list[Together]:
    """Return all groups of jobs that ever trained side by side, up to a continuation of a sweep.

    Args:
        plan: The plan of the sweep.
        time: How often it had been continued; None (default): all.
    """
    groups = [Together(jobs, 0, 0, []) for planned in plan.rounds for jobs in planned.groups]
    for number, continuation in enumerate(plan.continuations[:time], start=1):
        groups += [Together(g["jobs"], number, g["epoch"], []) for g in continuation.groups]
    for split in plan.splits:
        if time is None or split["time"] <= time:
            groups = [part for group in groups for part in _parts(group, split)]
    found: list[Together] = []
    later: set[int] = set()
    for group in reversed(groups):
        newest = [number for number in group.jobs if number not in later]
        found.append(group._replace(newest=newest))
        later.update(group.jobs)
    return found[::-1]


def _parts(group: Together, split: Split) -> list[Together]:
    """Return the two halves of a group, where a split is of this one."""
    size = len(group.jobs)
    if (group.jobs[0], size, group.time) != (split["first"], split["jobs"], split["time"]):
        return [group]
    halves = group.jobs[: split["at"]], group.jobs[split["at"] :]
    return [
        group._replace(jobs=half, part=len(half), whole=group) for half in halves if len(half) > 0
    ]
