"""Unit of work of a sweep: jobs that train side by side, or a single one; and its result."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from seedbed.sweep.planning.job_numbers import JobNumbers
from seedbed.sweep.queue.units import Lack, QueuedUnit
from seedbed.sweep.results.table import Row


class Unit(NamedTuple):
    """Unit of work: the numbers of jobs that train side by side, or of a single job.

    `missing` are the jobs that have no result yet; side by side all of them train nevertheless.
    `known` are what each job has for itself, empty where its config must be read for it. `time` is
    how often the sweep had been continued when the jobs were put together, and `epoch` how many
    epochs those had trained then that go on. `part` is how many the jobs are where they are a part
    of a group that was too large; 0: they are none.
    """

    jobs: tuple[int, ...]
    fused: bool
    missing: tuple[int, ...]
    known: tuple[JobNumbers, ...] = ()
    time: int = 0
    epoch: int = 0
    part: int = 0

    def queued(self) -> QueuedUnit:
        """Return the unit as it lies in the queue."""
        jobs, missing = [*self.jobs], [*self.missing]
        return QueuedUnit(jobs, self.fused, missing, self.time, self.epoch, self.part)

    @property
    def name(self) -> str:
        """Its name in the queue."""
        return self.queued().name


def unit_of(queued: QueuedUnit) -> Unit:
    """Return a unit that lay in the queue."""
    jobs, missing = tuple(queued.jobs), tuple(queued.missing)
    return Unit(jobs, queued.fused, missing, (), queued.time, queued.epoch, queued.part)


@dataclass
class UnitResult:
    """Result of a unit: rows of the table, or why its jobs must train alone after all.

    `wrong` says that it has failed for its config, so that running it again would be of no use.
    `lack` is what it had too little of, and `why` what was said of it; then it has no rows.
    """

    rows: list[Row] = field(default_factory=list)
    refusal: str | None = None
    wrong: bool = False
    lack: Lack = ""
    why: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether any of its jobs has."""
        return any(row.status == "failed" for row in self.rows)

    @property
    def all_failed(self) -> bool:
        """Whether all of its jobs have."""
        return bool(self.rows) and all(row.status == "failed" for row in self.rows)

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing: what there was could not be written."""
        return self == UnitResult()


def alone(unit: Unit) -> list[Unit]:
    """Return the missing jobs of a unit as units of their own."""
    return [Unit((number,), False, (number,)) for number in unit.missing]


def counts_text(units: Sequence[Unit]) -> str:
    """Return how many units there are, and of which kind, in words."""
    chunks = sum(unit.fused for unit in units)
    counts = [f"{chunks} of jobs side by side"] * bool(chunks)
    counts += [f"{len(units) - chunks} single"] * (len(units) > chunks)
    return f"{len(units)} unit{'s' * (len(units) > 1)}: {', '.join(counts)}"
