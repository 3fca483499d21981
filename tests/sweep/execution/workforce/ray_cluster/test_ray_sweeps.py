"""Sweeps on a Ray of three nodes: the results of one process, whatever is killed."""

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.command_line import SEEDBED, environment
from tests.sweep.execution.workforce.ray_cluster.conftest import Nodes, at_work, table, until

from seedbed.sweep.queue.queue import Queue

TRAIN = ("train", "-m", "data=linear_noise", "data.rows=40", "trainer=cpu", "logger=none")
SHORT = ("stop.n_warmup_epochs=2", "trainer.max_epochs=8")
pytestmark = pytest.mark.slow


def held_in_the_middle(folder: Path, nodes: Nodes, on_head: bool) -> int:
    """Stop a worker in the middle of a unit, on the head node or another one; return its pid."""

    def held() -> int | None:
        for note in at_work(folder):
            if (nodes.node_of(note.pid) is None) != on_head or not psutil.pid_exists(note.pid):
                continue
            os.kill(note.pid, signal.SIGSTOP)
            if any(entry.worker == note.name for entry in Queue(folder / ".sweep").running()):
                return note.pid
            os.kill(note.pid, signal.SIGCONT)
        return None

    pid: int = until(held)
    return pid


def test_two_thousand_jobs_lose_a_worker_and_a_node_and_nothing_else(
    command: Any, nodes: Nodes, tmp_path: Path
) -> None:
    words = (*TRAIN, "seed=range(1000)", "optimizer.lr=0.01,0.02", "trainer.max_epochs=20")
    words = (*words, "sweep.chunk_size=100", "sweep.keep=record", "page=false")
    assert command(*words, "hydra.sweep.dir=here").code == 0

    def kill() -> None:
        os.kill(held_in_the_middle(tmp_path / "there", nodes, on_head=True), signal.SIGKILL)
        pid = held_in_the_middle(tmp_path / "there", nodes, on_head=False)
        nodes.kill(nodes.node_of(pid))
        # A process that is stopped is not gone to Ray, though its node is.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    with ThreadPoolExecutor() as pool:
        on_three_nodes = nodes.words()
        killing = pool.submit(kill)
        there = command(*words, "hydra.sweep.dir=there", *on_three_nodes)
        killing.result()
    assert there.code == 0, there.err
    assert "3 nodes runs 20 units: 20 of jobs side by side" in there.err
    # Ray tells of them in any order; a worker may end its unit before it sees that its node has
    # gone.
    lost = [line for line in there.err.splitlines() if "seedbed: the worker of job" in line]
    assert len(lost) in (1, 2), there.err
    assert all("was killed, or crashed" in line or "died with its node" in line for line in lost)
    assert table(tmp_path / "there") == table(tmp_path / "here")
    assert len(table(tmp_path / "there")) == 2001
    assert not (tmp_path / "there/.sweep/units").exists()


def test_a_search_asks_its_trials_of_workers_that_stay(
    command: Any, nodes: Nodes, tmp_path: Path
) -> None:
    words = (*TRAIN, "optimizer.lr=interval(0.001,0.1)", "search=tpe", "search.trials=16")
    words = (*words, "search.generation=8", "stop=median", "stop.n_startup_trials=4", *SHORT)
    words = (*words, "sweep.chunk_size=4", "page=false", "sweep.figures=false")
    assert command(*words, "hydra.sweep.dir=here").code == 0
    there = command(*words, "hydra.sweep.dir=there", *nodes.words(), "sweep.workers=2")
    assert there.code == 0, there.err
    assert table(tmp_path / "there") == table(tmp_path / "here")
    ended = [
        json.loads((tmp_path / name / "15/run.json").read_text()) for name in ("here", "there")
    ]
    assert ended[0]["metrics"] == ended[1]["metrics"]


def test_a_sweep_whose_controller_was_killed_goes_on_where_it_was(
    command: Any, nodes: Nodes, tmp_path: Path
) -> None:
    words = (*TRAIN, "seed=range(4)", "trainer.max_epochs=30", "page=false", "sweep.fuse=never")
    words = (*words, "callbacks=quiet")
    assert command(*words, "hydra.sweep.dir=here").code == 0
    there, alone = tmp_path / "there", (*nodes.words(), "sweep.workers=1")
    controller = subprocess.Popen(
        [*SEEDBED, *words, "hydra.sweep.dir=there", *alone],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    [worker] = until(lambda: [note for note in at_work(there) if note.done])
    controller.kill()
    controller.wait()
    until(lambda: not psutil.pid_exists(worker.pid))
    resumed = command("train", "-m", "sweep.resume=there", *alone)
    assert resumed.code == 0, resumed.err
    assert table(there) == table(tmp_path / "here")


def test_what_no_node_has_is_refused_before_anything_is_written(refused: Any, nodes: Nodes) -> None:
    words = (*TRAIN, "seed=1,2", *nodes.words())
    assert refused(*words, "hydra.launcher.ray.remote.num_gpus=1", function=None) == (
        "seedbed: hydra.launcher.ray.remote.num_gpus=1.0: no node of this Ray has that; the "
        "largest has 0 GPU\n"
    )
