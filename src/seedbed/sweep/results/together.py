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
    if plan.splits:
        groups = _after_splits(groups, plan.splits)
    found: list[Together] = []
    later: set[int] = set()
    for group in reversed(groups):
        newest = [number for number in group.jobs if number not in later]
        found.append(group._replace(newest=newest))
        later.update(group.jobs)
    return found[::-1]


def _after_splits(groups: Sequence[Together], splits: Sequence[Split]) -> list[Together]:
    """Return groups, of which those that were split are their parts, and so on."""
    cuts = {(split["first"], split["jobs"], split["time"]): split["at"] for split in splits}
    found: list[Together] = []
    left = list(reversed(groups))
    while left:
        group = left.pop()
        size = len(group.jobs)
        at = cuts.get((group.jobs[0], size, group.time), 0)
        if not 0 < at < size:
            found.append(group)
            continue
        halves = group.jobs[at:], group.jobs[:at]
        left += [group._replace(jobs=half, part=len(half), whole=group) for half in halves]
    return found
