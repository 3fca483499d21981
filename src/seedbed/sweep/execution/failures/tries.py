"""Tries of units that failed or whose process died, counted across resumptions.

A trial of a search that failed is run again `search.retries` times. A unit of any sweep whose
process or worker has died, or ran out of memory or time, is run again `sweep.retries` times.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NotRequired, TypedDict

from seedbed.errors import RunFolderError
from seedbed.reading.json_files import Count, Text, read_json
from seedbed.runs.record import write_json
from seedbed.sweep.execution.failures.deaths import OUT_OF_MEMORY, Deaths
from seedbed.sweep.execution.unit import Unit
from seedbed.sweep.results.folder import SweepFolder


class _Stored(TypedDict):
    failed: dict[Text, Count]
    died: dict[Text, Count]
    why: NotRequired[dict[Text, Text]]
    stopped: bool


class Tries:
    """Tries of the units of a sweep: each may fail, or its process die, and is run again.

    A unit is known by its key: jobs side by side by the first one and their number, which are
    another unit than this job alone. Attributes:

    `failures` is how often each is run again that failed, `most` how often of those whose process
    died. `stopped` says that the first failure ended a search, so that what failed is run again
    when it goes on.
    """

    def __init__(self, folder: SweepFolder, most: int, failures: int = 0) -> None:
        self.failures = failures
        self.most = most
        self.stopped = False
        self._path = folder.tries
        self._deaths = Deaths(folder.running_unit, folder.fault)
        self._failed: dict[str, int] = {}
        self._died: dict[str, int] = {}
        self._why: dict[str, str] = {}
        self._suspects: set[str] = set()

    def read(self) -> None:
        """Take up what was counted before, and the death of the process that ran the search.

        A file that is damaged counts as none.
        """
        with suppress(OSError, RunFolderError):
            stored = read_json(self._path, _Stored)
            self._failed, self._died = stored["failed"], stored["died"]
            self._why, self.stopped = stored.get("why", {}), stored["stopped"]
        if last := self._deaths.last():
            self._count_death(*last)

    def begin(self) -> None:
        """Note that the search runs: no failure has ended it."""
        if self.stopped:
            self._failed, self._died, self._why, self.stopped = {}, {}, {}, False
            self._write()

    def stop(self) -> None:
        """Note that a failure ends the search."""
        self.stopped = True
        self._write()

    @contextmanager
    def running(self, unit: Unit) -> Iterator[None]:
        """Context in which a unit runs in this process."""
        with self._deaths.running(_key(unit)):
            yield

    def fail(self, unit: Unit) -> bool:
        """Count that a unit has failed; return whether it is to be run again."""
        key = _key(unit)
        self._failed[key] = self._failed.get(key, 0) + 1
        self._write()
        return self._failed[key] <= self.failures

    def count(self, unit: Unit) -> int:
        """Return how often a unit has been tried before."""
        key = _key(unit)
        return self._failed.get(key, 0) + self._died.get(key, 0)

    def die(self, units: Sequence[Unit], how: str) -> None:
        """Count that the process of a unit has died; of several units each is but suspected.

        One process that dies may end those beside it.
        """
        self._suspects |= {*map(_key, units)}
        if len(units) == 1:
            self._count_death(_key(units[0]), how)

    def inherit(self, whole: Unit, parts: Sequence[Unit]) -> None:
        """Let the parts of a unit have been tried as often as the whole."""
        key = _key(whole)
        for part in parts:
            for counts in (self._failed, self._died):
                if key in counts:
                    counts[_key(part)] = counts[key]
            if key in self._why:
                self._why[_key(part)] = self._why[key]
        self._write()

    def lacked_memory(self, unit: Unit) -> bool:
        """Return whether the process of a unit was killed last for want of memory."""
        return self._why.get(_key(unit)) == OUT_OF_MEMORY

    def is_suspect(self, unit: Unit) -> bool:
        """Return whether the process of a unit has died, alone or beside others."""
        return _key(unit) in self._suspects

    def _count_death(self, key: str, how: str) -> None:
        self._died[key] = self._died.get(key, 0) + 1
        self._why[key] = how
        self._write()

    def may_run(self, unit: Unit) -> bool:
        """Return whether a unit whose processes died may have another one."""
        return self.deaths(unit) <= self.most

    def deaths(self, unit: Unit) -> int:
        """Return how often the process of a unit has died."""
        return self._died.get(_key(unit), 0)

    def death(self, unit: Unit) -> str:
        """Return in words how the process of a unit died."""
        times = f" ({self.deaths(unit)} times)" if self.deaths(unit) > 1 else ""
        return f"the process that trained it {self._why.get(_key(unit), 'died')}{times}"

    def _write(self) -> None:
        content = {"failed": self._failed, "died": self._died, "why": self._why}
        write_json(self._path, {**content, "stopped": self.stopped})


def _key(unit: Unit) -> str:
    return f"group-{unit.name}" if unit.fused else str(unit.jobs[0])
