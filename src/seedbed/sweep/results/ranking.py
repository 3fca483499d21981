"""Ranking of a sweep's jobs: the closing table, how many ended how, and the winner."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import floor, isfinite, isnan, log10, nan
from pathlib import Path
from typing import Any

from seedbed.config.groups import is_of_sweep
from seedbed.config.metrics import ONCE_A_RUN, is_of_validation
from seedbed.runs.record import MEASURED
from seedbed.sweep.job import bare_key, without
from seedbed.sweep.results.configurations import (
    AVERAGED,
    FOLD,
    SECONDS,
    SEED,
    Configuration,
    by_mean,
    columns_of_rank,
    configurations,
    in_jobs_order,
    in_order,
    is_of_every_epoch,
    ranked_column,
    shown_axes,
)
from seedbed.sweep.results.judged import Judged, best_first, judged
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.searched.populations import POPULATION, population_lines
from seedbed.sweep.results.table import BEST, BEST_EPOCH, Row
from seedbed.terminal.words import few_digits, jobs_text

# The rows of the closing table.
ROWS = 10
# Most columns of other metrics of the validation rows.
OTHERS = 4
# Width beyond which their titles have two lines.
WIDTH = 100
# The column of the constraints that a configuration misses.
MISSED = "misses"
# What a row of the table has in a column.
Column = Callable[[Judged], str]
# The epoch by whose metric jobs are ranked: their best, or their last.
RANKS = ("best", "last")
# Digits of a number that a search has drawn.
DIGITS = 5
# What marks the mean of a configuration that lacks folds.
MARK = "*"


def closing_table(
    rows: Sequence[Row],
    objectives: Objectives,
    *,
    sort: str | None = None,
    mode: str | None = None,
    top: int = ROWS,
    group: bool = True,
    more: Sequence[str] = (),
) -> Any:
    """Return a rich table of the best configurations, by their means over seeds and folds.

    Only jobs that completed with a finite value count; where not all did, the last column says how
    many of them. A configuration whose jobs completed without one comes last. One that lacks folds
    is marked and comes after those that have all. Of folds the table has the first few other
    metrics of the validation rows, too, in the epoch by which jobs are ranked.

    Of several objectives the table has a column for each, and the rank of the Pareto front; of each
    front those that are least crowded are chosen, and shown in the order of the first objective.

    Args:
        rows: the jobs.
        objectives: by what jobs are judged.
        sort: another column to sort by: a metric, `seconds` or an axis.
        mode: which end of it comes first, `min` or `max`; None: the better one, of others `min`.
        top: most rows.
        group: whether jobs that differ in seed and fold alone are one row; without, those that did
            not complete come last.
        more: columns of results.csv that the table has, too, with their deviations where jobs are
            together; none: the first few of the validation rows, where there are folds.
    """
    axes = shown_axes(rows, group)
    ranked = ranked_configurations(rows, objectives, sort=sort, mode=mode, top=top, group=group)
    shown = [each.configuration for each in ranked]
    is_judged = _is_judged(objectives, sort, mode)
    titles = _titles(rows, objectives)
    has_folds = any(each.folds for each in shown)
    others = _other_titles(rows, objectives) if has_folds and not more else {}
    others |= {column: _title_of(column, rows) for column in more if column not in titles}
    statuses = {row.status for row in rows}

    def table(others: Mapping[str, str]) -> Any:
        single = objectives.whole and all(len(each.jobs) == 1 for each in shown)
        columns = _columns(
            objectives, {**titles, **others}, sort == SECONDS, group and not single, statuses
        )
        for column in more if group and not single else ():
            if column in others:
                columns[others[column]] = _mean_with_deviation(column)
        if single and group:
            columns = _of_trials(columns, statuses)
        if any(each.missed for each in ranked[:top]):
            columns[MISSED] = lambda each: ", ".join(each.missed)
        title = _title(rows, objectives) if is_judged else None
        return _table(title, axes, columns, ranked[:top], DIGITS if objectives.whole else None)

    shown_table = table(others)
    if others and _width(shown_table) > WIDTH:
        return table({key: text.replace(" ", "\n", 1) for key, text in others.items()})
    return shown_table


def ranked_configurations(
    rows: Sequence[Row],
    objectives: Objectives,
    *,
    sort: str | None = None,
    mode: str | None = None,
    top: int = ROWS,
    group: bool = True,
) -> list[Judged]:
    """Return the configurations of the closing table in its order, with those below its last row.

    Of several objectives the least crowded of the first `top` come first. See `closing_table`.
    """
    shown = configurations(rows, shown_axes(rows, group), group)
    if group:
        shown = [each for each in shown if any(row.status in MEASURED for row in each.jobs)]
    ranked = judged(shown, objectives)
    if not _is_judged(objectives, sort, mode) or (sort is not None and objectives.several):
        return _sorted(ranked, objectives, sort, mode)
    if objectives.several:
        return [*_by_first_objective(ranked[:top], objectives), *ranked[top:]]
    return ranked


def _is_judged(objectives: Objectives, sort: str | None, mode: str | None) -> bool:
    """Return whether the order is that of the metric by which jobs are ranked."""
    return sort in (None, objectives.metric) and mode in (None, objectives.mode)


def _sorted(
    ranked: Sequence[Judged], objectives: Objectives, sort: str | None, mode: str | None
) -> list[Judged]:
    """Return configurations by another column, or the other way around."""
    of = {id(each.configuration): each for each in ranked}
    shown = in_jobs_order(each.configuration for each in ranked)
    by = objectives.column if sort in (None, objectives.metric) else str(sort)
    better = mode or (objectives.mode if by == objectives.column else "min")
    if shown and by in shown[0].cells:
        ordered = in_order(shown, better, lambda each: _sort_key(each.cells[by]))
    else:
        ordered = by_mean(shown, better, by)
    return [of[id(each)] for each in ordered]


def _by_first_objective(ranked: Sequence[Judged], objectives: Objectives) -> list[Judged]:
    """Return configurations by their Pareto rank, and in each front by the first objective."""
    first = objectives.all[0]
    sign, column = 1.0 if first.mode == "min" else -1.0, objectives.columns[0]
    fronts = [each for each in ranked if each.rank is not None]
    fronts.sort(key=lambda each: (each.rank, sign * (each.configuration.mean(column) or 0.0)))
    return [*fronts, *(each for each in ranked if each.rank is None)]


def _titles(rows: Sequence[Row], objectives: Objectives) -> dict[str, str]:
    """Return the columns of the metrics by which jobs are judged, with their titles.

    That by which jobs are ranked comes first; of one objective it is shown in the other epoch, too.
    """
    metric, rank = objectives.metric, objectives.rank
    has_best = any(ranked_column(metric, "best") in row.metrics for row in rows)
    if objectives.several:
        titles = {
            column: f"{rank} {name}" if has_best and name not in ONCE_A_RUN else name
            for column, name in zip(
                objectives.columns, (each.metric for each in objectives.all), strict=True
            )
        }
    elif has_best:
        ranks = sorted(RANKS, key=lambda other: other != rank)
        titles = {ranked_column(metric, other): f"{other} {metric}" for other in ranks}
        if metric in ONCE_A_RUN:
            titles = {metric: metric}
    else:
        titles = {metric: metric}
    shown = {text.removeprefix(f"{rank} ") for text in titles.values()}
    bounds = (each.metric for each in objectives.constraints if each.metric not in shown)
    named = {
        objectives.column_of(name): f"{rank} {name}"
        if has_best and is_of_every_epoch(name)
        else name
        for name in bounds
    }
    return titles | named


def _title(rows: Sequence[Row], objectives: Objectives) -> str | None:
    """Return by what a table is ranked, where that is not said by its only metric."""
    titles = _titles(rows, objectives)
    if objectives.several:
        named = (
            f"{titles[column]} ({each.mode})"
            for column, each in zip(objectives.columns, objectives.all, strict=True)
        )
        return f"ranked by Pareto fronts of {', '.join(named)}"
    column = objectives.column
    return f"ranked by {titles[column]}" if column in titles and column != titles[column] else None


def _other_titles(rows: Sequence[Row], objectives: Objectives) -> dict[str, str]:
    """Return the columns of other metrics of the validation rows, with their titles."""
    rank = objectives.rank
    names = {column: column.removeprefix(BEST) for column in columns_of_rank(rows, rank)}
    epoch = f"{rank} " if any(BEST_EPOCH in row.metrics for row in rows) else ""
    titles = {
        column: f"{epoch}{name}"
        for column, name in names.items()
        if is_of_validation(name) and name not in objectives.names
    }
    return dict(list(titles.items())[:OTHERS])


def _title_of(column: str, rows: Sequence[Row]) -> str:
    """Return the title of a column of results.csv: of which epoch it is, where there are two."""
    if column.startswith(BEST):
        return f"best {column.removeprefix(BEST)}"
    has_best = any(BEST_EPOCH in row.metrics for row in rows)
    return f"last {column}" if has_best and is_of_every_epoch(column) else column


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
    objectives: Objectives,
    metrics: Mapping[str, str],
    with_seconds: bool,
    group: bool,
    statuses: Set[str],
) -> dict[str, Column]:
    """Return the columns beside the axes, by their titles: what a row has there.

    `metrics` are the titles of the metrics' columns. The deviation is that of the first; of several
    objectives it stands beside each mean.
    """
    several = objectives.several
    spread = several and group
    ranked, *others = metrics
    columns: dict[str, Column] = {}
    if several:
        columns["front"] = lambda each: "" if each.rank is None else str(each.rank)
    columns[metrics[ranked]] = _mean_of(ranked, spread)
    if group and not several:
        columns["deviation"] = lambda each: _number(each.configuration.deviation(ranked), 3)
    columns |= {
        metrics[column]: _mean_of(column, spread and column in objectives.columns)
        for column in others
    }
    if with_seconds:
        columns[SECONDS] = _mean_of(SECONDS)
    if group:
        columns["jobs"] = lambda each: _counted(
            each.configuration.completed(ranked), len(each.configuration.jobs)
        )
        return columns
    if statuses != {"completed"}:
        columns["status"] = lambda each: each.configuration.jobs[0].state
    columns["folder"] = lambda each: each.configuration.jobs[0].folder
    return columns


def _of_trials(columns: Mapping[str, Column], statuses: Set[str]) -> dict[str, Column]:
    """Return the columns of a search whose trials have one job each: with their numbers."""
    shown = {title: of for title, of in columns.items() if title not in ("folder", "status")}
    if statuses != {"completed"}:
        shown["epochs"] = lambda each: _whole(each.configuration.jobs[0].epochs)
        shown["status"] = lambda each: each.configuration.jobs[0].state.replace("_", " ")
    shown["trial"] = lambda each: str(each.configuration.jobs[0].number)
    return shown


def _mean_of(column: str, spread: bool = False) -> Column:
    def mean_of(ranked: Judged) -> str:
        configuration = ranked.configuration
        text = _number(configuration.mean(column), 6)
        if text and configuration.lacks_folds(column):
            text = f"{text}{MARK}"
        deviation = configuration.deviation(column) if spread else None
        return f"{text} ± {deviation:.3g}" if deviation else text

    return mean_of


def _mean_with_deviation(column: str) -> Column:
    """Return a column of means with as many digits as their deviations allow."""

    def mean_of(ranked: Judged) -> str:
        configuration = ranked.configuration
        mean, deviation = configuration.mean(column), configuration.deviation(column)
        if mean is None or not deviation or not isfinite(deviation):
            return _number(mean, 6)
        # Two digits of the deviation, and as many decimals of the mean.
        decimals = 1 - floor(log10(deviation))
        if not -5 <= decimals <= 9:
            return f"{mean:.6g} ± {deviation:.2g}"
        shown = (f"{round(value, decimals):.{max(decimals, 0)}f}" for value in (mean, deviation))
        return " ± ".join(shown)

    return mean_of


def _whole(number: int | None) -> str:
    return "" if number is None else str(number)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}g}"


def _counted(completed: int, jobs: int) -> str:
    return str(jobs) if completed == jobs else f"{completed} of {jobs}"


def _table(
    title: str | None,
    axes: Sequence[str],
    columns: Mapping[str, Column],
    ranked: Sequence[Judged],
    digits: int | None = None,
) -> Any:
    """Return the table; with `digits`, numbers of the axes have at most so many.

    The values of a grid are as they were typed. A search draws its own, to the last of 17 digits,
    which results.csv and the commands have.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    heading = Text(title) if title else None
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in (*axes, *columns):
        words = title in axes or title in ("status", "folder", MISSED)
        # Where the terminal is narrow a cell goes on in the next line: no digit is left out.
        table.add_column(Text(title), justify="left" if words else "right", overflow="fold")
    for shown in ranked:
        axis_cells = [few_digits(cell, digits) for cell in shown.configuration.cells.values()]
        cells = [*axis_cells, *(of(shown) for of in columns.values())]
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
    return ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in counts.items())


