"""Trials of a search: jobs that are judged together, with what they reached."""

from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import mean
from typing import NamedTuple

from seedbed.sweep.results.configurations import AVERAGED, is_of_every_epoch, ranked_column
from seedbed.sweep.results.table import BEST_EPOCH, Row, cell

COMPLETED, STOPPED = "completed", "stopped_early"
# From the worst to the best: a trial is as its worst job.
_ORDER = ("failed", "interrupted", "diverged", "running", STOPPED, COMPLETED)


class Trial(NamedTuple):
    """Trial of a search.

    Attributes:
        number: its number.
        status: that of its worst job.
        value: mean of the watched metric over its jobs, in the epoch that ranks; of one that was
            stopped what it had by then; None where it failed, diverged, or has no finite value.
        axes: its values of the keys of the search, as cells of a table.
        metrics: means of all metrics.
    """

    number: int
    status: str
    value: float | None
    axes: Mapping[str, str]
    metrics: Mapping[str, float]


def trials_of(rows: Sequence[Row], metric: str, rank: str = "best", lanes: int = 1) -> list[Trial]:
    """Return the trials whose jobs have all ended, in their order.

    Args:
        rows: the jobs.
        metric: the watched metric.
        rank: epoch of a job that counts, `best` or `last`.
        lanes: jobs of a trial.
    """
    grouped: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.number):
        grouped.setdefault(row.number // lanes, []).append(row)
    return [
        _trial(number, jobs, metric, rank) for number, jobs in grouped.items() if len(jobs) == lanes
    ]


def _trial(number: int, jobs: Sequence[Row], metric: str, rank: str) -> Trial:
    status = min((row.status for row in jobs), key=_ORDER.index)
    values = [_value(row, metric, rank) for row in jobs]
    known = [value for value in values if value is not None]
    counts = status in (COMPLETED, STOPPED) and len(known) == len(jobs)
    names = dict.fromkeys(name for row in jobs for name in row.metrics)
    metrics = {
        name: mean(row.metrics[name] for row in jobs)
        for name in names
        if all(name in row.metrics for row in jobs)
    }
    axes = {key: cell(value) for key, value in jobs[0].axes.items() if key not in AVERAGED}
    return Trial(number, status, mean(known) if counts else None, axes, metrics)


def _value(row: Row, metric: str, rank: str) -> float | None:
    value = row.metrics.get(ranked_column(metric, rank))
    if value is None and not (BEST_EPOCH in row.metrics and is_of_every_epoch(metric)):
        value = row.metrics.get(metric)
    return value if value is not None and isfinite(value) else None
