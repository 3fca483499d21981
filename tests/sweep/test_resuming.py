"""Sweeps that were stopped, killed or failed: what goes on, what is skipped, what is refused."""

import csv
import errno
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hydra.core.override_parser.overrides_parser import OverridesParser
from tests.command_line import SEEDBED, environment
from tests.experiments import record

from seedbed.engines.fused.network_state import CannotFuse
from seedbed.sweep.configs import sources
from seedbed.sweep.continuing.words import changing_words
from seedbed.sweep.execution import controller, display, jobs_writer, worker
from seedbed.sweep.execution.chunk_state import ChunkState
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.queue.units import QueuedUnit
from seedbed.sweep.results.folder import SweepFolder, open_sweep, resume_word
from seedbed.sweep.results.table import Results, Row, read_results

TRAIN = ("train", "-m", "data=linear_noise", "data.rows=20", "data.batch_size=10")
TRAIN = (*TRAIN, "data.val_size=5", "trainer=cpu", "trainer.max_epochs=4", "logger=none")
JOBS = ("optimizer.lr=0.01,1e30,0.05", "seed=1,2")
FOLDER = "hydra.sweep.dir=sweep"
RESUME = ("train", "-m", "sweep.resume=sweep")


class Killed(BaseException):
    """Ends a command as a kill would: nothing of ours catches it."""


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def reached(folder: Path) -> list[dict[str, str]]:
    """Return what must be the same in an undisturbed sweep, digit for digit."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in table(folder)]


def folders(folder: Path) -> list[str]:
    """Return all that lies in a sweep's folder, hidden leftovers included."""
    return sorted(one.name for one in folder.iterdir())


