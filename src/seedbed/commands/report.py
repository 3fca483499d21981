"""`seedbed report DIR [DIR ...]`: the closing table of sweeps again, and over several of them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from omegaconf import DictConfig, ListConfig

from seedbed.config.metrics import known_mode
from seedbed.errors import ConfigError, listed, nearest
from seedbed.sweep.results.folder import SweepFolder, open_sweep
from seedbed.sweep.results.plan_file import SweepPlan, read_plan
from seedbed.sweep.results.ranking import (
    SECONDS,
    SEED,
    closing_table,
    counts_text,
    shown_axes,
    winner,
    winner_lines,
)
from seedbed.sweep.results.table import Row, metric_names, read_results
from seedbed.terminal.tables import print_table
from seedbed.terminal.words import dashboard_command, jobs_text, relative


@dataclass(frozen=True)
class Sweep:
    """The jobs of a sweep that have ended, and its plan."""

    folder: SweepFolder
    rows: Sequence[Row]
    plan: SweepPlan

    @property
    def not_ended(self) -> int:
        """How many jobs of the plan have no result."""
        return len({job.number for job in self.plan.jobs} - {row.number for row in self.rows})


class Order(NamedTuple):
    """The metric of the table and whether `min` or `max` is better; the column to sort by."""

    metric: str
    better: str
    sort: str
    mode: str


def report(config: DictConfig, command: list[str]) -> int:
    """Print the table of the sweeps' jobs, how many ended how, and the best one's command."""
    sweeps = _open_all(config.sweep, config.paths.outputs)
    rows = [row for sweep in sweeps for row in sweep.rows]
    order = _order(config, sweeps, rows)
    rank = config.rank or sweeps[0].plan.rank
    table = closing_table(
        rows,
        order.metric,
        order.mode,
        rank=rank,
        sort=order.sort,
        top=config.top,
        group=config.group,
    )
    if table.rows:
        print_table(table)
    waiting = sum(sweep.not_ended for sweep in sweeps)
    print(f"jobs         {counts_text(rows)}" + (f", {waiting:,} not ended" if waiting else ""))
    best = winner(rows, order.metric, order.better, rank)
    for sweep in sweeps:
        if best is not None and any(row is best.median for row in sweep.rows):
            overrides = {job.number: job.overrides for job in sweep.plan.jobs}
            words = overrides.get(best.median.number, ())
            print("\n".join(winner_lines(best, sweep.plan.flags, words)))
    if len(sweeps) == 1:
        print(f"results      {relative(sweeps[0].folder.results)}")
    if len(sweeps) == 1 and any(row.folder for row in rows):
        print(f"TensorBoard  {dashboard_command(sweeps[0].folder.path)}")
    return 0


def _open_all(sweep: object, outputs: str) -> list[Sweep]:
    """Return the sweeps, each once; where they are several the first of the axes is their name."""
    named = list(sweep) if isinstance(sweep, ListConfig) else [sweep]
    if not named or not all(isinstance(one, str | int | float) for one in named):
        raise ConfigError(f"sweep: {sweep} names no folders; write DIR, [DIR,DIR] or latest")
    opened = [_open(str(one), outputs) for one in named]
    sweeps = list({one.folder.path.resolve(): one for one in opened}.values())
    paths = [relative(one.folder.path) for one in sweeps]
    names = [one.folder.path.resolve().name for one in sweeps]
    names = names if len(set(names)) == len(names) else paths
    return [
        replace(one, rows=[_shown(row, path, name, len(sweeps) > 1) for row in one.rows])
        for one, path, name in zip(sweeps, paths, names, strict=True)
    ]


def _open(word: str, outputs: str) -> Sweep:
    """Return what is known of a sweep; raises ConfigError where none of its jobs has ended."""
    folder = open_sweep(word, outputs, "sweep")
    plan = read_plan(folder.plan)
    rows = read_results(folder.results) if folder.results.is_file() else []
    if not rows:
        jobs = jobs_text(len(plan.jobs))
        raise ConfigError(f"sweep={word}: no results yet; none of {jobs} has ended")
    return Sweep(folder, rows, plan)


def _shown(row: Row, path: str, name: str, several: bool) -> Row:
    """Return a row as the table shows it: with the path of its folder from the working folder."""
    axes = {"sweep": name, **row.axes} if several else row.axes
    return replace(row, axes=axes, folder=os.path.join(path, row.folder) if row.folder else "")


def _order(config: DictConfig, sweeps: Sequence[Sweep], rows: Sequence[Row]) -> Order:
    """Return what to show and to sort by; raises ConfigError where that is not known."""
    metrics, sort = metric_names(rows), config.sort
    if sort is not None:
        _refuse_unknown(sort, [*metrics, SECONDS, *shown_axes(rows, config.group)])
    optimized = list(dict.fromkeys((one.plan.metric, one.plan.mode) for one in sweeps))
    if sort in metrics:
        modes = [mode for metric, mode in optimized if metric == sort]
        optimized = [(sort, modes[0] if len(modes) == 1 else known_mode(sort) or "min")]
    if len(optimized) > 1:
        found = listed(f"{metric} ({mode})" for metric, mode in optimized)
        raise ConfigError(
            f"sweep: these sweeps optimized different metrics: {found}; choose sort=METRIC"
        )
    [(metric, mode)] = optimized
    if sort in (None, metric):
        mode = config.mode or mode
        return Order(metric, mode, metric, mode)
    return Order(metric, mode, sort, config.mode or "min")


def _refuse_unknown(sort: str, columns: Sequence[str]) -> None:
    if sort not in columns:
        hint = " With group=false there is." if sort == SEED else nearest(sort, columns)
        raise ConfigError(f"sort={sort}: no such column.{hint}\nColumns: {listed(columns, 30)}")
