"""Ranking of a sweep's jobs: the closing table, how many ended how, and the winner."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

from seedbed.config.metrics import is_of_validation
from seedbed.sweep.job import bare_key, without
from seedbed.sweep.results.configurations import (
    AVERAGED,
    FOLD,
    SECONDS,
    SEED,
    Configuration,
    best_first,
    by_mean,
    columns_of_rank,
    configurations,
    in_order,
    ranked_column,
    shown_axes,
    value_of,
)
from seedbed.sweep.results.table import BEST, BEST_EPOCH, Row
from seedbed.terminal.words import jobs_text

# The rows of the closing table.
ROWS = 10
# Most columns of other metrics of the validation rows.
OTHERS = 4
# Width beyond which their titles have two lines.
WIDTH = 100
# The epoch by whose metric jobs are ranked: their best, or their last.
RANKS = ("best", "last")
# What marks the mean of a configuration that lacks folds.
MARK = "*"


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
    """Return a rich table of the best configurations, by the mean of a metric over seeds and folds.

    Only jobs that completed with a finite value count; where not all did, the last column says how
    many of them. A configuration whose jobs completed without one comes last. One that lacks folds
    is marked and comes after those that have all. Of folds the table has the first few other
    metrics of the validation rows, too, in the epoch by which jobs are ranked.

    Args:
        rows: the jobs.
        metric: the watched metric, shown at the best and at the last epoch.
        mode: `min` or `max`, which end of the column that is sorted by comes first.
        rank: epoch of a job that counts, `best` or `last`.
        sort: another column to sort by, `seconds` or an axis.
        top: most rows.
        group: whether jobs that differ in seed and fold alone are one row; without, those that did
            not complete come last.
    """
    axes, column = shown_axes(rows, group), ranked_column(metric, rank)
    shown = configurations(rows, axes, group)
    if group:
        shown = [each for each in shown if any(row.status == "completed" for row in each.jobs)]
    by = column if sort in (None, metric) else str(sort)
    if by in axes:
        ranked = in_order(shown, mode, lambda configuration: _sort_key(configuration.cells[by]))
    else:
        ranked = by_mean(shown, mode, by)
    titles, title = {metric: metric}, None
    if any(ranked_column(metric, "best") in row.metrics for row in rows):
        # That by which jobs are ranked comes first.
        ranks = sorted(RANKS, key=lambda other: other != rank)
        titles = {ranked_column(metric, other): f"{other} {metric}" for other in ranks}
        title = f"ranked by {titles[column]}" if by == column else None
    has_folds = any(each.folds for each in shown)
    others = _other_titles(rows, metric, rank) if has_folds else {}
    statuses = {row.status for row in rows}

    def table(others: Mapping[str, str]) -> Any:
        columns = _columns({**titles, **others}, sort == SECONDS, group, statuses)
        return _table(title, axes, columns, ranked[:top])

    shown_table = table(others)
    if others and _width(shown_table) > WIDTH:
        return table({key: text.replace(" ", "\n", 1) for key, text in others.items()})
    return shown_table


def _other_titles(rows: Sequence[Row], metric: str, rank: str) -> dict[str, str]:
    """Return the columns of other metrics of the validation rows, with their titles."""
    names = {column: column.removeprefix(BEST) for column in columns_of_rank(rows, rank)}
    epoch = f"{rank} " if any(BEST_EPOCH in row.metrics for row in rows) else ""
    titles = {
        column: f"{epoch}{name}"
        for column, name in names.items()
        if is_of_validation(name) and name != metric.removeprefix(BEST)
    }
    return dict(list(titles.items())[:OTHERS])


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
        columns["deviation"] = lambda configuration: _number(configuration.deviation(ranked), 3)
    columns |= {metrics[column]: _mean_of(column) for column in others}
    if with_seconds:
        columns[SECONDS] = _mean_of(SECONDS)
    if group:
        columns["jobs"] = lambda configuration: _counted(
            configuration.completed(ranked), len(configuration.jobs)
        )
        return columns
    if statuses != {"completed"}:
        columns["status"] = lambda configuration: configuration.jobs[0].state
    columns["folder"] = lambda configuration: configuration.jobs[0].folder
    return columns


def _mean_of(column: str) -> Callable[[Configuration], str]:
    def mean_of(configuration: Configuration) -> str:
        text = _number(configuration.mean(column), 6)
        return f"{text}{MARK}" if text and configuration.lacks_folds(column) else text

    return mean_of


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}g}"


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


def _width(table: Any) -> int:
    """Return the width that a table takes where no line is wrapped."""
    from rich.console import Console

    return Console(width=10_000).measure(table).maximum


def counts_text(rows: Sequence[Row]) -> str:
    """Return how many jobs ended how, such as `980 completed, 15 diverged, 5 failed`."""
    counts = Counter(row.status for row in rows)
    return ", ".join(f"{count:,} {status}" for status, count in counts.items())


def folds_lines(rows: Sequence[Row], metric: str, rank: str = "best") -> list[str]:
    """Return what means and deviations are over, where there are folds, and what the mark means."""
    shown = [each for each in configurations(rows, shown_axes(rows)) if each.folds]
    if not shown:
        return []
    folds = _either(len(configuration.folds) for configuration in shown)
    seeds = _either(-(-len(each.jobs) // len(each.folds)) for each in shown)
    of = f", of their means over {seeds} seeds" if seeds != "1" else ""
    lines = [f"deviation    over {folds} folds{of}"]
    columns = [ranked_column(metric, rank), *_other_titles(rows, metric, rank)]
    lacking = [
        metric if column == columns[0] else column.removeprefix(BEST)
        for column in columns
        if any(each.completed(column) and each.lacks_folds(column) for each in shown)
    ]
    if lacking:
        names = " or ".join(lacking)
        lines.append(f"{MARK:13}a mean over fewer folds: in the others no job has a {names}")
    return lines


def _either(counts: Iterable[int]) -> str:
    return " or ".join(map(str, sorted(set(counts))))


def unranked_lines(rows: Sequence[Row], metric: str, rank: str = "best") -> list[str]:
    """Return a line on the jobs that completed and cannot be ranked; none where all can be."""
    column = ranked_column(metric, rank)
    count = sum(row.status == "completed" and value_of(row, column) is None for row in rows)
    return [f"not ranked   {jobs_text(count)} without a finite {metric}"] if count else []


# The winner


@dataclass(frozen=True)
class Winner:
    """Configuration that the closing table puts first: its jobs, and their median.

    Of an even number of jobs the better one of the two in the middle is the median.
    """

    jobs: Sequence[Row]
    median: Row


def winner(rows: Sequence[Row], metric: str, mode: str, rank: str = "best") -> Winner | None:
    """Return the configuration with the best mean, None where no job completed."""
    ranked = by_mean(configurations(rows, shown_axes(rows)), mode, ranked_column(metric, rank))
    completed = best_first(ranked[0].jobs, metric, mode, rank) if ranked else []
    return Winner(ranked[0].jobs, completed[(len(completed) - 1) // 2]) if completed else None


def winner_lines(
    best: Winner, flags: Sequence[str], overrides: Sequence[str], folds: int | None = None
) -> list[str]:
    """Return the command that repeats a winner's median, and the one that repeats all its seeds.

    Of a cross-validation only the latter, which repeats the folds, too.

    Args:
        best: the winner.
        flags: the command's words beside overrides.
        overrides: those of the median.
        folds: `sweep.folds`, where the sweep has it.
    """
    words = [word for word in overrides if not word.startswith("sweep.")]
    swept = {
        axis: list(dict.fromkeys(str(row.axes[axis]) for row in best.jobs if axis in row.axes))
        for axis in AVERAGED
    }
    if folds:
        words = [*without(tuple(words), ("data.folds", FOLD)), f"sweep.folds={folds}"]
    several = [
        f"{word.partition('=')[0]}={_swept(values)}"
        if len(values := swept.get(bare_key(word), ())) > 1
        else word
        for word in words
    ]
    command = shlex.join(["seedbed", "train", "-m", *flags, *several])
    if swept[FOLD]:
        return [f"all folds    {command}"]
    alone = f"best alone   {shlex.join(['seedbed', 'train', *flags, *words])}"
    if len(swept[SEED]) < 2:
        return [alone]
    completed = sum(row.status == "completed" for row in best.jobs)
    of = f"median of {completed} seeds" if completed > 1 else "the only seed that completed"
    return [f"{alone}  # {of}", f"all seeds    {command}"]


def _swept(seeds: Sequence[str]) -> str:
    """Return seeds or folds as the values of an axis; of many in a row as a range."""
    if len(seeds) > 3 and all(seed.isdecimal() for seed in seeds):
        first, last = int(seeds[0]), int(seeds[-1])
        if [int(seed) for seed in seeds] == list(range(first, last + 1)):
            return f"range({first},{last + 1})"
    return ",".join(seeds)
