"""Ranking of a sweep's jobs: the closing table, how many ended how, and the winner."""

import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from math import isfinite, isnan, nan
from statistics import mean, stdev
from typing import Any

from seedbed.sweep.results.table import BEST, Row, cell
from seedbed.terminal.words import jobs_text

# The axis that the closing table does not tell apart.
SEED = "seed"
SECONDS = "seconds"
# The rows of the closing table.
ROWS = 10
# The epoch by whose metric jobs are ranked: their best, or their last.
RANKS = ("best", "last")


def ranked_column(metric: str, rank: str) -> str:
    """Return the column of results.csv by which jobs are ranked; `rank` is one of RANKS."""
    return f"{BEST}{metric}" if rank == "best" else metric


def value_of(row: Row, column: str) -> float | None:
    """Return what a job that completed has in the column of a metric or of the seconds.

    A job that keeps no checkpoints has no best epoch: then its last one counts. None where there is
    no finite value.
    """
    value = row.seconds if column == SECONDS else row.metrics.get(column)
    if value is None and column.startswith(BEST):
        value = row.metrics.get(column.removeprefix(BEST))
    return value if row.status == "completed" and value is not None and isfinite(value) else None


@dataclass(frozen=True)
class Configuration:
    """Configuration of a sweep, a row of the table: the cells of its axes, and its jobs."""

    cells: Mapping[str, str]
    jobs: list[Row]

    def values(self, column: str) -> list[float]:
        """Return what the jobs that completed have in the column of a metric or of the seconds."""
        values = (value_of(row, column) for row in self.jobs)
        return [value for value in values if value is not None]

    def mean(self, column: str) -> float | None:
        """Return the mean of `values`; None where no job has any."""
        values = self.values(column)
        return mean(values) if values else None


def shown_axes(rows: Sequence[Row], group: bool = True) -> list[str]:
    """Return the axes that are columns of the table; the seed is none where it is grouped over."""
    keys = dict.fromkeys(key for row in rows for key in row.axes)
    return [key for key in keys if not (group and key == SEED)]


def closing_table(
    rows: Sequence[Row],
    metric: str,
    mode: str,
    *,
    rank: str = "best",
    sort: str | None = None,
    top: int = ROWS,
    group: bool = True,
) -> Any:
    """Return a rich table of the best configurations, by the mean of a metric over the seeds.

    Only jobs that completed with a finite value count; where not all did, the last column says how
    many of them. A configuration whose jobs completed without one comes last.

    Args:
        rows: the jobs.
        metric: the watched metric, shown at the best and at the last epoch.
        mode: `min` or `max`, which end of the column that is sorted by comes first.
        rank: epoch of a job that counts, `best` or `last`.
        sort: another column to sort by, `seconds` or an axis.
        top: most rows.
        group: whether jobs that differ in their seed alone are one row; without, those that did not
            complete come last.
    """
    axes, column = shown_axes(rows, group), ranked_column(metric, rank)
    configurations = _configurations(rows, axes, group)
    if group:
        configurations = [
            configuration
            for configuration in configurations
            if any(row.status == "completed" for row in configuration.jobs)
        ]
    by = column if sort in (None, metric) else str(sort)
    if by in axes:
        ranked = _ranked(
            configurations, mode, lambda configuration: _sort_key(configuration.cells[by])
        )
    else:
        ranked = _ranked(configurations, mode, lambda configuration: configuration.mean(by))
    titles, title = {metric: metric}, None
    if any(ranked_column(metric, "best") in row.metrics for row in rows):
        # That by which jobs are ranked comes first.
        ranks = sorted(RANKS, key=lambda other: other != rank)
        titles = {ranked_column(metric, other): f"{other} {metric}" for other in ranks}
        title = f"ranked by {titles[column]}" if by == column else None
    columns = _columns(titles, sort == SECONDS, group, {row.status for row in rows})
    return _table(title, axes, columns, ranked[:top])


def _configurations(
    rows: Sequence[Row], axes: Sequence[str], group: bool = True
) -> list[Configuration]:
    """Return jobs that differ in their seed alone together; without `group` each by itself."""
    configurations: dict[tuple[object, ...], Configuration] = {}
    for place, row in enumerate(sorted(rows, key=lambda row: row.number)):
        cells = {axis: cell(row.axes[axis]) if axis in row.axes else "" for axis in axes}
        key = tuple(cells.values()) if group else (place,)
        configurations.setdefault(key, Configuration(cells, [])).jobs.append(row)
    return list(configurations.values())


def _ranked(
    configurations: Sequence[Configuration], mode: str, key: Callable[[Configuration], Any]
) -> list[Configuration]:
    """Return configurations by a key, equal ones in the jobs' order; those without come last."""
    keyed = [(key(configuration), configuration) for configuration in configurations]
    ranked = [pair for pair in keyed if pair[0] is not None]
    ranked.sort(key=lambda pair: pair[0], reverse=mode == "max")
    return [configuration for _, configuration in ranked] + [
        configuration for value, configuration in keyed if value is None
    ]


def _sort_key(text: str) -> tuple[int, float, str] | None:
    """Return what the cell of an axis is sorted by: numbers before texts; None: it is empty."""
    try:
        number = float(text)
    except ValueError:
        number = nan
    if isnan(number):
        return (1, 0.0, text) if text else None
    return (0, number, "")