def at_call(number: int, function: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    """Return a function that raises in the place of its call of this number, from 0 on."""
    calls = iter(range(10_000))

    def called(*arguments: Any, **keywords: Any) -> Any:
        if next(calls) == number:
            raise error
        return function(*arguments, **keywords)

    return called


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    return {}


@pytest.fixture
def whole(command: Any, undisturbed: dict, tmp_path_factory: Any) -> Callable[..., Path]:
    """Return a function that gives the folder of a sweep that nothing disturbed."""

    def swept(*words: str) -> Path:
        if words not in undisturbed:
            folder = tmp_path_factory.mktemp("whole") / "sweep"
            command(*TRAIN, *words, f"hydra.sweep.dir={folder}")
            undisturbed[words] = folder
        return undisturbed[words]

    return swept


@pytest.fixture
def finished(whole: Callable[..., Path], tmp_path: Path) -> Callable[..., None]:
    """Return a function that puts a sweep that has ended into the folder `sweep`."""

    def copied(*words: str) -> None:
        shutil.copytree(whole(*words), tmp_path / "sweep")

    return copied


def killed(command: Any, *words: str) -> None:
    outcome = command(*TRAIN, *words, FOLDER)
    assert "Killed" in outcome.err, outcome


# After kill -9.

WHERE = {
    "before a folder is written": (jobs_writer, "write_folders", 0),
    "in training": (ChunkState, "after_epoch", 2),
    "before the table is written": (controller.Results, "add", 0),
}


@pytest.mark.parametrize("where", WHERE)
def test_a_killed_sweep_ends_as_if_nothing_had_been(
    command: Any, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    expected = whole(*JOBS)
    holder, name, call = WHERE[where]
    with monkeypatch.context() as patch:
        patch.setattr(holder, name, at_call(call, getattr(holder, name), Killed()))
        killed(command, *JOBS)
    outcome = command(*RESUME)
    assert outcome.code == 1, outcome.err  # Two jobs diverge.
    assert reached(tmp_path / "sweep") == reached(expected)
    assert folders(tmp_path / "sweep") == folders(expected)


@pytest.mark.parametrize("written", [0, 1, 3, 5])
def test_jobs_whose_folders_are_there_are_not_written_again(
    command: Any, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    from seedbed.sweep.execution import chunk

    expected = whole(*JOBS)
    with monkeypatch.context() as patch:
        patch.setattr(chunk, "write_run", at_call(written, chunk.write_run, Killed()))
        killed(command, *JOBS)
    before = {n: (tmp_path / f"sweep/{n}").stat().st_ino for n in range(written)}
    assert not (tmp_path / f"sweep/{written}").exists()
    outcome = command(*RESUME)
    assert f"{written} of 6 jobs done, {6 - written} to run" in outcome.out
    assert {n: (tmp_path / f"sweep/{n}").stat().st_ino for n in range(written)} == before
    assert reached(tmp_path / "sweep") == reached(expected)
    assert folders(tmp_path / "sweep") == folders(expected)


def test_a_group_in_training_goes_on_from_its_saved_state(
    command: Any, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*JOBS, "sweep.every_seconds=0")
    with monkeypatch.context() as patch:
        state = at_call(3, ChunkState.after_epoch, Killed())
        patch.setattr(ChunkState, "after_epoch", state)
        killed(command, *words)
    assert (tmp_path / "sweep/.sweep/chunk-0.ckpt").is_file()
    epochs = []
    with monkeypatch.context() as patch:

        def after_epoch(self: ChunkState, engine: Any) -> None:
            epochs.append(engine.epoch)

        patch.setattr(ChunkState, "after_epoch", after_epoch)
        command(*RESUME)
    assert epochs == [4]
    assert reached(tmp_path / "sweep") == reached(whole(*JOBS))


def test_jobs_alone_that_were_killed_run_again(
    command: Any, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*JOBS, "sweep.fuse=never")
    with monkeypatch.context() as patch:
        from seedbed.experiment import run

        patch.setattr(run, "test", at_call(2, run.test, Killed()))
        killed(command, *words)
    # As kill -9 leaves it: the record could not be closed.
    path = next(tmp_path.glob("sweep/*/run.json"), None)
    running_job = max(tmp_path.glob("sweep/*/run.json"), key=lambda one: int(one.parent.name))
    text = running_job.read_text().replace('"status": "failed"', '"status": "running"')
    running_job.write_text(text.replace(f'"pid": {os.getpid()}', '"pid": 4194304'))
    assert path is not None
    outcome = command(*RESUME)
    assert "to run" in outcome.out
    assert reached(tmp_path / "sweep") == reached(whole(*words))
    assert folders(tmp_path / "sweep") == folders(whole(*words))


def test_a_table_that_was_cut_off_is_mended(
    command: Any, finished: Any, whole: Any, tmp_path: Path
) -> None:
    finished(*JOBS)
    file = tmp_path / "sweep/results.csv"
    file.write_bytes(file.read_bytes()[:-30])
    command(*RESUME)
    assert reached(tmp_path / "sweep") == reached(whole(*JOBS))


def test_temporary_files_of_a_killed_sweep_are_removed(
    command: Any, finished: Any, tmp_path: Path
) -> None:
    finished("seed=1,2")
    (tmp_path / "sweep/.3.123.tmp").mkdir()
    (tmp_path / "sweep/.sweep/.chunk-0.ckpt.123.tmp").write_text("half")
    command(*RESUME)
    assert list((tmp_path / "sweep").rglob("*.tmp")) == []


def left_in_queue(folder: Path, axes: Sequence[str], rows: Sequence[Row]) -> None:
    """Leave the results of a unit as a worker does whose controller was killed meanwhile."""
    queue, jobs = Queue(folder / ".sweep"), [row.number for row in rows]
    queue.begin()
    queue.put(QueuedUnit(jobs, True, jobs))
    claim = queue.claim("worker")
    assert claim is not None
    Results(queue.table(claim.entry), axes, rows)
    assert claim.finish(None)
    queue.stop()


def test_results_of_launched_units_survive_a_kill_before_they_are_in_the_table(
    command: Any, finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished("seed=1,2", "sweep.keep=record")
    folder = tmp_path / "sweep"
    rows = read_results(folder / "results.csv")
    Results(folder / "results.csv", ["seed"], rows[1:])
    left_in_queue(folder, ["seed"], rows[:1])
    with monkeypatch.context() as patch:
        patch.setattr(controller, "Results", at_call(0, Results, Killed()))
        assert "Killed" in command(*RESUME).err
    assert "2 of 2 jobs done" in command(*RESUME).out


def test_of_a_sweep_that_ends_before_its_plan_is_written_nothing_is_left(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sources, "write_json", at_call(0, sources.write_json, Killed()))
        killed(command, "seed=1,2")
    assert not (tmp_path / "sweep").exists()


def test_the_state_of_a_group_has_a_file_of_its_own(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = at_call(5, ChunkState.after_epoch, Killed())  # Of the second group's second epoch.
    monkeypatch.setattr(ChunkState, "after_epoch", state)
    killed(command, "seed=1,2,3,4", "sweep.chunk_size=2", "sweep.every_seconds=0")
    states = {path.name for path in (tmp_path / "sweep/.sweep").glob("chunk-*")}
    assert states == {"chunk-0.ckpt", "chunk-2.ckpt"}


@pytest.mark.slow
def test_kill_9_at_any_moment(command: Any, whole: Any, tmp_path: Path) -> None:
    words = (*JOBS, "sweep.every_seconds=0")
    expected = whole(*JOBS)
    for seconds in (0.2, 0.5, 1.0):
        sweep = (*SEEDBED, *TRAIN, *words, FOLDER)
        process = subprocess.Popen(sweep, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()  # The plan is printed when the folder has been made.
        time.sleep(seconds)
        process.kill()
        process.wait()
        for _ in range(2):
            if (tmp_path / "sweep/sweep.json").exists():
                command(*RESUME)
                assert reached(tmp_path / "sweep") == reached(expected)
                assert folders(tmp_path / "sweep") == folders(expected)
        shutil.rmtree(tmp_path / "sweep")


# Signals.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("fuse", ["always", "never"])
def test_a_signal_saves_and_says_how_to_go_on(
    command: Any,
    whole: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    fuse: str,
) -> None:
    words = (*JOBS, f"sweep.fuse={fuse}")
    with monkeypatch.context() as patch:
        shown = controller.Display.show
        epochs = iter(range(10_000))

        def signalled(self: Any, *arguments: Any) -> None:
            shown(self, *arguments)
            if next(epochs) == 2:
                os.kill(os.getpid(), number)

        patch.setattr(controller.Display, "show", signalled)
        outcome = command(*TRAIN, *words, FOLDER)
    assert outcome.code == 128 + number
    assert "go on with: seedbed train -m sweep.resume=sweep" in outcome.err
    assert (tmp_path / "sweep/.sweep/chunk-0.ckpt").is_file() == (fuse == "always")
    command(*RESUME)
    assert reached(tmp_path / "sweep") == reached(whole(*words))
    assert folders(tmp_path / "sweep") == folders(whole(*words))


# What is run again, and what is not.

FAILS_ONCE = """
import torch
from pathlib import Path
from seedbed.models import Linear

class Net(Linear):
    def forward(self, inputs):
        if Path("broken").exists() and torch.initial_seed() == 2:
            raise ValueError("of the test")
        return super().forward(inputs)
"""


def test_failed_jobs_run_again_and_others_do_not(command: Any, tmp_path: Path) -> None:
    (tmp_path / "fails_once.py").write_text(FAILS_ONCE)
    (tmp_path / "broken").touch()
    words = (
        "model=linear",
        "model._target_=fails_once.Net",
        "seed=1,2,3",
        "sweep.fuse=never",
        FOLDER,
    )
    sys.path.insert(0, str(tmp_path))
    try:
        outcome = command(*TRAIN, *words)
        assert outcome.code == 1
        assert "job 1 failed: ValueError: of the test" in outcome.err
        statuses = [row["status"] for row in table(tmp_path / "sweep")]
        assert statuses == ["completed", "failed", "completed"]
        assert "of the test" in table(tmp_path / "sweep")[1]["error"]
        assert record(tmp_path / "sweep/1")["status"] == "failed"
        before = [(tmp_path / f"sweep/{n}/run.json").stat().st_ino for n in (0, 2)]
        (tmp_path / "broken").unlink()
        assert "if you trust it: trust=[fails_once]" in command(*RESUME).err
        outcome = command(*RESUME, "trust=[fails_once]")
    finally:
        sys.path.remove(str(tmp_path))
    assert outcome.code == 0, outcome.err
    assert "2 of 3 jobs done, 1 to run" in outcome.out
    assert [(tmp_path / f"sweep/{n}/run.json").stat().st_ino for n in (0, 2)] == before
    assert [row["status"] for row in table(tmp_path / "sweep")] == ["completed"] * 3


def test_a_sweep_stops_at_the_first_failure_if_asked_to(command: Any, tmp_path: Path) -> None:
    (tmp_path / "fails_always.py").write_text(FAILS_ONCE)
    (tmp_path / "broken").touch()
    words = (
        "model=linear",
        "model._target_=fails_always.Net",
        "seed=1,2,3",
        "sweep.fuse=never",
        FOLDER,
    )
    sys.path.insert(0, str(tmp_path))
    try:
        outcome = command(*TRAIN, *words, "sweep.on_failure=stop")
    finally:
        sys.path.remove(str(tmp_path))
    assert outcome.code == 1
    assert [row["status"] for row in table(tmp_path / "sweep")] == ["completed", "failed"]
    assert not (tmp_path / "sweep/2").exists()
    go_on = "go on with: seedbed train -m sweep.resume=sweep trust=[fails_always]"
    assert f"1 not run; {go_on}" in outcome.out


def test_failures_stop_a_sweep_that_goes_on_if_asked_to_then(command: Any, tmp_path: Path) -> None:
    (tmp_path / "fails_again.py").write_text(FAILS_ONCE)
    (tmp_path / "broken").touch()
    words = (
        "model=linear",
        "model._target_=fails_again.Net",
        "seed=2,1,3",
        "sweep.fuse=never",
        FOLDER,
    )
    sys.path.insert(0, str(tmp_path))
    try:
        command(*TRAIN, *words, "sweep.on_failure=stop")
        assert [row["status"] for row in table(tmp_path / "sweep")] == ["failed"]
        again = command(*RESUME, "sweep.on_failure=stop", "trust=[fails_again]")
        whole = command(*RESUME, "trust=[fails_again]")
    finally:
        sys.path.remove(str(tmp_path))
    assert "at the first failure, 2 not run" in again.out
    assert "2 completed" in whole.out
    statuses = [row["status"] for row in table(tmp_path / "sweep")]
    assert statuses == ["failed", "completed", "completed"]


def test_a_group_that_fails_leaves_its_jobs_that_were_done(
    command: Any, finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished("seed=1,2,3")
    expected = table(tmp_path / "sweep")
    (tmp_path / "sweep/1/run.json").unlink()
    wrong = at_call(0, worker.train_chunk, ValueError("of the test"))
    monkeypatch.setattr(worker, "train_chunk", wrong)
    outcome = command(*RESUME)
    assert outcome.code == 1
    assert "Traceback" in outcome.err  # It is no error of the user's.
    found = table(tmp_path / "sweep")
    assert [found[0], found[2]] == [expected[0], expected[2]]
    assert (found[1]["status"], found[1]["error"]) == ("failed", "ValueError: of the test")
    assert record(tmp_path / "sweep/0")["status"] == "completed"
    assert command(*RESUME).code == 0
    assert [row["status"] for row in table(tmp_path / "sweep")] == ["completed"] * 3


def test_of_a_resumed_group_that_cannot_fuse_only_missing_jobs_train_alone(
    command: Any, finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished("seed=1,2,3")
    before = [(tmp_path / f"sweep/{n}/run.json").stat().st_ino for n in (0, 2)]
    (tmp_path / "sweep/1/run.json").unlink()
    refusal = at_call(0, worker.train_chunk, CannotFuse("of the test"))
    monkeypatch.setattr(worker, "train_chunk", refusal)
    outcome = command(*RESUME)
    assert outcome.code == 0, outcome.err
    assert "3 jobs one after another: of the test" in outcome.err
    assert [(tmp_path / f"sweep/{n}/run.json").stat().st_ino for n in (0, 2)] == before
    assert "group" not in record(tmp_path / "sweep/1")


def test_an_unexpected_error_is_shown_with_its_traceback(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ((*TRAIN, "seed=1,2", FOLDER), RESUME):
        monkeypatch.setattr(controller, "Results", at_call(0, Results, RuntimeError("a mistake")))
        outcome = command(*words)
        assert outcome.code == 1
        assert "Traceback" in outcome.err
        assert "RuntimeError: a mistake" in outcome.err


def test_jobs_that_were_done_are_counted_while_a_sweep_goes_on(
    command: Any, finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished("seed=1,2,3", "sweep.keep=record")
    file = tmp_path / "sweep/results.csv"
    Results(file, ["seed"], read_results(file)[:1])
    (tmp_path / "sweep/.sweep/chunk-0.ckpt").unlink()
    closed = []
    monkeypatch.setattr(display, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(display.Display, "close", lambda self: closed.append(self))
    first, *_, last = command(*RESUME).err.splitlines()
    assert first.startswith("1 of 3 jobs  3 running, epoch 1/4  best val/loss ")
    assert last.startswith("3 of 3 jobs  best val/loss ")
    assert len(closed) == 1


def test_with_sweep_plan_a_resumed_sweep_says_what_is_left_and_runs_nothing(
    command: Any, finished: Any, tmp_path: Path
) -> None:
    finished("seed=1,2")
    (tmp_path / "sweep/1/run.json").unlink()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep").rglob("*.*")}
    outcome = command(*RESUME, "sweep.plan=true")
    assert (outcome.code, outcome.out) == (0, "sweep  sweep: 1 of 2 jobs done, 1 to run\n")
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "sweep").rglob("*.*")}
    assert {k: v for k, v in after.items() if k.suffix != ".lock"} == {
        k: v for k, v in before.items() if k.suffix != ".lock"
    }


def test_a_sweep_that_is_done_is_left_as_it_is(
    command: Any, finished: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished("seed=1,2")
    before = {path: path.stat().st_ino for path in (tmp_path / "sweep").glob("*/**/*")}
    monkeypatch.setattr(worker.Worker, "run", at_call(0, worker.Worker.run, Killed()))
    outcome = command(*RESUME)
    assert outcome.code == 0
    assert "2 of 2 jobs done, 0 to run" in outcome.out
    assert "2 completed" in outcome.out
    kept = {path: path.stat().st_ino for path in (tmp_path / "sweep").glob("*/**/*")}
    assert {k: v for k, v in kept.items() if ".sweep" not in k.parts} == {
        k: v for k, v in before.items() if ".sweep" not in k.parts
    }


def test_an_edited_config_changes_nothing_in_a_sweep(
    command: Any, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    option = tmp_path / "mine/optimizer/ours.yaml"
    option.parent.mkdir(parents=True)
    text = "defaults: [sgd, _self_]\nlr: 0.01\n"
    option.write_text(text)
    words = (*TRAIN[2:], "optimizer=ours", "seed=1,2", "sweep.fuse=never")
    begin = ("train", "-m", "--config-dir=mine", *words)
    outcome = command(*begin, "hydra.sweep.dir=plain")
    assert outcome.code == 0, outcome.err

    class Edits(worker.Worker):
        def run(self, *arguments: Any) -> Any:
            option.write_text("defaults: [sgd, _self_]\nlr: 0.5\n")
            return super().run(*arguments)

    from seedbed.sweep import sweeper

    monkeypatch.setattr(sweeper, "Worker", Edits)
    assert command(*begin, FOLDER).code == 0
    assert "0.5" in option.read_text()
    assert reached(tmp_path / "sweep") == reached(tmp_path / "plain")
    option.unlink()
    (tmp_path / "sweep/1/run.json").unlink()
    assert command(*RESUME).code == 0
    assert reached(tmp_path / "sweep") == reached(tmp_path / "plain")


def test_a_sweep_may_be_moved(command: Any, whole: Any, tmp_path: Path) -> None:
    words = (*JOBS, "sweep.fuse=never")
    command(*TRAIN, *words, FOLDER)
    (tmp_path / "sweep").rename(tmp_path / "moved (1)")
    for number in (0, 4):
        (tmp_path / f"moved (1)/{number}/run.json").unlink()
    outcome = command("train", "-m", r"sweep.resume='moved (1)'")
    assert outcome.code == 1, outcome.err
    assert [record(tmp_path / f"moved (1)/{n}")["status"] for n in (0, 4)] == ["completed"] * 2
    assert reached(tmp_path / "moved (1)") == reached(whole(*words))
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize(
    "path", ["a/b-1.5", "a:b", "a+@b", "a b", "it's", "(1)", "a,b", "ü", "$x", "{a}", "a=b", r"a\b"]
)
def test_the_command_that_resumes_a_sweep_is_quoted_for_shell_and_hydra(path: str) -> None:
    [word] = shlex.split(resume_word(SweepFolder(path)))
    override = OverridesParser.create().parse_override(word)
    assert (override.get_key_element(), override.value()) == ("sweep.resume", path)


def test_of_many_errors_the_first_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Row(n, {}, "failed", "", error=f"number {n}") for n in range(7)]
    controller._tell_errors(rows[:5])
    said = capsys.readouterr().err.splitlines()
    assert said == [f"seedbed: job {n} failed: number {n}" for n in range(5)]
    controller._tell_errors(rows)
    more = "seedbed: and 2 more; results.csv says why"
    assert capsys.readouterr().err.splitlines() == [*said, more]


def test_the_latest_sweep_began_last_and_is_run_by_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = {"2025-01-02/23-00-00": 1, "2025-01-03/08-00-00": 3, "2025-01-03/09-00-00": 2, "mine": 0}
    for name, hour in days.items():
        path = tmp_path / "sweeps" / name / "sweep.json"
        path.parent.mkdir(parents=True)
        path.write_text(f'{{"started": "2025-01-03T0{hour}:00:00.000+00:00"}}')
    (tmp_path / "sweeps" / "2025-01-02" / "damaged").mkdir()
    (tmp_path / "sweeps" / "2025-01-02" / "damaged" / "sweep.json").touch()
    newest = open_sweep("latest", str(tmp_path))
    assert newest.path.name == "08-00-00"
    newest.saved.mkdir()
    with newest.locked():
        capsys.readouterr()
        assert open_sweep("latest", str(tmp_path)).path.name == "09-00-00"
        assert f"passed over {newest.path}, running" in capsys.readouterr().err
        assert open_sweep("latest", str(tmp_path), "sweep").path.name == "08-00-00"


def test_latest_is_the_newest_sweep(command: Any, whole: Any, tmp_path: Path) -> None:
    for name in ("2025-01-02/08-00-00-ab", "2025-01-03/07-00-00-cd"):
        shutil.copytree(whole("seed=1,2"), tmp_path / "outputs/sweeps" / name)
    outcome = command("train", "-m", "sweep.resume=latest")
    assert "sweep  outputs/sweeps/2025-01-03/07-00-00-cd: 2 of 2 jobs done" in outcome.out


# What is kept.


def test_keep_best_keeps_the_folders_of_the_best(command: Any, whole: Any, tmp_path: Path) -> None:
    words = ("optimizer.lr=0.01,0.05", "seed=range(0,4)")
    outcome = command(*TRAIN, *words, "sweep.keep=best", "sweep.top=3", FOLDER)
    assert outcome.code == 0, outcome.err
    rows = table(tmp_path / "sweep")
    ranked = sorted(rows, key=lambda row: float(row["val/loss"]))
    kept = {row["number"] for row in ranked[:3]}
    assert {one.name for one in (tmp_path / "sweep").iterdir() if one.name.isdigit()} == kept
    assert {row["number"] for row in rows if row["folder"]} == kept
    named = ("number", "val/loss", "train/loss", "status")
    assert [[row[k] for k in named] for row in rows] == [
        [row[k] for k in named] for row in table(whole(*words))
    ]


@pytest.mark.parametrize("fuse", ["always", "never"])
def test_keep_record_keeps_the_table_alone(command: Any, tmp_path: Path, fuse: str) -> None:
    words = (*JOBS, "sweep.keep=record", f"sweep.fuse={fuse}", FOLDER)
    assert "TensorBoard" not in command(*TRAIN, *words).out
    kept = [".sweep", "multirun.yaml", "provenance", "report.html", "results.csv", "sweep.json"]
    assert folders(tmp_path / "sweep") == kept
    rows = table(tmp_path / "sweep")
    assert [row["status"] for row in rows].count("completed") == 4
    assert "the loss became" in rows[2]["error"]


@pytest.mark.parametrize("fuse", ["always", "never"])
@pytest.mark.parametrize("keep", ["best", "record"])
def test_jobs_without_folders_that_are_in_the_table_are_not_run_again(
    command: Any, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str, fuse: str
) -> None:
    words = (*JOBS, "sweep.chunk_size=2", f"sweep.keep={keep}", "sweep.top=1", f"sweep.fuse={fuse}")
    expected = whole(*words)
    with monkeypatch.context() as patch:
        patch.setattr(worker.Worker, "run", at_call(2, worker.Worker.run, Killed()))
        killed(command, *words)
    outcome = command(*RESUME)
    assert f"{4 if fuse == 'always' else 2} of 6 jobs done" in outcome.out
    assert reached(tmp_path / "sweep") == reached(expected)
    assert folders(tmp_path / "sweep") == folders(expected)


@pytest.mark.parametrize("keep", ["best", "record"])
def test_a_kill_after_the_last_job_leaves_no_folder_that_is_not_kept(
    command: Any, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    words = (*JOBS, f"sweep.keep={keep}", "sweep.top=1", "sweep.fuse=always")
    expected = whole(*words)
    with monkeypatch.context() as patch:
        # Before the first folder is removed, when the table names them all.
        patch.setattr(controller.Controller, "_prune", at_call(1, lambda self: None, Killed()))
        killed(command, *words)
    assert "6 of 6 jobs done" in command(*RESUME).out
    assert folders(tmp_path / "sweep") == folders(expected)
    tables = [at / "results.csv" for at in (tmp_path / "sweep", expected)]
    named, expected_names = ([row.folder for row in read_results(path)] for path in tables)
    assert named == expected_names


def test_jobs_whose_results_a_launched_unit_has_left_are_not_run_again(
    command: Any, finished: Any, whole: Any, tmp_path: Path
) -> None:
    words = (*JOBS, "sweep.keep=record")
    finished(*words)
    folder, axes = tmp_path / "sweep", ["optimizer.lr", "seed"]
    rows = read_results(folder / "results.csv")
    Results(folder / "results.csv", axes, rows[4:])
    left_in_queue(folder, axes, rows[:2])
    outcome = command(*RESUME)
    assert "4 of 6 jobs done, 2 to run" in outcome.out
    assert reached(folder) == reached(whole(*words))
    assert not (folder / ".sweep/units").exists()


# Refusals.


def test_a_folder_without_a_sweep_cannot_be_resumed(
    refused: Any, finished: Any, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert "sweep.resume=nowhere: no such folder" in refused("train", "-m", "sweep.resume=nowhere")
    assert "sweep.resume=: no such folder" in refused("train", "-m", "sweep.resume=")
    assert "no sweep, it has no sweep.json" in refused("train", "-m", "sweep.resume=empty")
    assert "sweep.resume=latest: no sweep in" in refused("train", "-m", "sweep.resume=latest")
    finished("seed=1,2")
    said = refused("train", "-m", "sweep.resume=sweep/0")
    assert "the folder of one run, not of a sweep" in said
    (tmp_path / "sweep/sweep.json").write_text("{}")
    assert "sweep/sweep.json: " in refused(*RESUME)


@pytest.mark.parametrize(
    "word", ["seed=3", "optimizer=adam", "sweep.keep=best", "+note=1", "hydra.sweep.dir=other"]
)
def test_words_of_what_may_not_change_are_refused_beside_resume(
    refused: Any, finished: Any, word: str
) -> None:
    finished("seed=1,2", "sweep.keep=record")
    assert f"{word}: a sweep goes on as it was begun. What may change: trainer" in refused(
        *RESUME, word
    )


@pytest.mark.parametrize(
    "word", ["sweep.on_failure=stop", "hydra/launcher=ray", "++hydra.launcher.ray.init.num_cpus=2"]
)
def test_what_the_launcher_needs_may_stand_beside_resume(word: str) -> None:
    assert changing_words([word], []) == ()


def test_a_second_process_is_refused(refused: Any, finished: Any, tmp_path: Path) -> None:
    finished("seed=1,2")
    with FileLock(tmp_path / "sweep/.sweep/sweep.lock"):
        assert "sweep: another process runs this sweep; wait" in refused(*RESUME)


def test_a_sweep_that_begins_where_another_process_works_is_refused(
    command: Any, tmp_path: Path
) -> None:
    (tmp_path / "sweep/.sweep").mkdir(parents=True)
    with FileLock(tmp_path / "sweep/.sweep/sweep.lock"):
        outcome = command(*TRAIN, "seed=1,2", FOLDER)
    assert "hydra.sweep.dir=sweep: holds .sweep" in outcome.err
    assert not (tmp_path / "sweep/sweep.json").exists()


def test_a_config_that_no_longer_fits_says_what_differs(
    refused: Any, finished: Any, tmp_path: Path
) -> None:
    finished("seed=1,2")
    (tmp_path / "sweep/1/run.json").unlink()
    file = tmp_path / "sweep/.sweep/config-0.yaml"
    file.write_text(file.read_text().replace("  dampening: 0.0\n", "  damping: 0.0\n"))
    said = refused(*RESUME)
    assert "config-0.yaml: does not fit this version: optimizer.damping" in said


def test_a_sweep_over_an_older_one_says_how_to_go_on(refused: Any, finished: Any) -> None:
    finished("seed=1,2", "sweep.keep=record")
    assert "go on with it by sweep.resume=sweep" in refused(*TRAIN, "seed=1,2", FOLDER)


# A full disk.


@pytest.mark.parametrize("fuse", ["always", "never"])
def test_a_full_disk_stops_the_sweep_which_can_go_on(
    command: Any, whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fuse: str
) -> None:
    from seedbed.runs import record as records
    from seedbed.sweep.execution import chunk

    words = (*JOBS, f"sweep.fuse={fuse}")
    full = OSError(errno.ENOSPC, "No space left on device", "somewhere")
    with monkeypatch.context() as patch:
        if fuse == "always":
            patch.setattr(chunk, "write_run", at_call(3, chunk.write_run, full))
        else:
            patch.setattr(records, "write_json", at_call(12, records.write_json, full))
        outcome = command(*TRAIN, *words, FOLDER)
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    assert "seedbed: no space left on the disk: somewhere; go on with: seedbed" in outcome.err
    command(*RESUME)
    assert reached(tmp_path / "sweep") == reached(whole(*words))
    assert folders(tmp_path / "sweep") == folders(whole(*words))


def test_a_disk_that_is_full_in_training_fails_no_job(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "somewhere")
    monkeypatch.setattr(ChunkState, "after_epoch", at_call(1, ChunkState.after_epoch, full))
    outcome = command(*TRAIN, "seed=1,2", FOLDER)
    assert "seedbed: no space left on the disk: somewhere; go on with: seedbed" in outcome.err
    assert table(tmp_path / "sweep") == []


# What lies in the folders of jobs.


def test_files_of_the_user_in_the_folder_of_a_job_that_runs_again_stay(
    command: Any, finished: Any, tmp_path: Path
) -> None:
    finished(*JOBS)
    for name in ("0/notes.txt", "0/checkpoints/mine.ckpt"):
        (tmp_path / "sweep" / name).write_text("mine")
    (tmp_path / "sweep/0/run.json").unlink()
    outcome = command(*RESUME)
    assert "5 of 6 jobs done, 1 to run" in outcome.out
    assert (tmp_path / "sweep/0/notes.txt").read_text() == "mine"
    assert record(tmp_path / "sweep/0")["status"] == "completed"


@pytest.mark.parametrize("what", ["another job", "a link", "the table"])
def test_what_is_not_of_the_job_is_neither_counted_nor_removed(
    command: Any, finished: Any, tmp_path: Path, what: str
) -> None:
    finished(*JOBS)
    folder, said = tmp_path / "sweep/0", "sweep/0: holds something else than job 0"
    if what == "another job":
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "sweep/1", folder)
    elif what == "a link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
        said = "sweep"
    else:
        text = (tmp_path / "sweep/results.csv").read_text()
        (tmp_path / "sweep/results.csv").write_text(text.replace("\n0,0.01,", "\n0,0.02,"))
        said = "the row of job 0 is of another sweep"
    before = sorted(tmp_path.rglob("*"))
    outcome = command(*RESUME)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert sorted(tmp_path.rglob("*")) == before
