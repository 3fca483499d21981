"""Sweeps on a real Slurm, which scripts/slurm_cluster.py sets up on this machine."""

import csv
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from omegaconf import OmegaConf
from scripts.slurm_cluster import MAX_ARRAY_SIZE, Cluster
from tests.command_line import SEEDBED

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.errors import ConfigError, ProcessLost
from seedbed.sweep.execution.workforce.submitted.workforce import SubmittedWorkforce
from seedbed.sweep.execution.workforce.workforce import Lost

SLURM = ("hydra/launcher=submitit_slurm", "hydra.launcher.mem_gb=1", "hydra.launcher.timeout_min=9")
DATA = ("data=linear_noise", "data.rows=20", "data.batch_size=10", "data.val_size=5")
DATA = (*DATA, "trainer=cpu", "logger=none", "sweep.keep=record", "model=mlp")
# Two units, of a second each on an idle machine.
LONG = (*DATA, "trainer.max_epochs=600", "seed=range(4)", "sweep.chunk_size=2")
LONG = (*LONG, "sweep.every_seconds=0.2")

# Workers that need no torch, and do what their mode says.
LIGHT = """
import time
from typing import NamedTuple

class Ended(NamedTuple):
    refused: bool = False
    why: str = ""

class Work:
    def __init__(self, mode):
        self.mode = mode

    def __call__(self, started, threads):
        print(started, threads, flush=True)
        if self.mode == "refuses":
            return Ended(True, "a worker cannot see FOLDER")
        if self.mode == "takes memory":
            memory = bytearray(b"1") * (400 * 2**20)
        time.sleep(0.1 if self.mode == "ends" else 60)
        return Ended()
"""


def until(holds: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it has not come to it"
        time.sleep(0.1)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.fixture
def start(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., SubmittedWorkforce]]:
    """Return a function that starts as many light workers as wanted."""
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    from hydra_plugins.hydra_submitit_launcher.config import SlurmQueueConf

    (tmp_path / "light.py").write_text(LIGHT)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    started = []

    def start(mode: str, count: int = 1, **params: Any) -> SubmittedWorkforce:
        from light import Work

        launcher = OmegaConf.structured(SlurmQueueConf(**{"timeout_min": 9, **params}))
        launcher.submitit_folder, launcher.name = str(tmp_path / "jobs/%j"), "light"
        master = OmegaConf.create({"hydra": {"launcher": launcher}})
        workforce = SubmittedWorkforce(master, SweepOptions(workers=count))
        started.append(workforce)
        workforce.check()
        workforce.open(Work(mode))
        workforce.ensure(100)
        return workforce

    yield start
    for workforce in started:
        workforce._pool.shutdown()


def lost(workforce: SubmittedWorkforce, count: int = 1) -> list[Lost]:
    """Return the first workers that have gone."""
    gone: list[Lost] = []

    def look() -> bool:
        gone.extend(workforce.look())
        return len(gone) >= count

    until(look)
    return gone


def runs(cluster: Cluster) -> bool:
    return " R " in cluster.call("squeue", "--format=%i %t %N")


def test_workers_are_an_array_and_told_of_by_slurm(
    start: Callable[..., SubmittedWorkforce], tmp_path: Path
) -> None:
    workforce = start("ends", 3)
    gone = lost(workforce, 3)
    array = gone[0].worker.partition("_")[0]
    assert sorted(each.worker for each in gone) == [f"{array}_{task}" for task in range(3)]
    assert {each.kind for each in gone} == {"died"}
    (log,) = tmp_path.glob("jobs/*_0/*_log.out")
    assert f"\n{array}_0 1\n" in log.read_text()


def test_a_worker_that_takes_too_much_memory_lacked_it(
    start: Callable[..., SubmittedWorkforce],
) -> None:
    workforce = start("takes memory", additional_parameters={"mem": "200M"})
    (gone,) = lost(workforce)
    assert gone.kind == "memory"
    assert "ran out of memory on node" in gone.why


def test_a_job_that_slurm_queues_again_is_another_worker(
    start: Callable[..., SubmittedWorkforce], cluster: Cluster
) -> None:
    workforce = start("waits")
    until(lambda: runs(cluster))
    (job,) = workforce._jobs
    assert workforce.tells_of(f"slurm {job}")
    cluster.call("scontrol", "requeue", job)
    (gone,) = lost(workforce)
    assert (gone.worker, gone.kind) == (f"slurm {job}", "died")
    assert "queued again" in gone.why
    assert not workforce.tells_of(f"slurm {job}")
    # It starts in two minutes, and others are wanted until then.
    until(lambda: [*workforce.look()] or workforce._jobs[job].waits_long)
    workforce.ensure(100)
    assert len(workforce._jobs) == 2


def test_workers_that_somebody_cancels_are_not_replaced(
    start: Callable[..., SubmittedWorkforce], cluster: Cluster
) -> None:
    workforce = start("waits", 2)
    until(lambda: runs(cluster))
    array = next(iter(workforce._jobs)).partition("_")[0]
    cluster.call("scancel", f"{array}_0")
    assert [each.worker for each in lost(workforce)] == [f"slurm {array}_0"]
    workforce.ensure(100)
    assert list(workforce._jobs) == [f"{array}_1"]
    cluster.call("scancel", array)
    lost(workforce)
    with pytest.raises(ProcessLost, match=f"Slurm job {array} was cancelled by somebody"):
        workforce.ensure(100)


