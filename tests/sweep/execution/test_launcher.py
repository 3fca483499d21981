"""Sweeps handed to Hydra's launchers: chunks as units, and the same results."""

import csv
import errno
import os
import pickle
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra._internal.callbacks import Callbacks
from omegaconf import OmegaConf
from tests.command_line import seedbed
from tests.experiments import record

from seedbed.config.trust import module_path
from seedbed.config.trust.restriction import restricted_to, restriction
from seedbed.engines.fused.network_state import CannotFuse
from seedbed.errors import DataError
from seedbed.sweep.execution import chunk, worker
from seedbed.sweep.execution.progress import Progress
from seedbed.sweep.execution.unit import Unit, UnitResult
from seedbed.sweep.execution.workforce import choosing
from seedbed.sweep.execution.workforce.hydra_launcher import CalledByLauncher, HydraLauncher
from seedbed.sweep.execution.workforce.worker_function import WorkerFunction
from seedbed.sweep.execution.workforce.worker_loop import WorkerLoop
from seedbed.sweep.queue.queue import Claim
from seedbed.sweep.queue.workers import read_workers

DATA = ("data=linear_noise", "data.rows=20", "data.batch_size=10", "data.val_size=5")
DATA = (*DATA, "trainer=cpu", "logger=none")
SWEEP = (*DATA, "trainer.max_epochs=3")
JOBS = ("model=linear,mlp", "optimizer.lr=0.01,1e30", "seed=1,2")
LAUNCHERS = {
    "joblib": ("hydra_plugins.hydra_joblib_launcher", "hydra.launcher.n_jobs=2"),
    "submitit_local": ("hydra_plugins.hydra_submitit_launcher", "hydra.launcher.timeout_min=5"),
}


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same sweep, run in one process."""
    folder = tmp_path_factory.mktemp("here")
    seedbed(folder, "train", "-m", *SWEEP, *JOBS, "hydra.sweep.dir=sweep")
    return folder / "sweep"


@pytest.mark.slow
@pytest.mark.parametrize("name", LAUNCHERS)
def test_a_launcher_runs_chunks_to_the_results_of_one_process(
    here: Path, tmp_path: Path, name: str
) -> None:
    module, word = LAUNCHERS[name]
    pytest.importorskip(module, reason="seedbed[launchers] is not installed")
    words = (f"hydra/launcher={name}", word, "hydra.sweep.dir=sweep")
    done = seedbed(tmp_path, "train", "-m", *SWEEP, *JOBS, *words, timeout=250)
    assert done.returncode == 1, done.stderr  # Half of the jobs diverge.
    assert " runs 2 units: 2 of jobs side by side" in done.stderr
    assert "seedbed: job 2 diverged: the loss became" in done.stderr
    assert table(tmp_path / "sweep") == table(here)
    for number in range(8):
        found, expected = record(tmp_path / f"sweep/{number}"), record(here / str(number))
        assert found["group"]["jobs"] == expected["group"]["jobs"] == 4
        assert found["checkpoints"] == expected["checkpoints"]


@pytest.mark.slow
def test_a_launcher_runs_single_jobs_and_goes_on(command: Any, tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    jobs = ("optimizer=lbfgs,adam", "optimizer.lr=0.1", "seed=1,2", "hydra.sweep.dir=sweep")
    assert command("train", "-m", *SWEEP, *jobs).code == 0
    expected = table(tmp_path / "sweep")
    for number in (0, 3):
        (tmp_path / f"sweep/{number}/run.json").unlink()
    resume = ("sweep.resume=sweep", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    done = seedbed(tmp_path, "train", "-m", *resume)
    assert done.returncode == 0, done.stderr
    assert "2 of 4 jobs done, 2 to run" in done.stdout
    assert "JoblibLauncher runs 2 units: 1 of jobs side by side, 1 single" in done.stderr
    assert table(tmp_path / "sweep") == expected


FAILS = """
import torch
from seedbed.models import Linear

class Net(Linear):
    def forward(self, inputs):
        if torch.initial_seed() == 1:
            raise ValueError("not with this seed")
        return super().forward(inputs)
