"""Document of `seedbed report`: sweeps with their jobs ranked, and runs."""

from collections.abc import Sequence
from pathlib import Path

from seedbed.catalogue.collection import Item
from seedbed.catalogue.documents.listed import listed
from seedbed.catalogue.documents.of_run import run_document
from seedbed.catalogue.documents.of_sweep import Shown, results_part, sweep_part
from seedbed.catalogue.opened_sweeps import OpenedSweep
from seedbed.documents.sweeps import Report


def report_document(
    items: Sequence[Item],
    sweeps: Sequence[OpenedSweep],
    shown: Shown | None,
    top: int,
    page: str | None = None,
) -> Report:
    """Return the document of a report.

    Args:
        items: runs, jobs and sweeps by themselves, in their order.
        sweeps: sweeps whose jobs are ranked together.
        shown: what is shown of the jobs; None where none has ended.
        top: how many of the items are told of at most.
        page: the HTML file that was written.
    """
    first = items[:top]
    return Report(
        sweeps=[sweep_part(sweep) for sweep in sweeps],
        results=None if shown is None else results_part(sweeps, shown),
        items=[listed(item) for item in first],
        total=len(items),
        runs=[
            run_document(Path(item.path))
            for item in first
            if item.entry.kind != "sweep" and item.entry.status != "damaged"
        ],
        page=page,
    )
