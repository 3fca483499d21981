"""Trials of a search that fail, or whose process dies: how often each is run again."""

import csv
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from seedbed.errors import ConfigError
from seedbed.experiment import run
from seedbed.sweep import sweeper
from seedbed.sweep.execution import controller, worker
from seedbed.sweep.execution.failures import deaths
from seedbed.sweep.execution.failures.deaths import Deaths
from seedbed.sweep.execution.workforce import choosing
from seedbed.sweep.execution.workforce.hydra_launcher import HydraLauncher
from seedbed.sweep.execution.workforce.worker_function import WorkerFunction
from seedbed.sweep.job import Words
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.table import Row

COMMON = ("data=linear_noise", "data.rows=20", "data.batch_size=10", "data.val_size=5")
COMMON = (
    *COMMON,
    "trainer=cpu",
    "trainer.max_epochs=2",
    "logger=none",
    "search=random",
    "stop=none",
)
FOLDER = "hydra.sweep.dir=sweep"
RESUME = ("train", "-m", "sweep.resume=sweep")


class Rates:
    """Asks twice for two trials, and keeps how they ended."""

    words: Words = ()

    def __init__(self) -> None:
        self.left = [0.01, 0.02, 0.03, 0.04]
        self.told: list[str] = []

    def ask(self, count: int | None = None) -> list[Words]:
        rates, self.left = self.left[:2], self.left[2:]
        return [(*COMMON, *self.words, f"optimizer.lr={rate}") for rate in rates]

    def tell(self, results: Sequence[Row]) -> None:
        self.told += [row.status for row in results]


@pytest.fixture
def samplers(monkeypatch: pytest.MonkeyPatch) -> list[Rates]:
    """Let sweeps ask samplers of this test, which are kept here."""
    kept: list[Rates] = []

    def make(*arguments: Any) -> Rates:
        kept.append(Rates())
        return kept[-1]

    monkeypatch.setattr(sweeper, "make_sampler", make)
    monkeypatch.setattr(sweeper, "saved_sampler", make)
    return kept