"""


@pytest.mark.slow
def test_after_a_failure_a_launcher_runs_no_more_if_asked_to(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    (tmp_path / "handed.py").write_text(FAILS)
    words = (
        "model=linear",
        "model._target_=handed.Net",
        "seed=0,1,2,3",
        "sweep.fuse=never",
        "sweep.keep=record",
    )
    launcher = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=1", "hydra.sweep.dir=sweep")
    done = seedbed(tmp_path, "train", "-m", *SWEEP, *words, *launcher, "sweep.on_failure=stop")
    assert done.returncode == 1, done.stderr
    how = "go on with: seedbed train -m sweep.resume=sweep trust=[handed]"
    assert f"2 not run; {how}" in done.stdout
    found = [(row["seed"], row["status"]) for row in table(tmp_path / "sweep")]
    assert found == [("0", "completed"), ("1", "failed")]
    # Only what has failed is left, and no unit's notes.
    monkeypatch.syspath_prepend(tmp_path)
    assert "1 of 4 jobs done, 3 to run" in command(*RESUME, "trust=[handed]").out
    statuses = [row["status"] for row in table(tmp_path / "sweep")]
    assert statuses == ["completed", "failed", "completed", "completed"]
    assert not (tmp_path / "sweep/.sweep/units").exists()


# Hydra's own launcher, taken for one that runs elsewhere.

MIXED = ("optimizer=lbfgs,adam", "optimizer.lr=0.1", "seed=1,2", "trainer.max_epochs=1")
FOLDER = "hydra.sweep.dir=sweep"
RESUME = ("train", "-m", "sweep.resume=sweep")


@pytest.fixture
def launched(command: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that runs a command whose units a launcher runs, in this process."""

    def run(*words: str) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(choosing, "ONE_AFTER_ANOTHER", "")
            return command(*words)

    return run


def files(folder: Path) -> list[str]:
    """Return what is below a folder but for files of events, whose names differ, and locks."""
    paths = sorted(folder.rglob("*"))
    return [str(one.relative_to(folder)) for one in paths if one.suffix != ".lock"]


def test_units_leave_what_a_sweep_without_a_launcher_leaves(
    command: Any, launched: Any, tmp_path: Path
) -> None:
    command("train", "-m", *DATA, *MIXED, "hydra.sweep.dir=here")
    done = launched("train", "-m", *DATA, *MIXED, FOLDER)
    assert done.code == 0, done.err
    assert "BasicLauncher runs 3 units: 1 of jobs side by side, 2 single" in done.err
    assert table(tmp_path / "sweep") == table(tmp_path / "here")
    assert files(tmp_path / "sweep") == files(tmp_path / "here")
    kept = [(tmp_path / f"sweep/{number}/run.json").stat().st_ino for number in (1, 2)]
    for number in (0, 3):
        (tmp_path / f"sweep/{number}/run.json").unlink()
    done = launched(*RESUME)
    assert "BasicLauncher runs 2 units: 1 of jobs side by side, 1 single" in done.err
    assert table(tmp_path / "sweep") == table(tmp_path / "here")
    assert files(tmp_path / "sweep") == files(tmp_path / "here")
    assert [(tmp_path / f"sweep/{n}/run.json").stat().st_ino for n in (1, 2)] == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "sweep"]


