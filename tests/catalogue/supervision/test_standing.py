"""How far a sweep is, by the files of its folder, which are written here by hand."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.catalogue.supervision.standing import standing_of
from seedbed.catalogue.supervision.text import duration_text, lines_of
from seedbed.documents.supervision import Standing
from seedbed.process.identity import this_process
from seedbed.sweep.job import numbered
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.queue.units import QueuedUnit
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan, write_plan
from seedbed.sweep.results.search_plan import SearchPlan
from seedbed.sweep.results.table import Results, Row

VALUES = [4.0, 2.0, 3.0, 5.0]
GONE = {**this_process(), "pid": 2**22 + 1}


def swept(path: Path, ended: dict[int, str], trials: int = 0) -> SweepFolder:
    """Write a sweep of eight jobs, two seeds of four rates: three chunks and two jobs alone."""
    folder = SweepFolder(path / "sweep")
    folder.saved.mkdir(parents=True)
    words = [[f"optimizer.lr={0.1 * (n // 2):.1f}", f"seed={n % 2}"] for n in range(8)]
    plan = SweepPlan(one_objective("val/loss", "min"))
    if trials:
        plan.search = SearchPlan("tpe", trials, (), [])
    plan.add(Round(numbered(words), [[0, 1], [2, 3], [4, 5]], {"its model": [6, 7]}))
    write_plan(folder.plan, plan)
    results = Results(folder.results, ["optimizer.lr", "seed"])
    for n, status in ended.items():
        axes = {"optimizer.lr": f"{0.1 * (n // 2):.1f}", "seed": str(n % 2)}
        metrics = {"val/loss": VALUES[n // 2] + 0.1 * (n % 2)} if status == "completed" else {}
        results.add([Row(n, axes, status, "", metrics)])
    return folder


def note(folder: SweepFolder, seconds: float = 100, **fields: object) -> None:
    """Write what a controller says of itself, which began so many seconds ago."""
    began = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    content = {**this_process(), "version": "0", "began": began, **fields}
    (folder.saved / "controller.json").write_text(json.dumps(content))


def counts(standing: Standing) -> tuple[int, ...]:
    units = standing.units
    return units.waiting, units.running, units.done, units.failed, units.lost


def test_a_sweep_in_one_process_with_its_best_and_what_is_left(tmp_path: Path) -> None:
    folder = swept(tmp_path, {0: "completed", 1: "completed", 2: "completed", 3: "failed"})
    began = "2026-01-01T00:00:00+00:00"
    note(folder, before=2, unit={"first": 4, "jobs": 2, "began": began, "share": 0.25})
    standing = standing_of(folder)
    assert (standing.status, standing.controller.state) == ("running", "alive")
    assert standing.controller.pid == os.getpid()
    assert standing.jobs.ended == {"completed": 3, "failed": 1}
    assert (standing.jobs.planned, standing.jobs.missing) == (8, 4)
    assert counts(standing) == (2, 1, 2, 0, 0)
    assert [(unit.first, unit.jobs, unit.share) for unit in standing.running] == [(4, 2, 0.25)]
    # Two jobs and a half of another two in a hundred seconds, with three and a half to go.
    assert standing.rate == pytest.approx(2.5 / 100, rel=0.1)
    assert standing.seconds_left == pytest.approx(3.5 / 2.5 * 100, rel=0.1)
    best = standing.best
    assert best is not None
    assert (best.value, best.jobs, best.job) == (2.0, 1, 2)
    assert set(standing.next) == {"cancel", "report"}


def test_a_best_mean_is_that_of_the_seeds(tmp_path: Path) -> None:
    folder = swept(tmp_path, dict.fromkeys(range(8), "completed"))
    standing = standing_of(folder)
    assert (standing.status, standing.controller.state) == ("completed", "unknown")
    best = standing.best
    assert best is not None
    assert best.axes == {"optimizer.lr": 0.1}
    assert best.value == pytest.approx(mean([2.0, 2.1]))
    assert best.deviation == pytest.approx(stdev([2.0, 2.1]))
    assert counts(standing) == (0, 0, 5, 0, 0)
    assert standing.next == {"report": standing.next["report"]}


def test_one_that_was_killed_has_lost_what_it_ran(tmp_path: Path) -> None:
    folder = swept(tmp_path, {})
    note(folder, **GONE, unit={"first": 0, "jobs": 2, "began": "x", "epoch": "epoch 3/9"})
    standing = standing_of(folder)
    assert (standing.status, standing.killed) == ("interrupted", True)
    assert counts(standing) == (4, 0, 0, 0, 1)
    assert (standing.rate, standing.seconds_left) == (None, None)
    assert "sweep.resume=" in standing.next["go_on"]
    assert "cancel" not in standing.next
    text = "\n".join(lines_of(standing))
    assert "gone without a word" in text
    assert "lost         2 jobs from 0  epoch 3/9" in text


def test_one_that_was_cancelled_says_so_and_what_it_has_saved(tmp_path: Path) -> None:
    folder = swept(tmp_path, {0: "failed", 1: "failed"})
    (folder.saved / "cancel").write_text("{}")
    unit = {"first": 2, "jobs": 2, "began": "x", "share": 0.5}
    note(folder, state="ended", code=143, ended="2026-01-01T00:00:00+00:00", unit=unit)
    standing = standing_of(folder)
    assert (standing.status, standing.cancelled, standing.killed) == ("interrupted", True, False)
    assert standing.controller.exit_code == 143
    assert counts(standing) == (4, 0, 1, 1, 0)
    assert [unit.first for unit in standing.saved] == [2]
    assert "interrupted (cancelled)" in lines_of(standing)[0]


def test_workers_and_their_units_and_those_that_are_lost(tmp_path: Path) -> None:
    folder = swept(tmp_path, {0: "completed", 1: "completed"})
    note(folder)
    began = json.loads((folder.saved / "controller.json").read_text())["began"]
    queue = Queue(folder.saved)
    queue.begin()
    for first in (2, 4):
        queue.put(QueuedUnit([first, first + 1], True, [first, first + 1]), tries=first // 4)
    here, there = queue.claim("here"), queue.claim("there")
    assert here is not None
    assert there is not None
    for n in (6, 7):
        queue.put(QueuedUnit([n], False, [n]))
    (folder.saved / "workers").mkdir()
    worker = {**this_process(), "version": "0", "began": began, "state": "working"}
    progress = {"unit": here.entry.unit, "tries": here.entry.tries, "jobs": 2, "share": 0.5}
    notes = {
        "here": {**worker, "started": "local 0", "progress": progress},
        "there": {**worker, **GONE},
        "tired": {**worker, "state": "stopped", "why": "3 units failed in a row"},
        "earlier": {**worker, **GONE, "began": "2026-01-01T00:00:00+00:00"},
    }
    for name, content in notes.items():
        path = folder.saved / "workers" / f"{name}.json"
        path.write_text(json.dumps({**content, "name": name}))
    standing = standing_of(folder)
    assert counts(standing) == (2, 1, 1, 0, 1)
    [running], [lost] = standing.running, standing.lost
    assert (running.first, running.worker, running.share) == (here.entry.first, "here", 0.5)
    assert (lost.first, lost.tries, lost.worker) == (there.entry.first, there.entry.tries, "there")
    states = {worker.name: worker.state for worker in standing.workers}
    assert states == {"here": "working", "there": "lost", "tired": "stopped"}
    assert standing.rate == pytest.approx(3 / 100, rel=0.1)
    assert "3 units failed in a row" in "\n".join(lines_of(standing))
    # Workers that are left alone go on, and end by themselves.
    note(folder, **GONE)
    assert standing_of(folder).status == "running"


def test_a_search_has_as_many_jobs_as_its_trials_will_have(tmp_path: Path) -> None:
    folder = swept(tmp_path, dict.fromkeys(range(8), "completed"), trials=20)
    standing = standing_of(folder)
    assert (standing.generation, standing.generations) == (1, 3)
    assert (standing.jobs.planned, standing.jobs.missing) == (20, 12)
    assert standing.status == "interrupted"
    # One that ended by itself asked for no more.
    note(folder, state="ended", code=1)
    assert standing_of(folder).status == "completed"


def test_texts_of_strangers_steer_no_terminal_and_are_short(tmp_path: Path) -> None:
    folder = swept(tmp_path, {})
    steering = "\x1b[31m\r\nleft  0 s\u202e" + "x" * 100_000
    unit = {"first": 2**53, "jobs": 2**53, "began": steering, "share": 1, "epoch": steering}
    note(folder, **{**GONE, "host": steering, "unit": unit})
    (folder.saved / "workers").mkdir()
    worker = {**GONE, "version": "0", "began": steering, "state": "stopped", "why": steering}
    content = {**worker, "name": "w", "started": steering}
    (folder.saved / "workers/w.json").write_text(json.dumps(content))
    lines = lines_of(standing_of(folder))
    assert all(line.isprintable() and len(line) < 1_000 for line in lines), lines
    assert sum(line.startswith("left ") for line in lines) == 1


def test_ten_thousand_jobs_are_told_quickly(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    folder.saved.mkdir()
    plan = SweepPlan(one_objective("val/loss", "min"))
    words = [[f"optimizer.lr={n // 100}", f"seed={n % 100}"] for n in range(10_000)]
    plan.add(Round(numbered(words), [[*range(n, n + 10)] for n in range(0, 10_000, 10)], {}))
    write_plan(folder.plan, plan)
    rows = [
        Row(
            n,
            dict(zip(("optimizer.lr", "seed"), (n // 100, n % 100), strict=True)),
            "completed",
            str(n),
            {"val/loss": n / 7, "train/loss": n / 3},
            1.0,
        )
        for n in range(10_000)
    ]
    Results(folder.results, ["optimizer.lr", "seed"], rows)
    began = time.process_time()
    standing = standing_of(folder)
    took = time.process_time() - began
    assert counts(standing) == (0, 0, 1_000, 0, 0)
    assert standing.best is not None
    assert standing.best.value == pytest.approx(mean(n / 7 for n in range(100)))
    assert took < 2  # A tenth of it, where nobody else computes.


@given(st.floats(min_value=0, max_value=1e12))
def test_a_duration_is_said_in_its_largest_units(seconds: float) -> None:
    units = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    words = duration_text(seconds).replace(",", "").split()
    said = sum(float(n) * units[unit] for n, unit in zip(words[::2], words[1::2], strict=True))
    smallest = units[words[-1]]
    assert abs(said - seconds) <= smallest
