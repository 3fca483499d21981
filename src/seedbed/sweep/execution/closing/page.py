"""The page that a sweep leaves at its end."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from seedbed.page.assembly import page_document
from seedbed.page.file import NAME, is_page, size_text, write_page
from seedbed.runs.record import now
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.pages.part_of_sweep import part_of_sweep
from seedbed.sweep.results.table import Row
from seedbed.terminal.words import relative


def page_lines(
    worker: Worker, rows: Sequence[Row], shares: Mapping[str, float] | None = None
) -> list[str]:
    """Write the page of a sweep that has ended; return a line that says where it is.

    None is written of more jobs than `sweep.page_rows`. What keeps it from being written is told on
    stderr: the results are there all the same.

    Args:
        worker: the worker of the sweep.
        rows: the jobs that have ended.
        shares: importances of the keys of a search, if they are known.
    """
    path = worker.folder.path / NAME
    if len(rows) > worker.options.page_rows:
        return []
    if os.path.lexists(path) and not is_page(path):
        print(f"seedbed: {relative(path)}: not ours, and not written over", file=sys.stderr)
        return []
    try:
        part = part_of_sweep(
            worker.folder,
            worker.plan,
            rows,
            path,
            record=None if any(row.folder for row in rows) else _shared(worker),
            shares=shares,
            finished=now(),
        )
        size = write_page(path, page_document([part]))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        print(f"seedbed: {relative(path)}: not written: {reason}", file=sys.stderr)
        return []
    return [f"page         {relative(path)}, {size_text(size)}"]


def _shared(worker: Worker) -> dict[str, Any]:
    """Return what the record of any job would say of where it comes from."""
    return {**worker.environment.fields, "data": {"choice": worker.plan.choices.get("data")}}
