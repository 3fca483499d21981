"""A Ray of three nodes, for all tests of a process, and the same sweeps without it."""

import csv
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from seedbed.sweep.queue.workers import WorkerNote, read_workers

pytest.importorskip("ray", reason="seedbed[launchers] is not installed")
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
SECONDS_TO_WAIT = 120.0


class Nodes:
    """Three nodes of a core each on this machine, of which one may be killed and replaced."""

    def __init__(self, temporary: str) -> None:
        from ray.cluster_utils import Cluster

        store = {"object_store_memory": 80 * 2**20, "include_log_monitor": False}
        self._arguments = {"num_cpus": 1, "temp_dir": temporary, "no_monitor": True, **store}
        head = {"include_dashboard": False, **self._arguments}
        handler = signal.getsignal(signal.SIGTERM)
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.others: list[Any] = []
        self._complete()
        signal.signal(signal.SIGTERM, handler)
        self.address = str(self.cluster.address)

    def _complete(self) -> None:
        """Add nodes in place of those that were killed; only the main thread may do so."""
        while len(self.others) < 2:
            self.others.append(self.cluster.add_node(wait=False, **self._arguments))
        self.cluster.wait_for_nodes(SECONDS_TO_WAIT)

    def words(self) -> tuple[str, ...]:
        """Return the words by which a sweep runs here, on three nodes."""
        self._complete()
        return "hydra/launcher=ray", f"hydra.launcher.ray.init.address={self.address}"

    def node_of(self, pid: int) -> Any:
        """Return the node that a worker is a process of; None: it is the head."""
        with suppress(psutil.NoSuchProcess):
            return self._child_of(psutil.Process(pid).ppid())
        return None

    def _child_of(self, parent: int) -> Any:
        for node in self.others:
            if parent in [each.process.pid for each in node.all_processes["raylet"]]:
                return node
        return None

    def kill(self, node: Any) -> None:
        """Kill a node as a power cut would."""
        self.cluster.remove_node(node, allow_graceful=False)
        self.others = [each for each in self.others if each is not node]


@pytest.fixture(scope="session")
def nodes() -> Iterator[Nodes]:
    """The three nodes; the last test of a process ends them."""
    # Not that of pytest, whose path is too long for a socket.
    temporary = tempfile.mkdtemp(prefix="ray-")
    started = Nodes(temporary)
    yield started
    started.cluster.shutdown()
    shutil.rmtree(temporary, ignore_errors=True)


def table(folder: Path) -> list[list[str]]:
    """Return the cells of results.csv as they stand there, without how long it took."""
    with (folder / "results.csv").open(newline="") as lines:
        rows = list(csv.reader(lines))
    place = rows[0].index("seconds")
    return [row[:place] + row[place + 1 :] for row in rows]


def until(condition: Callable[[], Any]) -> Any:
    """Return what a condition returns as soon as that is true."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def at_work(folder: Path) -> list[WorkerNote]:
    """Return the workers of a sweep that run a unit."""
    seen = read_workers(folder / ".sweep").values()
    return [each.note for each in seen if each.note.state == "working"]