def test_what_all_workers_refuse_ends_the_sweep(
    start: Callable[..., SubmittedWorkforce],
) -> None:
    workforce = start("refuses", 2)
    with pytest.raises(ConfigError, match=r"^a worker cannot see FOLDER$"):
        lost(workforce, 3)


def test_jobs_that_end_before_their_worker_begins_are_not_tried_for_ever(
    start: Callable[..., SubmittedWorkforce],
) -> None:
    workforce = start("ends", 3, setup=["echo no such module >&2; exit 3"])
    with pytest.raises(ConfigError, match=r"ended before its worker began: no such module$"):
        lost(workforce, 4)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"partition": "nope"}, "partition=nope, timeout_min=9): invalid partition specified"),
        ({"partition": "short", "timeout_min": 60}, "Requested time limit is invalid"),
        ({"mem_gb": 1000}, "Requested node configuration is not available"),
        ({"additional_parameters": {"nonsense": 1}}, "unrecognized option '--nonsense=1'"),
    ],
)
def test_what_slurm_refuses_is_said_before_anything_is_submitted(
    start: Callable[..., SubmittedWorkforce], tmp_path: Path, params: Any, sentence: str
) -> None:
    with pytest.raises(ConfigError) as error:
        start("waits", **params)
    assert str(error.value).startswith("hydra/launcher=submitit_slurm (")
    assert sentence in str(error.value)
    assert not (tmp_path / "jobs").exists()


def test_an_array_has_no_more_tasks_than_slurm_allows(cluster: Cluster) -> None:
    from hydra_plugins.hydra_submitit_launcher.config import SlurmQueueConf

    launcher = OmegaConf.structured(SlurmQueueConf(submitit_folder="/nowhere", name="x"))
    master = OmegaConf.create({"hydra": {"launcher": launcher}})
    workforce = SubmittedWorkforce(master, SweepOptions())
    assert workforce.most == workforce.sharing().workers == MAX_ARRAY_SIZE
    workforce.check()


# Whole sweeps


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sweep of some seconds, run in one process."""
    folder = tmp_path_factory.mktemp("alone")
    words = (*LONG, "hydra.sweep.dir=sweep")
    subprocess.run([*SEEDBED, "train", "-m", *words], cwd=folder, check=True, capture_output=True)
    return folder / "sweep"


def trained(folder: Path) -> list[Path]:
    """Return the states of units of which some epochs are trained."""
    return list(folder.glob(".sweep/chunk-*.ckpt"))


@pytest.mark.slow
def test_jobs_that_slurm_stops_go_on_to_the_results_of_one_process(
    cluster: Cluster, alone: Path, command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))

    def disturb() -> None:
        until(lambda: len(trained(tmp_path / "sweep")) == 2)
        jobs = cluster.call("squeue", "--noheader", "--array", "--format=%i").split()
        cluster.call("scontrol", "requeue", jobs[0])
        node = cluster.call("squeue", "--noheader", f"--jobs={jobs[1]}", "--format=%N").strip()
        cluster.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
        cluster.call("scontrol", "update", f"NodeName={node}", "State=RESUME")

    disturbing = Thread(target=disturb)
    disturbing.start()
    done = command("train", "-m", *LONG, *SLURM, "sweep.workers=2", "hydra.sweep.dir=sweep")
    disturbing.join()
    assert done.code == 0, done.err
    assert "Slurm runs 2 units: 2 of jobs side by side" in done.err
    assert table(tmp_path / "sweep") == table(alone)
    assert not list(tmp_path.glob("sweep/.sweep/units/*"))


@pytest.mark.slow
def test_a_sweep_whose_controller_was_killed_goes_on_without_its_old_jobs(
    cluster: Cluster, alone: Path, command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    words = ("train", "-m", *LONG, *SLURM, "sweep.workers=1", "hydra.sweep.dir=sweep")
    with subprocess.Popen([*SEEDBED, *words], cwd=tmp_path, stderr=subprocess.DEVNULL) as killed:
        until(lambda: trained(tmp_path / "sweep"))
        killed.send_signal(signal.SIGKILL)
    (job,) = cluster.call("squeue", "--noheader", "--format=%i").split()
    done = command("train", "-m", "sweep.resume=sweep", *SLURM, "sweep.workers=1")
    assert done.code == 0, done.err
    assert "1 worker of before still at work" in done.err
    assert table(tmp_path / "sweep") == table(alone)
    until(lambda: job not in cluster.call("squeue", "--noheader", "--format=%i").split())


@pytest.mark.slow
def test_a_search_on_slurm_reuses_its_workers(
    cluster: Cluster, command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    search = ("search=random", "search.trials=4", "search.generation=2", "search.seed=1")
    words = (*DATA, *search, "optimizer.lr=interval(0.001,0.1)", "trainer.max_epochs=3")
    assert command("train", "-m", *words, "hydra.sweep.dir=here").code == 0
    done = command("train", "-m", *words, *SLURM, "sweep.workers=1", "hydra.sweep.dir=sweep")
    assert done.code == 0, done.err
    assert done.err.count("Slurm job") == 1
    assert table(tmp_path / "sweep") == table(tmp_path / "here")
