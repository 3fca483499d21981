"""Connection of the controller with the starter, the process that is Ray's driver."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing import Pipe
from typing import Any
from weakref import finalize

from seedbed.errors import ConfigError, ProcessLost
from seedbed.sweep.execution.workforce.ray_cluster.messages import (
    Connect,
    Connected,
    Refused,
    Room,
    Stop,
    TaskEnded,
)

STARTER = "seedbed.sweep.execution.workforce.ray_cluster.starter"
# What listens at an address and is no Ray never answers; a Ray of its own takes 6 s to start, and
# more on a machine that is busy.
SECONDS_TO_CONNECT = 30.0
SECONDS_TO_START = 180.0
SECONDS_TO_END = 10.0
# Addresses for which a Ray may have to be started.
OWN = (None, "local")
# What Ray has printed at the end, of which a line is shown.
MOST_PRINTED = 20_000
# It counts those who use it, and would warn of what it changes later.
_ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class Driver:
    """Process that is Ray's driver; what Ray prints there goes into a file that nobody sees.

    It connects at `address`, or starts a Ray, with `init` as other arguments of `ray.init`, and
    starts tasks with the options `remote`.

    Attributes:
        room: how many workers have room at once.
    """

    def __init__(self, address: str | None, init: dict[str, Any], remote: dict[str, Any]) -> None:
        self.address = address
        self.room = 1
        self.temporary = tempfile.mkdtemp(prefix="ray-")
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `end`)
        self._connection, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", STARTER, str(theirs.fileno()), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=self._printed,
            pass_fds=[theirs.fileno()],
            env={**os.environ, **_ENVIRONMENT},
            start_new_session=True,  # Ctrl-C is for the controller, which says what then.
        )
        theirs.close()
        # Of a sweep that comes to nothing.
        self._end = finalize(self, _end, self._process, self._connection, self.temporary)
        self.send(Connect(address, init, remote, self.temporary))
        limit = SECONDS_TO_START if address in OWN else SECONDS_TO_CONNECT
        self._limit, self._deadline = limit, time.monotonic() + limit

    def connected(self) -> Connected:
        """Return what Ray it is, as soon as that is there; raises ConfigError where it is not."""
        where = f"hydra.launcher.ray.init.address={self.address or 'null'}"
        while not self._connection.poll(0.1):
            if self._process.poll() is not None:
                raise ConfigError(f"{where}: ray ended: {self._last_line()}")
            if time.monotonic() > self._deadline:
                how = "something listens there that does not answer as Ray does"
                if self.address in OWN:
                    how = f"ray has not started: {self._last_line()}"
                raise ConfigError(f"{where}: {how}, within {self._limit:.0f} s")
        try:
            answer = self._connection.recv()
        except EOFError:
            raise ConfigError(f"{where}: ray ended: {self._last_line()}") from None
        if isinstance(answer, Refused):
            raise ConfigError(answer.why)
        assert isinstance(answer, Connected)
        self.room = answer.room
        return answer

    def send(self, message: object) -> None:
        """Send a message; raises ProcessLost where Ray has gone."""
        try:
            self._connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            raise self._lost() from None

    def ended(self) -> list[TaskEnded]:
        """Return the tasks that have ended since the last time.

        Raises ConfigError where none can be started, and ProcessLost where Ray has gone.
        """
        ended = []
        try:
            while self._connection.poll(0):
                message: Any = self._connection.recv()
                if isinstance(message, Refused):
                    raise ConfigError(message.why)
                if isinstance(message, Room):
                    self.room = message.workers
                else:
                    ended.append(message)
        except (EOFError, ConnectionResetError):
            raise self._lost() from None
        return ended

    def end(self, at_once: bool = False) -> None:
        """End all tasks and the process, and a Ray that it has started.

        `at_once` (default: not) where it may be waiting for Ray.
        """
        if at_once:
            self._process.kill()
        self._end()
        self._printed.close()

    def _lost(self) -> ProcessLost:
        self._process.wait()
        return ProcessLost(f"Ray has gone: {self._last_line()}")

    def _last_line(self) -> str:
        """Return the last line that Ray has printed."""
        size = self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(0, size - MOST_PRINTED))
        lines = self._printed.read().decode(errors="replace").splitlines()
        return next(
            (line.strip()[:300] for line in reversed(lines) if line.strip()), "it says nothing"
        )


def _end(process: "subprocess.Popen[bytes]", connection: Any, temporary: str) -> None:
    with suppress(OSError):
        connection.send(Stop())
    connection.close()
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(temporary, ignore_errors=True)