@pytest.fixture
def search(command: Any, samplers: list[Rates], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs the search with more words."""

    def run(*words: str) -> Any:
        monkeypatch.setattr(Rates, "words", words)
        return command("train", "-m", *COMMON, *words, FOLDER)

    return run


@pytest.fixture
def resume(command: Any) -> Any:
    """Return a function that goes on with the search."""
    return lambda *words: command(*RESUME, *words)


def statuses(folder: Path) -> list[str]:
    """Return the statuses in the table of a sweep."""
    with (folder / "sweep/results.csv").open(newline="") as lines:
        return [row["status"] for row in csv.DictReader(lines)]


class Failing:
    """Stands in for a function: some of its calls, by their numbers, do another thing."""

    def __init__(self, function: Callable[..., Any], calls: Sequence[int], act: Any) -> None:
        self.function = function
        self.calls = calls
        self.act = act
        self.count = 0

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        self.count += 1
        return self.act() if self.count - 1 in self.calls else self.function(*arguments, **keywords)


def _raise(*arguments: Any) -> None:
    raise ValueError("of the test")


def _raise_wrong() -> None:
    raise ConfigError("of the test")


@pytest.mark.parametrize(
    ("retries", "calls", "ends", "count"),
    [
        (1, (0, 1), ["failed"] * 2 + ["completed"] * 2, 3),
        (1, (1,), ["completed"] * 4, 3),
    ],
)
def test_a_group_that_failed_is_run_again_so_many_times(
    search: Any,
    resume: Any,
    samplers: list[Rates],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    retries: int,
    calls: tuple[int, ...],
    ends: list[str],
    count: int,
) -> None:
    failing = Failing(worker.train_chunk, calls, _raise)
    monkeypatch.setattr(worker, "train_chunk", failing)
    done = search(f"search.retries={retries}")
    assert failing.count == count
    assert statuses(tmp_path) == ends
    assert samplers[0].told == ends
    assert done.code == ("failed" in ends)
    # A trial that failed for good stays so, since the ones after it depend on that.
    assert resume().code == done.code
    assert (failing.count, samplers[1].told) == (count, ends)


def test_a_job_alone_is_run_again_unless_its_config_is_wrong(
    search: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "fit", Failing(run.fit, (0, 2, 3), _raise))
    done = search("search.retries=1", "sweep.fuse=never")
    assert statuses(tmp_path) == ["failed", *["completed"] * 3]
    assert done.err.count("is run again: ValueError: of the test") == 2
    wrong = Failing(run.fit, range(9), _raise_wrong)
    monkeypatch.setattr(run, "fit", wrong)
    shutil.rmtree(tmp_path / "sweep")
    assert "is run again" not in search("search.retries=1", "sweep.fuse=never").err
    assert wrong.count == 4


def test_a_failure_that_stops_a_search_is_run_again_when_it_goes_on(
    search: Any, resume: Any, samplers: list[Rates], tmp_path: Path, monkeypatch: Any
) -> None:
    failing = Failing(worker.train_chunk, (1,), _raise)
    monkeypatch.setattr(worker, "train_chunk", failing)
    done = search("sweep.on_failure=stop")
    assert done.code == 1
    assert "stopped      at the first failure" in done.out
    assert statuses(tmp_path) == ["completed"] * 2 + ["failed"] * 2
    assert samplers[0].told == ["completed"] * 2
    assert resume("sweep.on_failure=stop").code == 0
    assert statuses(tmp_path) == samplers[1].told == ["completed"] * 4


def test_a_search_of_which_all_fails_stops_and_says_so(
    search: Any, samplers: list[Rates], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controller, "ENOUGH_FAILURES", 2)
    monkeypatch.setattr(worker, "train_chunk", _raise)
    done = search()
    assert done.code == 1
    assert "stopped      all of 2 jobs have failed" in done.out
    assert (statuses(tmp_path), samplers[0].told) == (["failed"] * 2, [])


@pytest.mark.parametrize(("deaths", "ends"), [(3, "completed"), (9, "failed")])
def test_a_unit_whose_worker_dies_is_run_by_itself_then_job_by_job_and_then_fails(
    search: Any,
    samplers: list[Rates],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    deaths: int,
    ends: str,
) -> None:
    launch = HydraLauncher.launch

    def die(self: HydraLauncher, function: WorkerFunction, waiting: int) -> Any:
        queue = Queue(SweepFolder(function.folder).saved)
        if queue.waiting()[0].first < 2 and next(numbers) < deaths:
            while queue.claim("dead"):
                pass
            raise OSError("a worker was killed")
        return launch(self, function, waiting)

    numbers = iter(range(100))
    monkeypatch.setattr(choosing, "ONE_AFTER_ANOTHER", "")
    monkeypatch.setattr(HydraLauncher, "launch", die)
    done = search("sweep.retries=1")
    assert statuses(tmp_path) == [ends, ends, "completed", "completed"], done.err
    assert ("2 jobs one after another: the process that trained it died" in done.err) == (
        deaths > 1
    )
    if ends == "failed":
        assert "job 1 failed: the process that trained it died (2 times)" in done.err


SIGNS = {
    "crashed": (lambda deaths: deaths.fault.write_text("Fatal Python error"), "crashed"),
    "short of memory": (
        lambda deaths: deaths.unit.write_text(
            deaths.unit.read_text().replace('"killed_for_memory": 1', '"killed_for_memory": 0')
        ),
        "was killed while the memory was short",
    ),
    "killed by hand": (lambda deaths: None, None),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_a_death_is_held_against_a_unit_where_there_is_a_sign_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    leave, how = SIGNS[sign]
    monkeypatch.setattr(deaths, "_killed_for_memory", lambda: 1)
    monkeypatch.setattr(deaths, "is_gone", lambda process: True)
    noted = Deaths(tmp_path / "unit", tmp_path / "fault")
    with noted.running("7"):
        content = noted.unit.read_text()
    assert noted.last() is None
    noted.unit.write_text(content)  # What a kill leaves.
    leave(noted)
    assert noted.last() == (how and ("7", how))
    assert noted.last() is None
    for damaged in ("", "[]", '{"key": 1}'):
        noted.unit.write_text(damaged)
        assert noted.last() is None


def test_a_process_that_crashes_leaves_a_sign(tmp_path: Path) -> None:
    script = (
        "import os, signal; from pathlib import Path; "
        "from seedbed.sweep.execution.failures.deaths import Deaths\n"
        "with Deaths(Path('unit'), Path('fault')).running('7'):\n"
        "    os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False)
    assert done.returncode == -signal.SIGSEGV
    assert Deaths(tmp_path / "unit", tmp_path / "fault").last() == ("7", "crashed")
