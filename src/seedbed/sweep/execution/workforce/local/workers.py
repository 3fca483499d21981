"""Workers in processes of this machine: `sweep.workers`."""

import os
import pickle
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedbed.errors import ConfigError, ProcessLost, signal_name
from seedbed.process import background
from seedbed.process.killed import MemoryKills
from seedbed.process.parent import SECONDS_TO_SAVE
from seedbed.sweep.execution.workforce.local.birth import ALONE, Born, born, may_fork
from seedbed.sweep.execution.workforce.local.messages import End, Function, Import, Start, Stop
from seedbed.sweep.execution.workforce.local.shares import Shares
from seedbed.sweep.execution.workforce.worker_function import Ended, WorkerFunction
from seedbed.sweep.execution.workforce.workforce import Lost, Workforce
from seedbed.sweep.planning.sharing.workers import Sharing
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.results.folder import SweepFolder

# Workers that end one after another before any has come to work, after which no more are started.
MOST_FAILED_STARTS = 3
# Seconds between two looks of a worker that has nothing to do: on this machine they cost nothing.
LONGEST_PAUSE = 0.05
# Seconds in which the server, whose workers have all ended, ends itself.
SECONDS_TO_END = 5.0


class LocalWorkers(Workforce):
    """Workers in processes of this machine, which a server forks."""

    longest_pause = 0.1

    def __init__(self, shares: Shares) -> None:
        self.shares = shares
        self._server: Born | None = None
        self._function: WorkerFunction | None = None
        # The places of the workers that are at work, by their names; and those that were started.
        self._places: dict[str, int] = {}
        self._started = 0
        self._ends: list[End] = []
        self._failed_starts = 0
        self._kills = MemoryKills()

    @property
    def label(self) -> str:
        """How many there are."""
        return _pool(self.shares.workers)

    def label_for(self, units: int) -> str:
        """Return how many there are of use to so many units."""
        return _pool(min(units, self.shares.workers))

    def sharing(self) -> Sharing:
        """Return what a plan must know of the workers."""
        return self.shares.sharing()

    def told(self, units: int) -> list[str]:
        """Return how the workers were chosen, as a plan says it."""
        most = self.shares.workers
        return [f"workers {f'{units:,} of at most ' if units < most else ''}{self.shares.told}"]

    def prepare(self, alone: bool) -> None:
        """Begin the server, before this process does anything that keeps it from being forked.

        `alone`: some jobs train alone, for which workers need more modules.
        """
        if background.is_asked():  # Whoever started this process waits for all that write to it.
            return
        if self._server is None:
            self._server = born(may_fork(bool(self.shares.gpus)), alone)
            if self._function is not None:
                self._tell(Function(pickle.dumps(self._function)))
        if alone:
            self._tell(Import(ALONE))

    def withdraw(self) -> None:
        """End the server, where nothing came of the sweep."""
        if self._server is not None and self._function is None:
            connection, pid = self._server
            self._server = None
            connection.close()
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _wait_for(pid)

    def open(self, function: WorkerFunction) -> None:
        """Take what each worker is to call."""
        self._function = replace(function, longest_pause=LONGEST_PAUSE)
        if self._server is None:
            self.prepare(alone=False)
        else:
            self._tell(Function(pickle.dumps(self._function)))

    def ensure(self, waiting: int) -> None:
        """Start workers, as many as units wait and as may run."""
        self._hear()
        free = [place for place in range(self.shares.workers) if place not in self._busy()]
        for place in free[:waiting]:
            name = f"local {self._started}"
            self._started += 1
            self._places[name] = place
            environment, device = self.shares.environment(place), self.shares.device(place)
            self._tell(Start(name, environment, device, self.shares.threads))

    def look(self) -> list[Lost]:
        """Return the workers that have gone without a word since the last look."""
        self._hear()
        ends, self._ends = self._ends, []
        lost = []
        for end in ends:
            returned = end.returned if isinstance(end.returned, Ended) else None
            if returned is None:
                lost.append(self._lost(end))
            self._count_start(end, returned)
        return lost

    def tells_of(self, started: str) -> bool:
        """Return whether the server is still to tell how a worker has gone."""
        return started in self._places

    def stop(self) -> None:
        """Wait until all workers have saved what they run and gone."""
        if self._server is None:
            return
        connection, pid = self._server
        saves = self._function is not None and Queue(self._saved).stops_at_once()
        with suppress(OSError):
            connection.send(Stop(None if saves else SECONDS_TO_SAVE))
        while self._server is not None and self._places:
            connection.poll(1.0)
            self._hear()
        connection.close()
        self._server = None
        _wait_for(pid)

    @property
    def _saved(self) -> Path:
        assert self._function is not None
        return SweepFolder(self._function.folder).saved

    def _busy(self) -> set[int]:
        return set(self._places.values())

    def _count_start(self, end: End, returned: Ended | None) -> None:
        """Take note whether a worker came to work; raises an error where none does."""
        if returned is not None and returned.refused:
            raise ConfigError(returned.why)
        has_worked = returned.done > 0 if returned is not None else not end.error
        self._failed_starts = 0 if has_worked or returned is not None else self._failed_starts + 1
        if self._failed_starts >= MOST_FAILED_STARTS:
            raise ProcessLost(f"no local worker comes to work: {end.error}")

    def _lost(self, end: End) -> Lost:
        if end.code == -signal.SIGKILL and self._kills.is_more():
            return Lost(end.name, "was killed for want of memory", "memory")
        if end.code < 0:
            return Lost(end.name, f"died (signal {-end.code}, {signal_name(-end.code)})")
        return Lost(end.name, f"ended with code {end.code}: {end.error or 'it says no more'}")

    def _tell(self, order: Any) -> None:
        """Give the server an order; where the server has died, another one takes its place."""
        if self._server is None:
            self.prepare(alone=False)
        assert self._server is not None
        try:
            self._server.connection.send(order)
        except OSError:
            self._server_has_gone()

    def _hear(self) -> None:
        """Take the news of the server."""
        if self._server is None:
            return
        connection = self._server.connection
        try:
            while connection.poll():
                news = connection.recv()
                self._places.pop(news.name, None)
                self._ends.append(news)
        except (EOFError, OSError):
            self._server_has_gone()

    def _server_has_gone(self) -> None:
        """Take note that the server was killed; its workers save what they run, and end."""
        assert self._server is not None
        self._server.connection.close()
        pid, self._server = self._server.pid, None
        _wait_for(pid)
        for name in self._places:
            self._ends.append(End(name, -signal.SIGKILL))
        self._places.clear()


def _pool(count: int) -> str:
    return f"a pool of {count:,} process" + "es" * (count != 1)


def _wait_for(pid: int) -> None:
    """Wait for a process that is about to end, for a while."""
    deadline = time.monotonic() + SECONDS_TO_END
    with suppress(ChildProcessError):
        while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.005)
