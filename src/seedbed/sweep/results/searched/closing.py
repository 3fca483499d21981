"""What is told and drawn of a search when its trials have ended, from its plan and its rows."""

from collections.abc import Mapping, Sequence

from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.searched.curves import curves_of_jobs, curves_of_trials
from seedbed.sweep.results.searched.drawn import Drawing, draw, figures_lines
from seedbed.sweep.results.searched.told import keys_of, search_lines, shares_of
from seedbed.sweep.results.searched.trials import jobs_of_a_trial, trials_of
from seedbed.sweep.results.table import Row


def drawing_of(
    plan: SweepPlan, rows: Sequence[Row], logs: Mapping[str, bool] | None = None
) -> Drawing:
    """Return what is known of a search by its rows; `logs` says which keys are searched in log."""
    lanes = jobs_of_a_trial(plan.begun)
    trials = trials_of(rows, plan.metric, plan.rank, lanes)
    keys = keys_of(trials, logs)
    first = [planned.jobs[0].number // lanes for planned in plan.rounds]
    shares = shares_of(trials, keys, plan.mode)
    return Drawing(trials, keys, shares, plan.metric, plan.mode, generations=first)


def closing_lines(
    drawing: Drawing, folder: SweepFolder, epochs: tuple[int, int] | None = None
) -> list[str]:
    """Return what is told below the table, with the figures that there are.

    `epochs` are those that were trained and those that were planned; None: not known.
    """
    told = search_lines(drawing.trials, drawing.mode, drawing.shares, epochs)
    return told + figures_lines(folder.path)


def draw_search(drawing: Drawing, folder: SweepFolder, plan: SweepPlan, event_file: bool) -> None:
    """Draw the figures of a search; with `event_file` for TensorBoard, too."""
    lanes = jobs_of_a_trial(plan.begun)
    curves = curves_of_trials(curves_of_jobs(folder, plan), lanes)
    draw(folder.path, drawing.with_curves(curves), event_file)
