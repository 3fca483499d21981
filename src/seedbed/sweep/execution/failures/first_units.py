"""First units of each worker: a worker of which all of them fail may itself be what is wrong.

A graphics card that is broken, a disk that is full, a package that is missing: a worker on such a
machine fails quickly, and would take all units away from those that could run them. So it stops
after its first three, and they are run by others.
"""

import sys
from typing import NamedTuple

from seedbed.sweep.execution.unit import Unit, UnitResult

# Units that fail before any other has ended, after which a worker takes no more.
FIRST_UNITS = 3
# Workers that stop so while no worker has ended any unit: then it is the jobs that are wrong.
TOO_MANY = 2


class Failed(NamedTuple):
    """Unit of which all jobs have failed, and what they have failed with."""

    unit: Unit
    result: UnitResult


class FirstUnits:
    """Failures of workers that have ended no unit yet, which may be theirs.

    Attributes:
        most: how often a unit is run elsewhere for such a failure.
        blames_jobs: whether so many workers have failed that failures are the jobs' own.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.blames_jobs = False
        self._failed: dict[str, list[Failed]] = {}
        # Workers that have ended a unit; those that take no more.
        self._proven: set[str] = set()
        self._stopped: set[str] = set()
        self._counts: dict[str, int] = {}

    def keep(self, worker: str, unit: Unit, result: UnitResult) -> bool:
        """Return whether a result is to wait until more is known of its worker."""
        if not result.all_failed or result.wrong:
            self._proven.add(worker)
            return False
        is_known = self.blames_jobs or worker in self._proven
        if is_known or self._counts.get(unit.name, 0) >= self.most:
            return False
        self._failed.setdefault(worker, []).append(Failed(unit, result))
        return True

    def of_proven(self) -> list[Failed]:
        """Return the failures of workers that have ended other units since: they are the jobs'."""
        return self._taken([name for name in self._failed if name in self._proven])

    def of_stopped(self) -> list[Failed]:
        """Return the failures of workers that take no more, which are to be run elsewhere."""
        names = [name for name, failed in self._failed.items() if len(failed) >= FIRST_UNITS]
        self._stopped.update(names)
        if len(self._stopped) >= TOO_MANY and not self._proven:
            self.blames_jobs = True
            return []
        for name in names:
            count = len(self._failed[name])
            error = self._failed[name][-1].result.rows[0].error
            said = f"seedbed: worker {name} takes no more: its first {count} units failed: {error}"
            print(said, file=sys.stderr)
        failed = self._taken(names)
        for unit, _ in failed:
            self._counts[unit.name] = self._counts.get(unit.name, 0) + 1
        return failed

    def all(self) -> list[Failed]:
        """Return all that is kept: no other worker will tell more."""
        return self._taken(list(self._failed))

    def _taken(self, names: list[str]) -> list[Failed]:
        return [failed for name in names for failed in self._failed.pop(name)]