def _columns(
    metrics: Mapping[str, str], with_seconds: bool, group: bool, statuses: Set[str]
) -> dict[str, Callable[[Configuration], str]]:
    """Return the columns beside the axes, by their titles: what a row has there.

    `metrics` are the titles of the metric's columns; the deviation is that of the first.
    """
    ranked, *others = metrics
    columns = {metrics[ranked]: _mean_of(ranked)}
    if group:
        columns["deviation"] = lambda configuration: _deviation(configuration.values(ranked))
    columns |= {metrics[column]: _mean_of(column) for column in others}
    if with_seconds:
        columns[SECONDS] = _mean_of(SECONDS)
    if group:
        columns["jobs"] = lambda configuration: _counted(
            len(configuration.values(ranked)), len(configuration.jobs)
        )
        return columns
    if statuses != {"completed"}:
        columns["status"] = lambda configuration: configuration.jobs[0].status
    columns["folder"] = lambda configuration: configuration.jobs[0].folder
    return columns


def _mean_of(column: str) -> Callable[[Configuration], str]:
    return lambda configuration: (
        "" if (value := configuration.mean(column)) is None else f"{value:.6g}"
    )


def _deviation(values: Sequence[float]) -> str:
    try:
        return f"{stdev(values):.3g}" if len(values) > 1 else ""
    except OverflowError:
        return "inf"


def _counted(completed: int, jobs: int) -> str:
    return str(jobs) if completed == jobs else f"{completed} of {jobs}"


def _table(
    title: str | None,
    axes: Sequence[str],
    columns: Mapping[str, Callable[[Configuration], str]],
    configurations: Sequence[Configuration],
) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    heading = Text(title) if title else None
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in (*axes, *columns):
        words = title in axes or title in ("status", "folder")
        # Where the terminal is narrow a cell goes on in the next line: no digit is left out.
        table.add_column(Text(title), justify="left" if words else "right", overflow="fold")
    for shown in configurations:
        cells = [*shown.cells.values(), *(column(shown) for column in columns.values())]
        # As text, for brackets and colons in names of the user's are no markup.
        table.add_row(*map(Text, cells))
    return table


def counts_text(rows: Sequence[Row]) -> str:
    """Return how many jobs ended how, such as `980 completed, 15 diverged, 5 failed`."""
    counts = Counter(row.status for row in rows)
    return ", ".join(f"{count:,} {status}" for status, count in counts.items())


def unranked_lines(rows: Sequence[Row], metric: str, rank: str = "best") -> list[str]:
    """Return a line on the jobs that completed and cannot be ranked; none where all can be."""
    column = ranked_column(metric, rank)
    count = sum(row.status == "completed" and value_of(row, column) is None for row in rows)
    return [f"not ranked   {jobs_text(count)} without a finite {metric}"] if count else []


def best_first(rows: Sequence[Row], metric: str, mode: str, rank: str = "best") -> list[Row]:
    """Return the jobs that completed with a finite value of a metric, the best one first."""
    sign = 1.0 if mode == "min" else -1.0
    values = ((value_of(row, ranked_column(metric, rank)), row) for row in rows)
    keyed = [((sign * value, row.number), row) for value, row in values if value is not None]
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


# The winner


@dataclass(frozen=True)
class Winner:
    """Configuration that the closing table puts first: its jobs, and their median.

    Of an even number of jobs the better one of the two in the middle is the median.
    """

    jobs: Sequence[Row]
    median: Row


def winner(rows: Sequence[Row], metric: str, mode: str, rank: str = "best") -> Winner | None:
    """Return the configuration with the best mean over its seeds, None where no job completed."""
    column = ranked_column(metric, rank)
    configurations = _configurations(rows, shown_axes(rows))
    first = next(
        iter(_ranked(configurations, mode, lambda configuration: configuration.mean(column))), None
    )
    completed = best_first(first.jobs, metric, mode, rank) if first else []
    return Winner(first.jobs, completed[(len(completed) - 1) // 2]) if first and completed else None


def winner_lines(best: Winner, flags: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """Return the command that repeats a winner's median, and the one that repeats all its seeds.

    `flags` are the command's words beside overrides, `overrides` those of the median.
    """
    words = [word for word in overrides if not word.startswith("sweep.")]
    alone = f"best alone   {shlex.join(['seedbed', 'train', *flags, *words])}"
    seeds = [str(row.axes[SEED]) for row in best.jobs if SEED in row.axes]
    if len(seeds) < 2:
        return [alone]
    completed = sum(row.status == "completed" for row in best.jobs)
    swept = [re.sub(r"^(\+*seed)=.*", rf"\1={_swept(seeds)}", word) for word in words]
    command = shlex.join(["seedbed", "train", "-m", *flags, *swept])
    of = f"median of {completed} seeds" if completed > 1 else "the only seed that completed"
    return [f"{alone}  # {of}", f"all seeds    {command}"]


def _swept(seeds: Sequence[str]) -> str:
    """Return seeds as the values of an axis; of many in a row as a range."""
    if len(seeds) > 3 and all(seed.isdecimal() for seed in seeds):
        first, last = int(seeds[0]), int(seeds[-1])
        if [int(seed) for seed in seeds] == list(range(first, last + 1)):
            return f"range({first},{last + 1})"
    return ",".join(seeds)