def folds_lines(rows: Sequence[Row], objectives: Objectives) -> list[str]:
    """Return what means and deviations are over, where there are folds, and what the mark means."""
    shown = [each for each in configurations(rows, shown_axes(rows)) if each.folds]
    if not shown:
        return []
    folds = _either(len(configuration.folds) for configuration in shown)
    seeds = _either(-(-len(each.jobs) // len(each.folds)) for each in shown)
    of = f", of their means over {seeds} seeds" if seeds != "1" else ""
    lines = [f"deviation    over {folds} folds{of}"]
    ranked = dict(zip(objectives.columns, (each.metric for each in objectives.all), strict=True))
    others = {name: name.removeprefix(BEST) for name in _other_titles(rows, objectives)}
    lacking = [
        name
        for column, name in {**ranked, **others}.items()
        if any(each.completed(column) and each.lacks_folds(column) for each in shown)
    ]
    if lacking:
        names = " or ".join(lacking)
        lines.append(f"{MARK:13}a mean over fewer folds: in the others no job has a {names}")
    return lines


def _either(counts: Iterable[int]) -> str:
    return " or ".join(map(str, sorted(set(counts))))


def unranked_lines(rows: Sequence[Row], objectives: Objectives) -> list[str]:
    """Return lines on the jobs that completed and cannot be the best; none where all can be."""
    completed = [row for row in rows if row.status in MEASURED]
    metrics = [each.metric for each in objectives.all]
    count = sum(None in objectives.values(row) for row in completed)
    lines = []
    if count:
        names = " or ".join(metrics)
        lines.append(f"not ranked   {jobs_text(count)} without a finite {names}")
    if objectives.constraints:
        shown = configurations(rows, shown_axes(rows))
        missed = sum(bool(each.missed) for each in judged(shown, objectives))
        texts = ", ".join(each.text for each in objectives.constraints)
        lines.append(f"constraints  {texts}: {missed:,} of {len(shown):,} configurations miss them")
    return lines


# The winner


@dataclass(frozen=True)
class Winner:
    """Configuration that is the best: its jobs, and their median.

    Of an even number of jobs the better one of the two in the middle is the median. Of several
    objectives it is that of the Pareto front which is the best in the metric that picks the best
    epoch, and `front` is how many configurations the front has.
    """

    jobs: Sequence[Row]
    median: Row
    front: int = 1


def winner(rows: Sequence[Row], objectives: Objectives) -> Winner | None:
    """Return the configuration that is the best, None where none can be."""
    ranked = judged(configurations(rows, shown_axes(rows)), objectives)
    front = [each.configuration for each in ranked if each.rank == 1]
    if not front and not objectives.whole:  # The means of what lacks folds are better than none.
        others = [each.configuration for each in ranked if not each.missed]
        front = [each for each in others if _is_known(each, objectives)][:1]
    if objectives.several:
        column = objectives.column
        front = in_order(in_jobs_order(front), objectives.mode, lambda each: each.mean(column))
    completed = best_first(front[0].jobs, replace(objectives, constraints=())) if front else []
    median = completed[(len(completed) - 1) // 2] if completed else None
    return Winner(front[0].jobs, median, len(front)) if median is not None else None


def _is_known(configuration: Configuration, objectives: Objectives) -> bool:
    return all(configuration.mean(column) is not None for column in objectives.columns)


def front_lines(best: Winner, objectives: Objectives) -> list[str]:
    """Return a line on the Pareto front, where there are several objectives."""
    if not objectives.several:
        return []
    count = f"{best.front:,} configuration" + "s" * (best.front != 1)
    chosen = f"; the one below has the best {objectives.metric}" if best.front > 1 else ""
    return [f"front        {count} that no other one beats in all objectives{chosen}"]


def lines_of_winner(best: Winner, plan: SweepPlan, folder: Path) -> list[str]:
    """Return the commands that train the winner of a sweep, whose folder this is, again."""
    if plan.search is not None and plan.search.sampler == POPULATION:
        trial = best.median.number // plan.jobs_of_trial
        kept = best.median.folder
        # A row of a report names its folder from where one is.
        path = next((path for path in (folder / kept, Path(kept)) if path.is_dir()), None)
        return population_lines(folder, trial, path if kept else None)
    overrides = {job.number: job.overrides for job in plan.jobs}
    return winner_lines(best, plan.flags, overrides.get(best.median.number, ()), plan.folds)


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
    words = [word for word in overrides if not is_of_sweep(bare_key(word))]
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
    completed = sum(row.status in MEASURED for row in best.jobs)
    of = f"median of {completed} seeds" if completed > 1 else "the only seed that completed"
    return [f"{alone}  # {of}", f"all seeds    {command}"]


def _swept(seeds: Sequence[str]) -> str:
    """Return seeds or folds as the values of an axis; of many in a row as a range."""
    if len(seeds) > 3 and all(seed.isdecimal() for seed in seeds):
        first, last = int(seeds[0]), int(seeds[-1])
        if [int(seed) for seed in seeds] == list(range(first, last + 1)):
            return f"range({first},{last + 1})"
    return ",".join(seeds)
