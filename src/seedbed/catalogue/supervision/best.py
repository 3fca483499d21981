"""The best of what has ended of a sweep, by the rule of its closing table."""

from collections.abc import Sequence

from seedbed.catalogue.documents.of_sweep import plain_axes
from seedbed.documents.supervision import BestSoFar
from seedbed.sweep.results.configurations import Configuration, shown_axes
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.ranking import winner
from seedbed.sweep.results.table import Row


def best_so_far(rows: Sequence[Row], objectives: Objectives) -> BestSoFar | None:
    """Return the best configuration of the jobs that have ended; None where none can be it."""
    best = winner(rows, objectives)
    if best is None:
        return None
    of_jobs, column = Configuration({}, list(best.jobs)), objectives.column
    axes = {key: best.median.axes[key] for key in shown_axes(rows) if key in best.median.axes}
    return BestSoFar(
        metric=objectives.metric,
        mode="max" if objectives.mode == "max" else "min",
        value=of_jobs.mean(column),
        deviation=of_jobs.deviation(column),
        jobs=of_jobs.completed(column),
        axes=plain_axes(axes),
        job=best.median.number,
    )
