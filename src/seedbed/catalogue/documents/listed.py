"""Runs and sweeps as the documents of lists have them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from seedbed.catalogue.collection import Item
from seedbed.catalogue.entry import Entry
from seedbed.documents.runs import JobCounts, Labels, Listed, Runs, Sweeps
from seedbed.runs.record import KILLED


def runs_document(
    chosen: Sequence[Item],
    tops: Sequence[Path],
    *,
    total: int,
    limit: int | None,
    output: str | None = None,
) -> Runs:
    """Return the document of runs that pass filters, of `total` that there are."""
    return Runs(
        folders=[str(top) for top in tops],
        total=total,
        matching=len(chosen),
        runs=[] if output is not None else [listed(item) for item in chosen[:limit]],
        output=output,
    )


def sweeps_document(
    chosen: Sequence[Item],
    tops: Sequence[Path],
    *,
    total: int,
    limit: int | None,
    output: str | None = None,
) -> Sweeps:
    """Return the document of sweeps that pass filters, of `total` that there are."""
    return Sweeps(
        folders=[str(top) for top in tops],
        total=total,
        matching=len(chosen),
        sweeps=[] if output is not None else [listed(item) for item in chosen[:limit]],
        output=output,
    )


def listed(item: Item) -> Listed:
    """Return what a list tells of a run, a sweep or a job."""
    from seedbed.config.metrics.table import known_mode  # It imports OmegaConf.

    entry = item.entry
    progress = entry.progress
    return Listed(
        folder=item.path,
        kind=entry.kind,
        status=cast(Any, entry.status),
        killed=entry.error == KILLED,
        began=datetime.fromtimestamp(entry.began, UTC).isoformat(timespec="milliseconds"),
        finished=entry.finished or None,
        seconds=entry.seconds,
        error=entry.error or None,
        labels=Labels(name=entry.name or None, tags=entry.tags, notes=entry.notes or None),
        options=dict(entry.choices),
        values=dict(entry.values),
        metric=entry.metric or None,
        mode=cast(Any, entry.mode or known_mode(entry.metric)),
        best=entry.best,
        best_epoch=entry.best_epoch,
        epoch=progress.epoch if progress is not None else entry.epoch,
        epochs=progress.of if progress is not None else None,
        metrics=dict(entry.metrics),
        axes=dict(entry.axes),
        jobs=_jobs(entry) if entry.kind == "sweep" else None,
    )


def _jobs(entry: Entry) -> JobCounts:
    ended = sum(entry.ended.values())
    missing = max(0, entry.jobs - ended)
    return JobCounts(planned=entry.jobs, ended=entry.ended, missing=missing)
