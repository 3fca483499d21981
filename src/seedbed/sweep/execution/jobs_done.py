"""Jobs of a sweep that goes on which need not run again: by its table, and what lies in folders."""

import os
from collections.abc import Callable
from dataclasses import replace

from seedbed.errors import ConfigError
from seedbed.runs.folder import has_run
from seedbed.runs.record import DONE
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.job import Job
from seedbed.sweep.results.folder import digest_of_table, rows_of_sweep
from seedbed.sweep.results.reports import Reports, read_reports
from seedbed.sweep.results.table import Row, cell


def jobs_done(worker: Worker, has_failed_for_good: Callable[[Row], bool]) -> list[Row]:
    """Return the rows of the jobs that need not run again.

    `has_failed_for_good` returns whether a row is of a job that failed and is not run again. Raises
    ConfigError where a row, or what lies in the folder of a job, is not of the job.
    """
    rows, again = rows_of_sweep(worker.folder), _to_be_forgotten(worker)
    # A look each for the folders of many jobs that have none takes a shared disk a minute.
    there = set(os.listdir(worker.folder.path))
    done = []
    for job in worker.plan.jobs:
        folder = worker.folders.path(job)
        row = None if job.number in again else rows.get(job.number)
        if folder.relative_to(worker.folder.path).parts[0] in there:
            worker.folders.require_own(job)
        if row is not None:
            _require_row_of(worker, job, row)
        # Of a job that has failed none could be written, perhaps.
        if worker.keeps_all and not (row and (has_failed_for_good(row) or has_run(folder))):
            row = worker.recorded(job) if worker.folders.is_as_now(job) else None
            row = None if row is not None and row.status not in DONE else row
        if row is not None and (row.status in DONE or has_failed_for_good(row)):
            axes = worker.axes(job) if worker.plan.continuations else row.axes
            done.append(replace(row, axes=axes))
    reports = _reports(worker)
    return [replace(row, reports=reports.get(row.number, {})) for row in done]


def _reports(worker: Worker) -> dict[int, Reports]:
    """Return what all jobs have reported to the rule of a search."""
    if worker.rule is None:
        return {}
    read = [read_reports(path) for path in worker.folder.all_reports()]
    return {job: reports for of_unit in read for job, reports in of_unit.items()}


def _to_be_forgotten(worker: Worker) -> frozenset[int]:
    """Return the jobs whose rows are those of before the newest continuation.

    A kill came between the plan and the table that lacks them.
    """
    if not worker.plan.continuations:
        return frozenset()
    newest = worker.plan.continuations[-1]
    is_of_before = digest_of_table(worker.folder) == newest.table
    return newest.numbers if is_of_before else frozenset()


def _require_row_of(worker: Worker, job: Job, row: Row) -> None:
    """Raise ConfigError where a row of the table tells of another job than this one."""
    axes = worker.axes(job)
    if any(key in axes and cell(axes[key]) != value for key, value in row.axes.items()):
        raise ConfigError(
            f"{worker.folder.results}: the row of job {job.number} is of another sweep, or edited; "
            "move the table away, and jobs without a folder run again"
        )
