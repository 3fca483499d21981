"""Part of a document that a sweep is: its jobs, their curves, configs, pictures and errors."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from seedbed.config.groups import is_of_sweep
from seedbed.config.overrides import typed_word
from seedbed.page.document import Cell, Failure, Importances, Objective
from seedbed.page.part import Part, PictureFile
from seedbed.page.pictures import pngs
from seedbed.page.places import shown_path
from seedbed.page.sources import failure, host_of
from seedbed.runs.folder import FIGURES
from seedbed.runs.provenance.secrets import plain_word
from seedbed.sweep.job import Job, bare_key
from seedbed.sweep.pages.job_configs import job_configs
from seedbed.sweep.pages.saved_curves import curves_of_sweep
from seedbed.sweep.pages.source_of_sweep import known_of_sweep, record_of, source_of_sweep
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.judged import best_first, pareto_ranks
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.searched.populations import POPULATION
from seedbed.sweep.results.table import (
    BEST_EPOCH,
    EPOCHS,
    PARETO_RANK,
    STOPPED,
    TRIAL,
    Row,
    cell,
    metric_names,
)

# Errors whose tracebacks are looked for in the records of jobs, and pictures that are offered.
MOST_TRACEBACKS, MOST_PICTURES = 200, 2_000
MOST_LETTERS = 2_000


def part_of_sweep(
    folder: SweepFolder,
    plan: SweepPlan,
    rows: Sequence[Row],
    page: Path | None = None,
    *,
    record: Mapping[str, Any] | None = None,
    shares: Mapping[str, float] | None = None,
    finished: str | None = None,
    in_training: Sequence[Row] = (),
) -> Part:
    """Return what a page shows of a sweep.

    Args:
        folder: its folder.
        plan: its plan.
        rows: the jobs that have ended.
        page: where the page is written; paths are shown from its folder.
        record: fields of a run.json that hold for all jobs; None (default): from one that there is.
        shares: importances of the keys of a search; None (default): not known, or none.
        finished: when it ended, if that is now; None (default): when its table was written.
        in_training: jobs that have not ended, as they were saved last; nothing ranks them.
    """
    ended = sorted((row for row in rows if row.number < len(plan.jobs)), key=_number)
    known = record if record is not None else known_of_sweep(folder, plan, ended)
    source = source_of_sweep(folder, plan, ended, known, finished, in_training)
    rows = sorted([*ended, *in_training], key=_number)
    jobs = [plan.jobs[row.number] for row in rows]
    configs = job_configs(folder, jobs, [row.folder for row in rows])
    objectives = plan.objectives
    return Part(
        source=source,
        number=[row.number for row in rows],
        status=[row.status for row in rows],
        axes=_axes(plan, rows),
        metrics=_metrics(rows),
        results=_results(plan, rows),
        folder=[shown_path(folder.path / row.folder, page) if row.folder else "" for row in rows],
        command=_commands(folder, plan, rows, jobs),
        objectives=[Objective(each.metric, _mode(each.mode)) for each in objectives.all],
        best=objectives.metric,
        rank="last" if objectives.rank == "last" else "best",
        constraints=[each.text for each in objectives.constraints],
        constants=_constants(plan),
        errors=_errors(folder, rows),
        curves=curves_of_sweep(folder, plan, rows),
        bases=configs.bases,
        configs=configs.configs,
        pictures=_pictures(folder, plan, rows),
        importances=_importances(plan, shares),
        logs=_logs(plan),
        hosts=host_of(known),
    )


def _number(row: Row) -> int:
    return row.number


def _mode(mode: str) -> Literal["min", "max"]:
    return "max" if mode == "max" else "min"


# Columns


def _axes(plan: SweepPlan, rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return the cells of the axes, as results.csv has them."""
    keys = dict.fromkeys([*plan.axes, *(key for row in rows for key in row.axes)])
    return {
        key: [cell(row.axes[key]) if key in row.axes else "" for row in rows]
        for key in keys
        if any(key in row.axes for row in rows)
    }


def _metrics(rows: Sequence[Row]) -> dict[str, list[float | None]]:
    names = [name for name in metric_names(rows) if name != BEST_EPOCH]
    return {name: [_finite(row.metrics.get(name)) for row in rows] for name in names}


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


