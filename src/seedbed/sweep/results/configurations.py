"""Configurations of a sweep: jobs that differ in seed and fold alone, and their means."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import mean, stdev
from typing import Any

from seedbed.config.metrics import ONCE_A_RUN, is_of_validation
from seedbed.runs.record import MEASURED
from seedbed.sweep.results.table import (
    BEST,
    BEST_EPOCH,
    Row,
    cell,
    metric_names,
)

# The axes that results are averaged over, and which the closing table does not tell apart.
SEED, FOLD = "seed", "data.fold"
AVERAGED = (SEED, FOLD)
SECONDS = "seconds"


def ranked_column(metric: str, rank: str) -> str:
    """Return the column of results.csv by which jobs are ranked; `rank` is `best` or `last`."""
    return f"{BEST}{metric}" if rank == "best" and metric not in ONCE_A_RUN else metric


def is_of_every_epoch(metric: str) -> bool:
    """Return whether a metric is measured in every epoch, on training or validation rows."""
    if metric in ONCE_A_RUN:
        return False
    return metric.startswith("train/") or is_of_validation(metric)


def columns_of_rank(rows: Sequence[Row], rank: str) -> list[str]:
    """Return the columns of metrics that tell of the epoch by which jobs are ranked.

    Those of the test rows are always among them: they are measured once, with the weights that the
    job keeps. What is known of the last epoch alone is left out where jobs are ranked by their
    best, unless they have no best epoch.
    """
    names = metric_names(rows)
    if rank == "last" or BEST_EPOCH not in names:
        return [name for name in names if not name.startswith(BEST)]
    of_best = {name.removeprefix(BEST) for name in names if name.startswith(BEST)}
    return [
        name
        for name in names
        if name != BEST_EPOCH and name not in of_best and not is_of_every_epoch(name)
    ]


def value_of(row: Row, column: str) -> float | None:
    """Return what a job that completed has in the column of a metric or of the seconds.

    A job that keeps no checkpoints has no best epoch: then its last one counts. None where there is
    no finite value; a value of the last epoch never stands for one of the best that is missing.
    """
    value = row.seconds if column == SECONDS else row.metrics.get(column)
    if value is None and column.startswith(BEST):
        metric = column.removeprefix(BEST)
        if BEST_EPOCH not in row.metrics or not is_of_every_epoch(metric):
            value = row.metrics.get(metric)
    if row.status not in MEASURED or value is None or not isfinite(value):
        return None
    return value


@dataclass(frozen=True)
class Configuration:
    """Configuration of a sweep, a row of the table.

    Attributes:
        cells: the cells of its axes.
        jobs: its jobs, in the order of their numbers.
        folds: the folds that it has, or should have; none without a cross-validation.
    """

    cells: Mapping[str, str]
    jobs: list[Row]
    folds: Collection[str] = ()

    def completed(self, column: str) -> int:
        """Return how many jobs have a value in the column of a metric or of the seconds."""
        return sum(value_of(row, column) is not None for row in self.jobs)

    def values(self, column: str) -> list[float]:
        """Return what the jobs that completed have in a column; of folds the means of each."""
        values: dict[Any, list[float]] = {}
        for row in self.jobs:
            if (value := value_of(row, column)) is not None:
                key = cell(row.axes[FOLD]) if FOLD in row.axes else row.number
                values.setdefault(key, []).append(value)
        # Of a single number the exact mean takes longer than all else.
        return [some[0] if len(some) == 1 else mean(some) for some in values.values()]

    def mean(self, column: str) -> float | None:
        """Return the mean of `values`; None where no job has any."""
        values = self.values(column)
        return mean(values) if values else None

    def deviation(self, column: str) -> float | None:
        """Return the standard deviation of `values`, over n - 1; None where there are too few.

        Of jobs with folds that is the deviation over the folds.
        """
        values = self.values(column)
        try:
            return stdev(values) if len(values) > 1 else None
        except OverflowError:
            return float("inf")

    def lacks_folds(self, column: str) -> bool:
        """Return whether no job of some fold has a value."""
        return bool(self.folds) and len(self.values(column)) < len(self.folds)


def shown_axes(rows: Sequence[Row], group: bool = True) -> list[str]:
    """Return the axes that are columns of the table; those averaged over are none if grouped."""
    keys = dict.fromkeys(key for row in rows for key in row.axes)
    return [key for key in keys if not (group and key in AVERAGED)]


def configurations(
    rows: Sequence[Row], axes: Sequence[str], group: bool = True
) -> list[Configuration]:
    """Return jobs that differ in seed and fold alone together; without `group` each by itself."""
    groups: dict[tuple[object, ...], Configuration] = {}
    folds: dict[tuple[str, ...], dict[str, None]] = {}
    for row in rows if group else ():
        if FOLD in row.axes:
            folds.setdefault(_cross_validation(row), {})[cell(row.axes[FOLD])] = None
    for place, row in enumerate(sorted(rows, key=lambda row: row.number)):
        cells = {axis: cell(row.axes[axis]) if axis in row.axes else "" for axis in axes}
        key = tuple(cells.values()) if group else (place,)
        expected = folds.get(_cross_validation(row), {})
        groups.setdefault(key, Configuration(cells, [], tuple(expected))).jobs.append(row)
    return list(groups.values())


def _cross_validation(row: Row) -> tuple[str, ...]:
    """Return what jobs have in common that are cut into the same number of folds."""
    return tuple(cell(row.axes[key]) for key in ("sweep", "data.folds") if key in row.axes)


def in_jobs_order(configurations: Iterable[Configuration]) -> list[Configuration]:
    """Return configurations by the number of their first job, whatever their order was."""
    return sorted(configurations, key=lambda configuration: configuration.jobs[0].number)


def in_order(
    configurations: Sequence[Configuration], mode: str, key: Callable[[Configuration], Any]
) -> list[Configuration]:
    """Return configurations by a key, equal ones in the jobs' order; those without come last."""
    keyed = [(key(configuration), configuration) for configuration in configurations]
    ranked = [pair for pair in keyed if pair[0] is not None]
    ranked.sort(key=lambda pair: pair[0], reverse=mode == "max")
    return [configuration for _, configuration in ranked] + [
        configuration for value, configuration in keyed if value is None
    ]


def in_order_of_means(
    configurations: Sequence[Configuration], mode: str, column: str
) -> list[Configuration]:
    """Return configurations by their mean in a column; those without one come last.

    Of those with the same best epoch's value, as have the members of a population with a common
    ancestor, the one with the better last epoch comes first, then the jobs' order counts.
    """
    last = column.removeprefix(BEST)
    ordered = configurations
    if last != column:
        ordered = in_order(configurations, mode, lambda each: each.mean(last))
    return in_order(ordered, mode, lambda each: each.mean(column))


def by_mean(configurations: Sequence[Configuration], mode: str, column: str) -> list[Configuration]:
    """Return configurations by their mean in a column; those that lack folds come after the others.

    Their means are over other rows.
    """
    ranked = in_order_of_means(configurations, mode, column)
    return sorted(
        ranked,
        key=lambda configuration: (
            configuration.mean(column) is None or configuration.lacks_folds(column)
        ),
    )
