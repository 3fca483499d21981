"""Deaths of the process that runs a sweep, which the unit that it ran may have brought about.

A process that is killed can say nothing any more, and whoever stops a sweep by hand kills it as
well. So a death is held against a unit only where there is a sign of it: the process has crashed,
which leaves the trace of a fault, or the system has killed a process for want of memory meanwhile.
"""

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypedDict

from seedbed.errors import RunFolderError
from seedbed.process.identity import is_gone, this_process
from seedbed.reading.json_files import Count, Text, read_json
from seedbed.runs.record import write_json

# How a process died that the system killed for want of memory.
OUT_OF_MEMORY = "was killed while the memory was short"
_VMSTAT = Path("/proc/vmstat")


class _Process(TypedDict):
    host: Text
    pid: int
    start: Text


class _Noted(TypedDict):
    """What is noted of the unit that a process runs."""

    key: Text
    process: _Process
    killed_for_memory: Count


class Deaths:
    """Notes about the unit that the process of a sweep runs, in two files of its folder.

    `unit` says which one it is while it runs, `fault` is where a process that crashes leaves a
    trace.
    """

    def __init__(self, unit: Path, fault: Path) -> None:
        self.unit = unit
        self.fault = fault

    @contextmanager
    def running(self, key: str) -> Iterator[None]:
        """Context in which a unit of this key runs."""
        noted = {
            "key": key,
            "process": this_process(),
            "killed_for_memory": _killed_for_memory(),
        }
        write_json(self.unit, noted)
        try:
            with self._faults():
                yield
        finally:
            self.unit.unlink(missing_ok=True)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Let a crash leave its trace, unless somebody else has asked for it."""
        if faulthandler.is_enabled():
            yield
            return
        self.fault.unlink(missing_ok=True)
        with self.fault.open("x") as file:
            faulthandler.enable(file)
            try:
                yield
            finally:
                faulthandler.disable()
        self.fault.unlink(missing_ok=True)

    def last(self) -> tuple[str, str] | None:
        """Return the unit that brought the last process to death, and how; None: none has.

        It is told once. Notes that are damaged, or of another machine, tell nothing.
        """
        noted: _Noted | None = None
        with suppress(OSError, RunFolderError):
            noted = read_json(self.unit, _Noted)
        crashed = self.fault.is_file() and self.fault.stat().st_size > 0
        for path in (self.unit, self.fault):
            path.unlink(missing_ok=True)
        if noted is None or is_gone(noted["process"]) is not True:
            return None
        if crashed:
            return noted["key"], "crashed"
        if _killed_for_memory() > noted["killed_for_memory"]:
            return noted["key"], OUT_OF_MEMORY
        return None


def _killed_for_memory() -> int:
    """Return how many processes the system has killed since its start, for want of memory."""
    with suppress(OSError, ValueError):
        for line in _VMSTAT.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return 0
