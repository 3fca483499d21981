"""Units of a sweep as they lie in the queue, and the names of their files."""

import re
from typing import Literal, NamedTuple

import msgspec

from seedbed.reading.json_files import Count, Text

_NAME = re.compile(r"([0-9]{1,15}-[0-9]{1,15}(?:-[0-9]{1,9})?)\.([0-9]{1,6})(?:\.([\w-]{1,120}))?")
END = ".json"


class QueuedUnit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Unit of work: jobs that train side by side, or a single one.

    Attributes:
        jobs: numbers of all jobs that train.
        fused: whether they train side by side.
        missing: those that have no result yet.
        time: how often the sweep had been continued when they were put together.
        epoch: epochs that those had trained then that go on.
        part: how many they are where a larger group was split; 0: they are no part.
    """

    jobs: list[Count]
    fused: bool
    missing: list[Count]
    time: Count = 0
    epoch: Count = 0
    part: Count = 0

    @property
    def name(self) -> str:
        """The first job and their number; in a continued sweep which continuation, too."""
        name = f"{self.jobs[0]}-{len(self.jobs)}"
        return f"{name}-{self.time}" if self.time else name


# What a unit can have too little of, so that it is run in halves.
Lack = Literal["", "memory", "time"]


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be said of a unit that has ended beside the rows of its jobs.

    Attributes:
        refusal: why its jobs must train alone after all.
        wrong: whether it has failed for its config, so that running it again would be of no use.
        lack: what it had too little of; empty: it has its results.
        why: what was said of that.
        full: why nothing more can be written where it ran; empty: it can.
    """

    refusal: Text | None = None
    wrong: bool = False
    lack: Lack = ""
    why: Text = ""
    full: Text = ""


class Entry(NamedTuple):
    """Unit in the queue, as the name of its file tells it.

    Attributes:
        unit: name of the unit.
        tries: how often it was handed out before.
        worker: name of the worker that has claimed it; empty: it waits.
    """

    unit: str
    tries: int
    worker: str = ""

    @property
    def stem(self) -> str:
        """The name of its files, without their ends."""
        return ".".join((self.unit, str(self.tries), *filter(None, [self.worker])))

    @property
    def file(self) -> str:
        """The name of its file."""
        return self.stem + END

    @property
    def is_chunk(self) -> bool:
        """Whether it is several jobs."""
        return self.unit.split("-")[1] != "1"

    @property
    def first(self) -> int:
        """The number of its first job."""
        return int(self.unit.partition("-")[0])


def entry_of(name: str) -> Entry | None:
    """Return the entry that a file name tells; None of another file."""
    matched = _NAME.fullmatch(name.removesuffix(END)) if name.endswith(END) else None
    if matched is None:
        return None
    unit, tries, worker = matched.groups()
    return Entry(unit, int(tries), worker or "")
