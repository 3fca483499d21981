"""Sweeps with the rows of their jobs, as they are shown together."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from seedbed.sweep.results.folder import SweepFolder, rows_of_sweep
from seedbed.sweep.results.plan_file import SweepPlan, read_plan
from seedbed.sweep.results.table import Row
from seedbed.terminal.words import relative

# The axis that tells apart the jobs of several sweeps.
SWEEP = "sweep"


@dataclass(frozen=True)
class OpenedSweep:
    """Sweep with its plan and the rows of the jobs that have ended.

    The folders of rows are paths from the working folder.
    """

    folder: SweepFolder
    rows: Sequence[Row]
    plan: SweepPlan

    @property
    def not_ended(self) -> list[int]:
        """Numbers of the jobs of the plan without a result."""
        ended = {row.number for row in self.rows}
        return [job.number for job in self.plan.jobs if job.number not in ended]


def opened_sweeps(folders: Sequence[SweepFolder]) -> list[OpenedSweep]:
    """Return sweeps, each once; where they are several the first of the axes is their name.

    Raises ConfigError where a plan or a table is damaged.
    """
    by_path = {folder.path.resolve(): folder for folder in folders}
    paths = [relative(folder.path) for folder in by_path.values()]
    names = [path.name for path in by_path]
    names = names if len(set(names)) == len(names) else paths
    several = len(by_path) > 1
    sweeps = []
    for folder, path, name in zip(by_path.values(), paths, names, strict=True):
        rows = [_shown(row, path, name, several) for row in rows_of_sweep(folder).values()]
        sweeps.append(OpenedSweep(folder, rows, read_plan(folder.plan)))
    return sweeps


def _shown(row: Row, path: str, name: str, several: bool) -> Row:
    axes = {SWEEP: name, **row.axes} if several else row.axes
    return replace(row, axes=axes, folder=os.path.join(path, row.folder) if row.folder else "")
