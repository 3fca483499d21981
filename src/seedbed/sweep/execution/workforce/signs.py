"""Signs by which a worker sees that it is to leave: in the sweep's folder, not by a connection."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType

from seedbed.errors import RunFolderError
from seedbed.process.identity import is_gone
from seedbed.process.signals import StopSweep
from seedbed.reading.json_files import read_json
from seedbed.sweep.execution.workforce.worker_function import WorkerFunction
from seedbed.sweep.presence.cancellation import CANCELLED, is_cancelled
from seedbed.sweep.presence.controller import FILE as CONTROLLER
from seedbed.sweep.presence.controller import ControllerNote
from seedbed.sweep.queue.launch import launch_file, read_launch
from seedbed.sweep.queue.queue import Claim, Queue
from seedbed.sweep.queue.workers import FOLDER as WORKERS

SECONDS_BETWEEN_LOOKS = 1.0
# Looks after which a unit that is not there any more is believed to be another's.
LOOKS = 2
# Seconds without a sign of the controller, after which a worker with nothing to do leaves.
CONTROLLER_LOST_AFTER = 120.0
# Exit code of a worker that was taken for dead, and that another one works for by now.
TAKEN_FOR_DEAD = 70


class Signs:
    """Context in which a thread looks for signs, and stops the worker as SIGTERM would.

    A worker that was taken for dead, and whose unit is another's by now, ends at once.

    Attributes:
        reason: why the worker was stopped; empty: it was not, or by a signal.
    """

    def __init__(self, saved: Path, function: WorkerFunction, name: str, stop: StopSweep) -> None:
        self.saved = saved
        self.function = function
        self.stop = stop
        self.reason = ""
        self.queue = Queue(saved)
        self._own = saved / WORKERS / f"{name}.json"
        self._claim: Claim | None = None
        self._missed = 0
        self._launch: tuple[int, int] | None = None
        self._lock, self._over = Lock(), Event()

    def __enter__(self) -> "Signs":
        self._thread = Thread(target=self._watch, name="signs", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()

    @contextmanager
    def of(self, claim: Claim) -> Iterator[None]:
        """Context in which a unit is worked on that was claimed."""
        with self._lock:
            self._claim, self._missed = claim, 0
        try:
            yield
        finally:
            with self._lock:
                self._claim = None

    def controller_has_gone(self) -> bool:
        """Return whether the controller is gone, so that nobody puts any more units."""
        try:
            note = read_json(self.saved / CONTROLLER, ControllerNote)
            age = self._own.stat().st_mtime - (self.saved / CONTROLLER).stat().st_mtime
        except (RunFolderError, OSError):
            return False
        if note.state == "ended" or is_gone(note.identity):
            return True
        return age > CONTROLLER_LOST_AFTER

    def _watch(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_LOOKS):
            with suppress(OSError, RunFolderError):  # A disk may be away for a while.
                self.reason = self._look()
            if self.reason:
                self._stop()
                return

    def _look(self) -> str:
        if self._is_taken_for_dead():
            return "it was taken for dead"
        if is_cancelled(self.saved):
            return CANCELLED
        if self.queue.stops_at_once():
            return "the sweep was stopped"
        if self._is_started_again():
            return "the sweep was started again"
        return ""

    def _stop(self) -> None:
        if self.stop.handles_signals:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            self.stop.received = signal.SIGTERM

    def _is_taken_for_dead(self) -> bool:
        with self._lock:
            is_missed = self._claim is not None and not self._claim.is_held()
            self._missed = self._missed + 1 if is_missed else 0
            if self._missed < LOOKS:
                return False
            if self.function.controller != os.getpid():
                # Whatever it would write is another's by now.
                os._exit(TAKEN_FOR_DEAD)
            return True

    def _is_started_again(self) -> bool:
        stat = launch_file(self.saved).stat()
        state = stat.st_ino, stat.st_mtime_ns
        if state != self._launch:
            if read_launch(self.saved).token != self.function.token:
                return True
            self._launch = state
        return False
