"""What is told and drawn of a search when its trials have ended, from its plan and its rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from seedbed.sweep.job import bare_key
from seedbed.sweep.results.configurations import configurations, shown_axes
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.judged import judged
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.searched.curves import curves_of_jobs, curves_of_trials
from seedbed.sweep.results.searched.drawn import Drawing, draw, figures_lines
from seedbed.sweep.results.searched.populations import (
    POPULATION,
    lineage_of,
    population_figure,
)
from seedbed.sweep.results.searched.told import keys_of, search_lines, shares_of
from seedbed.sweep.results.searched.trials import COMPLETED, STOPPED, trials_of
from seedbed.sweep.results.table import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_EPOCHS = "trainer.max_epochs"


def drawing_of(plan: SweepPlan, rows: Sequence[Row]) -> Drawing:
    """Return what is known of a search by its rows."""
    objectives, lanes = plan.objectives, plan.jobs_of_trial
    trials = trials_of(rows, objectives.metric, objectives.rank, lanes)
    space = plan.search.space if plan.search else []
    logs = {bare_key(each["key"]): each.get("log", False) for each in space if "low" in each}
    # What the trials of a population began with tells nothing of what they have reached.
    population = plan.search is not None and plan.search.sampler == POPULATION
    keys = [] if population else keys_of(trials, logs)
    ranks, missed = _judged_trials(rows, plan)
    values = [ranks.get(trial.number) for trial in trials] if objectives.several else None
    return Drawing(
        trials=trials,
        keys=keys,
        shares=None if population else shares_of(trials, keys, objectives.mode, values),
        metric=objectives.metric,
        mode=objectives.mode,
        generations=[planned.jobs[0].number // lanes for planned in plan.rounds],
        objectives=[(each.metric, each.mode) for each in objectives.all],
        front=frozenset(number for number, rank in ranks.items() if rank == 1),
        infeasible=missed,
        rank=objectives.rank,
    )


def _judged_trials(rows: Sequence[Row], plan: SweepPlan) -> tuple[dict[int, int], frozenset[int]]:
    """Return the Pareto rank of each trial that has one, and the trials that miss a constraint."""
    objectives, lanes = plan.objectives, plan.jobs_of_trial
    if not objectives.several and not objectives.constraints:
        return {}, frozenset()
    ranks: dict[int, int] = {}
    missed: set[int] = set()
    for each in judged(configurations(rows, shown_axes(rows)), objectives):
        numbers = {row.number // lanes for row in each.configuration.jobs}
        if each.missed:
            missed |= numbers
        if each.rank is not None:
            ranks |= dict.fromkeys(numbers, each.rank)
    return ranks, frozenset(missed)


def epochs_of(rows: Sequence[Row]) -> tuple[int, int] | None:
    """Return the epochs that jobs have trained, and those that were planned for them.

    Those of a trial that was stopped were as many as others were trained whose length is not
    searched. None where they are not known.
    """
    lengths = [(row, row.epochs) for row in rows if row.epochs is not None]
    whole = max((epochs for row, epochs in lengths if row.status == COMPLETED), default=None)
    if whole is None:
        return None
    planned = 0
    for row, epochs in lengths:
        typed = str(row.axes.get(MAX_EPOCHS, ""))
        planned += int(typed) if typed.isdecimal() else whole if row.status == STOPPED else epochs
    return sum(epochs for _, epochs in lengths), planned


def closing_lines(
    drawing: Drawing, folder: SweepFolder, epochs: tuple[int, int] | None = None
) -> list[str]:
    """Return what is told below the table, with the figures that there are.

    `epochs` are those that were trained and those that were planned; None: not known.
    """
    if not drawing.keys:
        return figures_lines(folder.path)
    told = search_lines(
        drawing.trials,
        drawing.mode,
        drawing.shares,
        epochs,
        infeasible=drawing.infeasible,
        several=len(drawing.objectives) > 1,
    )
    return told + figures_lines(folder.path)


def draw_search(drawing: Drawing, folder: SweepFolder, plan: SweepPlan, event_file: bool) -> None:
    """Draw the figures of a search; with `event_file` for TensorBoard, too."""
    curves = curves_of_trials(curves_of_jobs(folder, plan), plan.jobs_of_trial)
    drawing = drawing.with_curves(curves)
    if plan.search is not None and plan.search.sampler == POPULATION:
        drawing = replace(drawing, population=_population(drawing, folder))
    draw(folder.path, drawing, event_file)


def _population(drawing: Drawing, folder: SweepFolder) -> "Callable[[], Figure] | None":
    """Return what draws a population and the schedule of its best trial; None: nothing to draw."""
    trials = [trial for trial in drawing.trials if trial.value is not None]
    epochs = max((epoch for curve in drawing.curves.values() for epoch in curve), default=0)
    if not trials or not epochs:
        return None
    choose = min if drawing.mode == "min" else max
    best = choose(trials, key=lambda trial: trial.value or 0.0)
    rows = lineage_of(folder.path, best.number)
    return None if rows is None else partial(population_figure, rows, best.number, epochs)
