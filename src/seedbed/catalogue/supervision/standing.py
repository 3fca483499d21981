"""How far a sweep is: its jobs, its units, whoever works on them, and the time that is left."""

import shlex
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime

from seedbed.catalogue.supervision.best import best_so_far
from seedbed.catalogue.supervision.workers import AtWork, at_work
from seedbed.documents.runs import JobCounts, Labels
from seedbed.documents.supervision import Controller, Standing, Unit, Units
from seedbed.files import is_locked
from seedbed.sweep.presence.cancellation import is_cancelled
from seedbed.sweep.presence.controller import SeenController, see_controller
from seedbed.sweep.results.folder import SweepFolder, resume_word, rows_of_sweep
from seedbed.sweep.results.generations import generation_of, planned_jobs
from seedbed.sweep.results.plan_file import SweepPlan, read_plan
from seedbed.sweep.results.table import Row
from seedbed.sweep.results.together import groups_of
from seedbed.terminal.words import relative

# Exit codes of a controller that came to the end of all that there was to do.
CAME_TO_ITS_END = (0, 1)
# Before that a rate says little.
SHORTEST_SECONDS = 1.0


def standing_of(folder: SweepFolder) -> Standing:
    """Return how far a sweep is; raises ConfigError where its plan or its table is damaged."""
    controller = see_controller(folder.saved, is_locked(folder.saved / "sweep.lock"))
    work = at_work(folder.saved, controller)
    plan, rows = read_plan(folder.plan), list(rows_of_sweep(folder).values())
    counts, planned = Counter(row.status for row in rows), planned_jobs(plan)
    here = _unit_of(controller)
    of_controller = {controller.state: [here]} if here is not None else {}
    is_alive = controller.state == "alive" or work.are_there or folder.is_running()
    running = [*work.running, *of_controller.get("alive", [])]
    lost = [*work.lost, *of_controller.get("gone", [])]
    has_ended = _has_ended(controller, len(plan.jobs) - len(rows), planned - len(plan.jobs))
    is_whole = has_ended and not counts["interrupted"]
    status = "running" if is_alive else "completed" if is_whole else "interrupted"
    generation = generation_of(plan, plan.rounds[-1])
    rate, left = _rate(controller, rows, running, planned) if is_alive else (None, None)
    return Standing(
        folder=relative(folder.path),
        status="running" if is_alive else "completed" if is_whole else "interrupted",
        cancelled=is_cancelled(folder.saved),
        killed=status == "interrupted" and (controller.state == "gone" or folder.was_killed()),
        labels=Labels(name=plan.labels.name, tags=list(plan.labels.tags), notes=plan.labels.notes),
        started=plan.started or None,
        controller=_controller(controller),
        jobs=JobCounts(planned=planned, ended=dict(counts), missing=planned - len(rows)),
        units=_units(plan, rows, work, len(running), len(lost)),
        generation=None if generation is None else generation.number,
        generations=None if generation is None else generation.of,
        running=running,
        lost=lost,
        saved=of_controller.get("ended", []),
        workers=work.workers,
        best=best_so_far(rows, plan.objectives),
        rate=rate,
        seconds_left=left,
        next=_next(folder, status, counts, bool(rows)),
    )


def _controller(seen: SeenController) -> Controller:
    note = seen.note
    return Controller(
        state=seen.state,
        host=None if note is None else note.host,
        pid=None if note is None else note.pid,
        version=None if note is None else note.version,
        began=None if note is None else note.began,
        detached=note is not None and note.detached,
        age=seen.age,
        ended=None if note is None else note.ended or None,
        exit_code=None if note is None else note.code,
    )


def _unit_of(seen: SeenController) -> Unit | None:
    """Return what the controller runs, or ran, in its own process."""
    if seen.note is None or seen.note.unit is None:
        return None
    unit = seen.note.unit
    return Unit(
        first=unit.first,
        jobs=unit.jobs,
        tries=0,
        worker=None,
        host=seen.note.host,
        began=unit.began or None,
        epoch=unit.epoch,
        share=unit.share or None,
        already=unit.already or None,
        best=unit.best,
    )


def _has_ended(seen: SeenController, missing: int, unasked: int) -> bool:
    """Return whether all jobs have ended: of a search also where it asked for no more trials."""
    if missing > 0:
        return False
    return unasked <= 0 or (seen.note is not None and seen.note.code in CAME_TO_ITS_END)


def _units(plan: SweepPlan, rows: Sequence[Row], work: AtWork, running: int, lost: int) -> Units:
    """Return how many units are where, by the jobs that have ended."""
    statuses = {row.number: row.status for row in rows}
    planned: list[Collection[int]] = [group.newest for group in groups_of(plan) if group.newest]
    alone = (numbers for each in plan.rounds for numbers in each.alone.values())
    planned += [(number,) for numbers in alone for number in numbers]
    ended = [unit for unit in planned if all(number in statuses for number in unit)]
    failed = sum(all(statuses[number] == "failed" for number in unit) for unit in ended)
    left = max(0, len(planned) - len(ended) - running - lost)
    return Units(
        waiting=work.waiting or left, running=running, done=len(ended), failed=failed, lost=lost
    )


def _rate(
    seen: SeenController, rows: Sequence[Row], running: Sequence[Unit], planned: int
) -> tuple[float | None, float | None]:
    """Return jobs a second since the controller began, and the seconds that are left at that rate.

    What of the running units is done counts, as far as they say so; where none has ended by now,
    the time until the first of them began does not. None: nothing can be said yet.
    """
    if seen.note is None or seen.sign is None:
        return None, None
    with suppress(ValueError, OverflowError):
        ended = len(rows) - seen.note.before
        began = [unit.began for unit in running if unit.began is not None]
        since = min(began) if began and not ended else seen.note.began
        seconds = seen.sign - datetime.fromisoformat(since).timestamp()
        partly = sum(unit.jobs * (unit.share or 0.0) for unit in running)
        already = sum(unit.jobs * (unit.already or 0.0) for unit in running)
        trained = ended + partly - already
        if seconds >= SHORTEST_SECONDS and trained > 0:
            rate = trained / seconds
            return rate, max(0.0, planned - len(rows) - partly) / rate
    return None, None


def _next(folder: SweepFolder, status: str, counts: Counter[str], has_rows: bool) -> dict[str, str]:
    """Return what to type next, by what it does."""
    word = shlex.quote(relative(folder.path))
    commands = {}
    if status == "running":
        commands["cancel"] = f"seedbed cancel {word}"
    elif status == "interrupted" or counts["failed"]:
        commands["go_on"] = f"seedbed train -m {resume_word(folder)}"
    if has_rows:
        commands["report"] = f"seedbed report {word}"
    return commands
