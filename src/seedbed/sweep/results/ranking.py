"""What a sweep says at its end: the closing table, how many jobs ended how, and the winner."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan, nan
from statistics import mean, stdev
from typing import Any

from seedbed.sweep.results.table import Row, cell

# The axis that the closing table does not tell apart.
SEED = "seed"
SECONDS = "seconds"
# The rows of the closing table.
BEST = 10

# Numbers before texts.
Place = tuple[int, float, str]


@dataclass(frozen=True)
class Group:
    """A row of the table: the cells of its axes, and the jobs that have them."""

    cells: Mapping[str, str]
    jobs: Sequence[Row]

    def reached(self, column: str) -> list[float]:
        """Return what the jobs that completed have in the column of a metric or of the seconds."""
        completed = [row for row in self.jobs if row.status == "completed"]
        found = [row.seconds if column == SECONDS else row.metrics.get(column) for row in completed]
        return [value for value in found if value is not None and isfinite(value)]


def shown_axes(rows: Sequence[Row], group: bool = True) -> list[str]:
    """Return the axes that are columns of the table; the seed is none where it is grouped over."""
    keys = dict.fromkeys(key for row in rows for key in row.axes)
    return [key for key in keys if not (group and key == SEED)]


def closing_table(
    rows: Sequence[Row],
    metric: str,
    mode: str,
    *,
    sort: str | None = None,
    top: int = BEST,
    group: bool = True,
) -> Any:
    """Return a rich table of the best by the mean of a metric over the seeds.

    `sort` names another column to sort by: `seconds` or an axis. `mode` says which end of it comes
    first, `min` or `max`. Only jobs that completed count; where not all did, the last column says
    how many of them. Without `group` a row is one job, and those that did not complete come last.
    """
    axes = shown_axes(rows, group)
    ordered = sorted(rows, key=lambda row: row.number)
    groups = _groups(ordered, axes, metric) if group else _single_jobs(ordered, axes)
    ranked = _ranked(groups, sort or metric, mode, is_axis=sort in axes and sort != metric)
    columns = _columns(metric, sort == SECONDS, group, [row.status for row in rows])
    return _table(axes, columns, ranked[:top])


def _groups(rows: Sequence[Row], axes: Sequence[str], metric: str) -> list[Group]:
    """Return jobs that differ in their seed alone together, where any of them reached something."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(_cells(row, axes).values()), []).append(row)
    groups = [Group(_cells(jobs[0], axes), jobs) for jobs in found.values()]
    return [one for one in groups if one.reached(metric)]


def _single_jobs(rows: Sequence[Row], axes: Sequence[str]) -> list[Group]:
    return [Group(_cells(row, axes), [row]) for row in rows]


def _cells(row: Row, axes: Sequence[str]) -> dict[str, str]:
    return {axis: cell(row.axes[axis]) if axis in row.axes else "" for axis in axes}


def _ranked(groups: Sequence[Group], column: str, mode: str, is_axis: bool) -> list[Group]:
    """Return the groups by a column, in the jobs' order where it is equal; the last have none."""
    places: list[tuple[Place, Group]] = []
    without: list[Group] = []
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
    metric: str, with_seconds: bool, group: bool, statuses: Sequence[str]
) -> dict[str, Callable[[Group], str]]:
    """Return the columns beside the axes, by their titles: what a row has there."""
    columns = {metric: lambda one: _mean(one.reached(metric))}
    if group:
        columns["deviation"] = lambda one: _deviation(one.reached(metric))
    if with_seconds:
        columns[SECONDS] = lambda one: _mean(one.reached(SECONDS))
    if group:
        columns["jobs"] = lambda one: _counted(len(one.reached(metric)), len(one.jobs))
        return columns
    if set(statuses) != {"completed"}:
        columns["status"] = lambda one: one.jobs[0].status
    columns["folder"] = lambda one: one.jobs[0].folder
    return columns


def _mean(values: Sequence[float]) -> str:
    return f"{mean(values):.6g}" if values else ""


def _deviation(values: Sequence[float]) -> str:
    try:
        return f"{stdev(values):.3g}" if len(values) > 1 else ""
    except OverflowError:
        return "inf"


def _counted(completed: int, jobs: int) -> str:
    return str(jobs) if completed == jobs else f"{completed} of {jobs}"


def _table(
    axes: Sequence[str], columns: Mapping[str, Callable[[Group], str]], groups: Sequence[Group]
) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
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


def best_first(rows: Sequence[Row], metric: str, mode: str) -> list[Row]:
    """Return the jobs that completed with a finite value of a metric, the best one first."""
    sign = 1.0 if mode == "min" else -1.0
    found = [row for row in rows if Group({}, [row]).reached(metric)]
    return sorted(found, key=lambda row: (sign * row.metrics[metric], row.number))


def command_alone(flags: Sequence[str], overrides: Sequence[str]) -> str:
    """Return the command that repeats one job of a sweep by itself."""
    words = [word for word in overrides if not word.startswith("sweep.")]
    return shlex.join(["seedbed", "train", *flags, *words])
