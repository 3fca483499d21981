"""Documents of sweeps, from their plans and the tables of their jobs."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from seedbed.analysis.searches.best_so_far import improvements
from seedbed.catalogue.opened_sweeps import OpenedSweep, opened_sweeps
from seedbed.documents.document import Value
from seedbed.documents.runs import JobCounts, Labels
from seedbed.documents.sweeps import (
    Best,
    Configuration,
    Found,
    Improvement,
    Job,
    Objective,
    Results,
    Statistics,
    Sweep,
    SweepOutcome,
)
from seedbed.runs.folder import RECORD
from seedbed.runs.record import KILLED
from seedbed.sweep.results.configurations import AVERAGED, columns_of_rank, shown_axes
from seedbed.sweep.results.folder import SweepFolder, resume_word
from seedbed.sweep.results.judged import Judged
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.ranking import (
    folds_lines,
    lines_of_winner,
    ranked_configurations,
    unranked_lines,
    winner,
)
from seedbed.sweep.results.table import Row, cell
from seedbed.terminal.words import relative

# Rows of a report that a sweep ends with, as many as are printed.
ROWS = 10


@dataclass(frozen=True)
class Shown:
    """What is shown of jobs, and in which order; see `ranking.closing_table`."""

    objectives: Objectives
    sort: str | None = None
    mode: str | None = None
    top: int = ROWS
    group: bool = True


def sweep_outcome(path: Path, exit_code: int) -> SweepOutcome | None:
    """Return the document of a sweep that has ended; None where it left no plan."""
    folder = SweepFolder(path)
    if not folder.plan.is_file():
        return None
    [opened] = opened_sweeps([folder])
    return SweepOutcome(
        exit_code=exit_code,
        sweep=sweep_part(opened),
        results=results_part([opened], Shown(opened.plan.objectives)) if opened.rows else None,
    )


def sweep_part(opened: OpenedSweep) -> Sweep:
    """Return what a sweep was and how far it is."""
    folder, plan = opened.folder, opened.plan
    counts = Counter(row.status for row in opened.rows)
    missing = len(opened.not_ended)
    is_running = folder.is_running()
    stopped = missing > 0 or counts["interrupted"] > 0
    again = bool(missing or counts["failed"] or counts["interrupted"])
    word = resume_word(folder)
    return Sweep(
        folder=relative(folder.path),
        status="running" if is_running else "interrupted" if stopped else "completed",
        killed=not is_running and stopped and folder.was_killed(),
        labels=Labels(name=plan.labels.name, tags=list(plan.labels.tags), notes=plan.labels.notes),
        started=plan.started or None,
        axes=dict(plan.axes),
        search=plan.search.sampler if plan.search is not None else None,
        folds=plan.folds,
        jobs=JobCounts(planned=len(plan.jobs), ended=dict(counts), missing=missing),
        results=relative(folder.results) if folder.results.is_file() else None,
        files=_files(folder),
        go_on=f"seedbed train -m {word}" if again and not is_running else None,
    )


def _files(folder: SweepFolder) -> dict[str, str]:
    files = {
        "configurations": folder.configurations,
        "out_of_fold": folder.out_of_fold,
        "page": folder.path / "report.html",
    }
    named = {name: relative(file) for name, file in files.items() if file.is_file()}
    has_refit = (folder.refit / RECORD).is_file()
    return {**named, **({"refit": relative(folder.refit)} if has_refit else {})}


def results_part(sweeps: Sequence[OpenedSweep], shown: Shown) -> Results:
    """Return the jobs of sweeps, ranked."""
    rows = [row for sweep in sweeps for row in sweep.rows]
    objectives, group = shown.objectives, shown.group
    ranked = ranked_configurations(
        rows, objectives, sort=shown.sort, mode=shown.mode, top=shown.top, group=group
    )
    of_job = {id(row): place for place, sweep in enumerate(sweeps) for row in sweep.rows}
    first = ranked[: shown.top]
    columns = dict.fromkeys([*objectives.columns, *columns_of_rank(rows, objectives.rank)])
    notes = folds_lines(rows, objectives) if group else []
    best, told = _best(sweeps, rows, first, objectives, of_job)
    return Results(
        objectives=[Objective(metric=m, mode=_mode(mode)) for m, mode in objectives.all],
        rank="best" if objectives.rank == "best" else "last",
        constraints=[each.text for each in objectives.constraints],
        sort=shown.sort,
        averaged=[key for key in AVERAGED if any(key in row.axes for row in rows)] if group else [],
        ended=dict(Counter(row.status for row in rows)),
        total=len(ranked),
        configurations=[
            _configuration(place, each, objectives, list(columns), of_job)
            for place, each in enumerate(first, start=1)
        ]
        if group
        else [],
        jobs=[] if group else [_job(each.configuration.jobs[0], of_job) for each in first],
        best=best,
        found=_found(sweeps[0]) if len(sweeps) == 1 and sweeps[0].plan.search else None,
        told=[*notes, *unranked_lines(rows, objectives), *told],
    )


def _found(sweep: OpenedSweep) -> Found:
    """Return what a search has found."""
    # Importances, which few reports need.
    from seedbed.sweep.results.searched.closing import drawing_of, epochs_of
    from seedbed.sweep.results.searched.trials import COMPLETED, STOPPED

    drawing = drawing_of(sweep.plan, sweep.rows)
    trials = [each for each in drawing.trials if each.number not in drawing.infeasible]
    completed = [each for each in trials if each.status == COMPLETED]
    epochs = epochs_of(sweep.rows)
    better = improvements((each.value for each in completed), drawing.mode)
    return Found(
        trials=len(drawing.trials),
        stopped_early=sum(each.status == STOPPED for each in drawing.trials),
        epochs=None if epochs is None else epochs[0],
        planned_epochs=None if epochs is None else epochs[1],
        best_so_far=[]
        if len(drawing.objectives) > 1
        else [Improvement(trial=completed[place].number, value=value) for place, value in better],
        importances=None if drawing.shares is None else dict(drawing.shares),
    )


def _mode(mode: str) -> Any:
    return "max" if mode == "max" else "min"


def _configuration(
    place: int,
    judged: Judged,
    objectives: Objectives,
    columns: Sequence[str],
    of_job: Mapping[int, int],
) -> Configuration:
    shown = judged.configuration
    ranked = objectives.column
    return Configuration(
        place=place,
        axes=plain_axes(shown.cells),
        jobs=[(of_job[id(row)], row.number) for row in shown.jobs],
        completed=shown.completed(ranked),
        metrics={
            column: Statistics(
                mean=shown.mean(column),
                deviation=shown.deviation(column),
                jobs=shown.completed(column),
            )
            for column in columns
        },
        front=judged.rank if objectives.several else None,
        misses=list(judged.missed),
        lacks_folds=shown.lacks_folds(ranked),
    )


def _job(row: Row, of_job: Mapping[int, int]) -> Job:
    return Job(
        sweep=of_job[id(row)],
        number=row.number,
        axes=plain_axes(row.axes),
        status=row.status,
        killed=row.error == KILLED,
        error=row.error,
        metrics=dict(row.metrics),
        seconds=row.seconds,
        epochs=row.epochs,
        stopped=row.stopped,
        folder=row.folder or None,
    )


def _best(
    sweeps: Sequence[OpenedSweep],
    rows: Sequence[Row],
    shown: Sequence[Judged],
    objectives: Objectives,
    of_job: Mapping[int, int],
) -> tuple[Best | None, list[str]]:
    """Return the best configuration, and what is told of it besides its commands."""
    best = winner(rows, objectives)
    if best is None:
        return None, []
    median = best.median
    of = of_job[id(median)]
    places = (
        place
        for place, each in enumerate(shown, start=1)
        if any(row is median for row in each.configuration.jobs)
    )
    axes = shown_axes(rows)
    commands, told = _commands(lines_of_winner(best, sweeps[of].plan, sweeps[of].folder.path))
    shown_best = Best(
        configuration=next(places, None),
        axes=plain_axes({key: median.axes[key] for key in axes if key in median.axes}),
        sweep=of,
        job=median.number,
        folder=median.folder or None,
        metrics=dict(median.metrics),
        front=best.front,
        commands=commands,
    )
    return shown_best, told


def _commands(lines: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the commands of printed lines by their titles, and the other lines.

    What follows a `#` is for people.
    """
    matches = {line: re.match(r"(\w+ \w+) +(seedbed .*)", line) for line in lines}
    commands = {
        match[1].replace(" ", "_"): match[2].partition("  # ")[0]
        for match in matches.values()
        if match is not None
    }
    return commands, [line for line, match in matches.items() if match is None]


def plain_axes(axes: Mapping[str, Any]) -> dict[str, Value]:
    """Return what a job has for each axis as plain values; an axis that it lacks is left out."""
    return {key: plain_value(value) for key, value in axes.items() if value != ""}


def plain_value(value: Any) -> Value:
    """Return the value of an axis: a number, a truth value or null where its cell says so."""
    text = cell(value)
    if text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text]
    if re.fullmatch(r"[+-]?(0|[1-9][0-9]{0,17})", text):
        return int(text)
    if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        number = float(text)
        return number if isfinite(number) else text
    return text