def test_a_worker_notes_which_unit_it_runs_and_how_far_it_is(
    launched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show, seen = WorkerLoop._show, set()

    def shown(self: WorkerLoop, progress: Progress) -> None:
        show(self, progress)
        self.heart._beat()
        [(name, worker)] = read_workers(tmp_path / "sweep/.sweep").items()
        noted = worker.note.progress
        assert noted is not None
        assert [entry.unit for entry in self.queue.running()] == [noted.unit]
        assert (worker.note.state, worker.note.started) == ("working", "basic 0")
        assert noted.epoch == progress.epoch
        seen.add((noted.unit, noted.jobs))
        assert self.queue.running()[0].worker == name

    monkeypatch.setattr(WorkerLoop, "_show", shown)
    done = launched("train", "-m", *DATA, *MIXED, FOLDER)
    assert done.code == 0, done.err
    assert seen == {("0-1", 1), ("1-1", 1), ("2-2", 2)}
    assert not any((tmp_path / "sweep/.sweep" / name).exists() for name in ("units", "workers"))


@pytest.mark.parametrize(("on_failure", "count"), [("stop", 2), ("continue", 4)])
def test_units_after_one_that_failed_run_unless_it_stops_the_sweep(
    launched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_failure: str, count: int
) -> None:
    (tmp_path / f"mine_{on_failure}.py").write_text(FAILS)
    monkeypatch.syspath_prepend(tmp_path)
    words = (
        "model=linear",
        f"model._target_=mine_{on_failure}.Net",
        "seed=0,1,2,3",
        "sweep.fuse=never",
    )
    words = (*words, "sweep.keep=record", f"sweep.on_failure={on_failure}", FOLDER)
    assert launched("train", "-m", *SWEEP, *words).code == 1
    statuses = [row["status"] for row in table(tmp_path / "sweep")]
    assert statuses == ["completed", "failed", "completed", "completed"][:count]


@pytest.mark.parametrize("fuse", ["always", "never"])
def test_a_unit_that_a_signal_stopped_goes_on_later(
    command: Any,
    launched: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fuse: str,
) -> None:
    words = (*SWEEP, "seed=1,2,3,4", "sweep.chunk_size=2", f"sweep.fuse={fuse}")
    command("train", "-m", *words, "hydra.sweep.dir=here")
    epochs = iter(range(1000))

    def signalled(self: Any, *arguments: Any) -> None:
        if next(epochs) == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(WorkerLoop, "_show", signalled)
        done = launched("train", "-m", *words, FOLDER)
    assert done.code == 128 + signal.SIGTERM
    assert "go on with: seedbed train -m sweep.resume=sweep" in done.err
    assert (tmp_path / "sweep/.sweep/chunk-0.ckpt").is_file() == (fuse == "always")
    assert table(tmp_path / "sweep") == []
    assert command(*RESUME).code == 0
    assert table(tmp_path / "sweep") == table(tmp_path / "here")


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_signal_that_a_library_takes_for_an_error_fails_no_job(
    command: Any, launched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    run = worker.Worker.run

    def signalled(self: Any, unit: Unit, requested: Any) -> UnitResult:
        if unit.jobs != (1,):
            return run(self, unit, requested)
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Exception as error:
            return UnitResult([self.failed_row(self.plan.jobs[1], str(error))])
        raise AssertionError

    monkeypatch.setattr(worker.Worker, "run", signalled)
    words = ("seed=1,2,3", "sweep.fuse=never", "sweep.keep=record", FOLDER)
    done = (launched if elsewhere else command)("train", "-m", *SWEEP, *words)
    assert done.code == 128 + signal.SIGTERM
    assert [row["status"] for row in table(tmp_path / "sweep")] == ["completed"]


def test_jobs_that_end_before_their_launcher_is_interrupted_are_known_by_their_records(
    launched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = HydraLauncher.launch

    def interrupted(*arguments: Any) -> None:
        launch(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(HydraLauncher, "launch", interrupted)
    monkeypatch.setattr(Claim, "finish", lambda self, table, outcome: True)
    done = launched("train", "-m", *DATA, "seed=1,2", "trainer.max_epochs=1", FOLDER)
    assert done.code == 130
    assert "2 of 2 jobs done" in done.err
    assert [row["status"] for row in table(tmp_path / "sweep")] == ["completed"] * 2


def test_a_disk_that_is_full_elsewhere_is_said_in_a_line(
    launched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "somewhere")

    monkeypatch.setattr(chunk, "write_run", full)
    done = launched("train", "-m", *SWEEP, "seed=1,2", FOLDER)
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "Error executing" not in done.err
    assert "seedbed: no space left on the disk: somewhere; go on with: seedbed" in done.err


def test_jobs_that_cannot_train_together_elsewhere_are_handed_out_one_by_one(
    launched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*arguments: Any) -> None:
        raise CannotFuse("of the test")

    monkeypatch.setattr(worker, "train_chunk", refuses)
    done = launched("train", "-m", *SWEEP, "seed=1,2", "sweep.keep=record", FOLDER)
    assert done.code == 0, done.err
    assert "BasicLauncher runs 1 unit: 1 of jobs side by side\n" in done.err
    assert "2 jobs one after another: of the test" in done.err
    assert "BasicLauncher runs 2 units: 2 single" in done.err
    assert [row["status"] for row in table(tmp_path / "sweep")] == ["completed"] * 2
    names = sorted(path.name for path in (tmp_path / "sweep").iterdir())
    files = ["multirun.yaml", "provenance", "report.html", "results.csv", "sweep.json"]
    assert names == [".sweep", *files]


@pytest.mark.parametrize("elsewhere", [True, False])
def test_jobs_that_cannot_train_together_are_left_after_a_failure_that_stops(
    command: Any, launched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    errors = iter([CannotFuse("of the test"), DataError("of the test")])

    def raises(*arguments: Any) -> None:
        raise next(errors)

    monkeypatch.setattr(worker, "train_chunk", raises)
    words = ("seed=1,2,3,4", "sweep.chunk_size=2", "sweep.on_failure=stop", FOLDER)
    done = (launched if elsewhere else command)("train", "-m", *SWEEP, *words)
    assert "at the first failure, 2 not run" in done.out
    found = [(row["number"], row["status"]) for row in table(tmp_path / "sweep")]
    assert found == [("2", "failed"), ("3", "failed")]


def test_a_worker_makes_elsewhere_what_the_sweep_may_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_path, "_folders", ("/home/user/project",))
    with restricted_to(["wide"]):
        function = WorkerFunction("sweep", "token", print, Callbacks())  # type: ignore[arg-type]
    sent = pickle.dumps(CalledByLauncher(function, "joblib"))
    monkeypatch.setattr(module_path, "_folders", ())
    monkeypatch.setattr(WorkerFunction, "require_sweep", lambda self: None)
    monkeypatch.setattr(WorkerLoop, "run", lambda self: (restriction(), self.heart.note.started))
    assert pickle.loads(sent)(OmegaConf.create({"worker": 3})) == (("wide",), "joblib 3")
    assert module_path.folders() == ("/home/user/project",)
    assert restriction() is None
