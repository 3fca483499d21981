"""What a sweep says at its end: the closing table, how many jobs ended how, and the winner."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan, nan
from statistics import mean, stdev
from typing import Any

from seedbed.sweep.results.table import BEST, Row, cell

# The axis that the closing table does not tell apart.
SEED = "seed"
SECONDS = "seconds"
# The rows of the closing table.
ROWS = 10
# The epoch by whose metric jobs are ranked: their best, or their last.
RANKS = ("best", "last")

# Numbers before texts.
Place = tuple[int, float, str]


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
    """A row of the table: the cells of its axes, and the jobs that have them."""

    cells: Mapping[str, str]
    jobs: Sequence[Row]

    def reached(self, column: str) -> list[float]:
        """Return what the jobs that completed have in the column of a metric or of the seconds."""
        found = (value_of(row, column) for row in self.jobs)
        return [value for value in found if value is not None]


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
    """Return a rich table of the best by the mean of a metric over the seeds.

    `rank` says which epoch of a job counts, `best` or `last`; the table shows the metric in both.
    `sort` names another column to sort by: `seconds` or an axis. `mode` says which end of it comes
    first, `min` or `max`. Only jobs that completed count; where not all did, the last column says
    how many of them. Without `group` a row is one job, and those that did not complete come last.
    """
    axes, column = shown_axes(rows, group), ranked_column(metric, rank)
    ordered = sorted(rows, key=lambda row: row.number)
    found = _configurations(ordered, axes, column) if group else _single_jobs(ordered, axes)
    is_axis = sort in axes and sort != metric
    by = column if sort in (None, metric) else str(sort)
    ranked = _ranked(found, by, mode, is_axis)
    both = any(ranked_column(metric, "best") in row.metrics for row in rows)
    titles = _titles(metric, rank) if both else {metric: metric}
    columns = _columns(titles, sort == SECONDS, group, [row.status for row in rows])
    title = f"ranked by {next(iter(titles.values()))}" if both and by == column else None
    return _table(title, axes, columns, ranked[:top])


def _titles(metric: str, rank: str) -> dict[str, str]:
    """Return the titles of the metric's columns, that by which jobs are ranked first."""
    order = [rank, *(one for one in RANKS if one != rank)]
    return {ranked_column(metric, one): f"{one} {metric}" for one in order}


def _configurations(rows: Sequence[Row], axes: Sequence[str], column: str) -> list[Configuration]:
    """Return jobs that differ in their seed alone together, where any of them reached something."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(_cells(row, axes).values()), []).append(row)
    groups = [Configuration(_cells(jobs[0], axes), jobs) for jobs in found.values()]
    return [one for one in groups if one.reached(column)]


def _single_jobs(rows: Sequence[Row], axes: Sequence[str]) -> list[Configuration]:
    return [Configuration(_cells(row, axes), [row]) for row in rows]


def _cells(row: Row, axes: Sequence[str]) -> dict[str, str]:
    return {axis: cell(row.axes[axis]) if axis in row.axes else "" for axis in axes}


def _ranked(
    groups: Sequence[Configuration], column: str, mode: str, is_axis: bool
) -> list[Configuration]:
    """Return the groups by a column, in the jobs' order where it is equal; the last have none."""
    places: list[tuple[Place, Configuration]] = []
    without: list[Configuration] = []
    for group in groups:
        place = _place_of(group.cells[column]) if is_axis else _mean_of(group.reached(column))
        if place is None:
            without.append(group)
        else:
            places.append((place, group))
    places.sort(key=lambda one: one[0], reverse=mode == "max")
    return [group for _, group in places] + without


def _mean_of(values: Sequence[float]) -> Place | None:
    return (0, mean(values), "") if values else None


def _place_of(text: str) -> Place | None:
    try:
        number = float(text)
    except ValueError:
        number = nan
    if isnan(number):
        return (1, 0.0, text) if text else None
    return (0, number, "")


def _columns(
    metrics: Mapping[str, str], with_seconds: bool, group: bool, statuses: Sequence[str]
) -> dict[str, Callable[[Configuration], str]]:
    """Return the columns beside the axes, by their titles: what a row has there.

    `metrics` are the titles of the metric's columns; the deviation is that of the first.
    """
    [(ranked, title), *others] = metrics.items()
    columns = {title: _mean_of_column(ranked)}
    if group:
        columns["deviation"] = lambda one: _deviation(one.reached(ranked))
    for column, other in others:
        columns[other] = _mean_of_column(column)
    if with_seconds:
        columns[SECONDS] = _mean_of_column(SECONDS)
    if group:
        columns["jobs"] = lambda one: _counted(len(one.reached(ranked)), len(one.jobs))
        return columns
    if set(statuses) != {"completed"}:
        columns["status"] = lambda one: one.jobs[0].status
    columns["folder"] = lambda one: one.jobs[0].folder
    return columns


def _mean_of_column(column: str) -> Callable[[Configuration], str]:
    def text(one: Configuration) -> str:
        values = one.reached(column)
        return f"{mean(values):.6g}" if values else ""

    return text


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
    groups: Sequence[Configuration],
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
    for one in groups:
        cells = [*one.cells.values(), *(column(one) for column in columns.values())]
        # As text, for brackets and colons in names of the user's are no markup.
        table.add_row(*map(Text, cells))
    return table


def counts_text(rows: Sequence[Row]) -> str:
    """Return how many jobs ended how, such as `980 completed, 15 diverged, 5 failed`."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.status] = counts.get(row.status, 0) + 1
    return ", ".join(f"{count:,} {status}" for status, count in counts.items())


def best_first(rows: Sequence[Row], metric: str, mode: str, rank: str = "best") -> list[Row]:
    """Return the jobs that completed with a finite value of a metric, the best one first."""
    sign = 1.0 if mode == "min" else -1.0
    values = {row.number: value_of(row, ranked_column(metric, rank)) for row in rows}
    found = [(sign * value, row) for row in rows if (value := values[row.number]) is not None]
    return [row for _, row in sorted(found, key=lambda one: (one[0], one[1].number))]


# The winner


@dataclass(frozen=True)
class Winner:
    """The configuration that the closing table puts first: its jobs, and the one in their middle.

    Of an even number of jobs the better one of the two in the middle is the median.
    """

    jobs: Sequence[Row]
    median: Row


def winner(rows: Sequence[Row], metric: str, mode: str, rank: str = "best") -> Winner | None:
    """Return the configuration with the best mean over its seeds, None where no job completed."""
    axes, column = shown_axes(rows), ranked_column(metric, rank)
    ordered = sorted(rows, key=lambda row: row.number)
    ranked = _ranked(_configurations(ordered, axes, column), column, mode, is_axis=False)
    if not ranked:
        return None
    completed = best_first(ranked[0].jobs, metric, mode, rank)
    return Winner(ranked[0].jobs, completed[(len(completed) - 1) // 2])


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