def _results(plan: SweepPlan, rows: Sequence[Row]) -> dict[str, list[Cell]]:
    """Return the other columns of results.csv; those that it does not have are left out."""
    ranks = pareto_ranks(rows, plan.objectives)
    epochs = [_finite(row.metrics.get(BEST_EPOCH)) for row in rows]
    columns: dict[str, list[Cell]] = {
        BEST_EPOCH: [None if epoch is None else int(epoch) for epoch in epochs],
        "seconds": [row.seconds for row in rows],
        EPOCHS: [row.epochs for row in rows],
        STOPPED: [row.stopped and row.stopped[:MOST_LETTERS] for row in rows],
        TRIAL: [row.number // plan.jobs_of_trial for row in rows],
        PARETO_RANK: [ranks.get(row.number) for row in rows],
    }
    if plan.jobs_of_trial == 1:
        del columns[TRIAL]
    return {
        name: cells for name, cells in columns.items() if any(each is not None for each in cells)
    }


def _constants(plan: SweepPlan) -> list[tuple[str, str]]:
    """Return the options that all jobs chose, and the keys that all of them set alike."""
    words = plan.jobs[0].overrides if plan.jobs else ()
    keys = [(bare_key(word), plain_word(word).partition("=")[2]) for word in words]
    typed = [(key, text) for key, text in keys if not is_of_sweep(key)]
    constants = {**plan.choices, **dict(typed)}
    return [(key, text) for key, text in constants.items() if key not in plan.axes]


def _logs(plan: SweepPlan) -> dict[str, bool]:
    """Return which keys of a search were searched in log."""
    space = plan.search.space if plan.search else []
    return {bare_key(each["key"]): each.get("log", False) for each in space if "low" in each}


def _importances(plan: SweepPlan, shares: Mapping[str, float] | None) -> list[Importances]:
    if not shares:
        return []
    several = plan.objectives.several
    return [Importances("the Pareto front" if several else plan.metric, dict(shares))]


# Jobs


def _commands(
    folder: SweepFolder, plan: SweepPlan, rows: Sequence[Row], jobs: Sequence[Job]
) -> list[str]:
    """Return the command that repeats each job; of a trial of a population, its schedule."""
    if plan.search is not None and plan.search.sampler == POPULATION:
        words = [
            typed_word("schedule_of", shown_path(folder.path / row.folder)) if row.folder else ""
            for row in rows
        ]
        return [f"seedbed train {word}" if word else "" for word in words]
    start = shlex.join(["seedbed", "train", *map(plain_word, plan.flags)])
    known: dict[str, str] = {}
    commands = []
    for job in jobs:
        quoted = [
            known.get(word) or known.setdefault(word, _quoted(word)) for word in job.overrides
        ]
        commands.append("".join([start, *quoted]))
    return commands


def _quoted(word: str) -> str:
    """Return a word as it is typed, after a blank; nothing of one that is about the sweep."""
    return "" if is_of_sweep(bare_key(word)) else f" {shlex.quote(plain_word(word))}"


def _errors(folder: SweepFolder, rows: Sequence[Row]) -> dict[int, Failure]:
    errors: dict[int, Failure] = {}
    for place, row in enumerate(rows):
        if row.error:
            look = row.folder and row.status == "failed" and len(errors) < MOST_TRACEBACKS
            errors[place] = failure(row.error, record_of(folder, row) if look else {})
    return errors


def _pictures(folder: SweepFolder, plan: SweepPlan, rows: Sequence[Row]) -> list[PictureFile]:
    """Return the pictures of a search, then those of the jobs, the best ones first."""
    files = [PictureFile(None, folder.path, path) for path in pngs(folder.path / FIGURES)]
    best = {row.number: place for place, row in enumerate(best_first(rows, plan.objectives))}
    order = sorted(range(len(rows)), key=lambda at: best.get(rows[at].number, len(rows) + at))
    for place in order:
        if rows[place].folder and len(files) < MOST_PICTURES:
            path = folder.path / rows[place].folder / FIGURES
            files += [PictureFile(place, folder.path, picture) for picture in pngs(path)]
    return files
