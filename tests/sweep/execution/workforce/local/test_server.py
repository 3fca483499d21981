"""The server of local workers: what it is told, what it tells, and how all of them end."""

import fcntl
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.sweep.execution.workforce.local.functions import Dies, Raises, Saves, Tells

from seedbed.sweep.execution.workforce.local.birth import Born, born
from seedbed.sweep.execution.workforce.local.messages import End, Function, Start, Stop

SECONDS = 120.0


@contextmanager
def served(function: Any) -> Iterator[Born]:
    server = born(fork=True, alone=False)
    server.connection.send(Function(pickle.dumps(function)))
    try:
        yield server
    finally:
        server.connection.close()
        os.waitpid(server.pid, 0)


def heard(server: Born) -> End:
    assert server.connection.poll(SECONDS)
    news: End = server.connection.recv()
    return news


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_workers_have_their_share_and_return_what_the_function_does() -> None:
    with served(Tells("CUDA_VISIBLE_DEVICES")) as server:
        for place in range(2):
            environment = {"CUDA_VISIBLE_DEVICES": str(place)}
            server.connection.send(Start(f"local {place}", environment, f"GPU {place}", 1))
        ends = sorted(heard(server) for _ in range(2))

    assert [end.returned for end in ends] == [
        ("local 0", "GPU 0", 1, 1, "0"),
        ("local 1", "GPU 1", 1, 1, "1"),
    ]
    assert [(end.name, end.code, end.error) for end in ends] == [
        ("local 0", 0, ""),
        ("local 1", 0, ""),
    ]


def test_how_a_worker_goes_is_told() -> None:
    with served(Raises()) as server:
        server.connection.send(Start("local 0", {}, None, 1))
        raised = heard(server)
        server.connection.send(Function(pickle.dumps(Dies())))
        server.connection.send(Start("local 1", {}, None, 1))
        killed = heard(server)

    assert raised == End("local 0", 1, None, "ValueError: no worker of any use")
    assert killed == End("local 1", -signal.SIGKILL, None, "")


def test_the_server_ends_with_the_last_worker() -> None:
    with served(Tells()) as server:
        server.connection.send(Start("local 0", {}, None, 1))
        server.connection.send(Stop(None))
        assert heard(server).code == 0
        with pytest.raises(EOFError):
            server.connection.recv()


def test_workers_save_and_go_where_the_sweep_has_gone(tmp_path: Path) -> None:
    with served(Saves(tmp_path)) as server:
        for place in range(2):
            server.connection.send(Start(f"local {place}", {}, None, 1))
        works = [tmp_path / f"local {place} works" for place in range(2)]
        until(lambda: all(path.is_file() and path.read_text() for path in works))
        pids = [int(path.read_text()) for path in works]
        # Nothing reaches them that a terminal sends to the sweep.
        assert {os.getsid(pid) for pid in pids} == {server.pid}

    until(lambda: not any(map(is_alive, pids)))
    assert all((tmp_path / f"local {place} saved").is_file() for place in range(2))


def test_workers_save_and_go_where_their_server_was_killed(tmp_path: Path) -> None:
    with served(Saves(tmp_path)) as server:
        server.connection.send(Start("local 0", {}, None, 1))
        works = tmp_path / "local 0 works"
        until(lambda: works.is_file() and bool(works.read_text()))
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not is_alive(int(works.read_text())))
        with pytest.raises((EOFError, ConnectionResetError)):
            server.connection.recv()

    assert (tmp_path / "local 0 saved").is_file()


def test_locks_of_the_sweep_are_not_held_by_its_workers(tmp_path: Path) -> None:
    with (tmp_path / "sweep.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with served(Saves(tmp_path)) as server:
            server.connection.send(Start("local 0", {}, None, 1))
            until(lambda: (tmp_path / "local 0 works").is_file())
            lock.close()
            with (tmp_path / "sweep.lock").open("w") as other:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
