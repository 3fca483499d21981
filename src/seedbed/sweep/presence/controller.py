"""Presence of the controller of a sweep: a file that it writes anew while it works.

Others see by it that it is there, where, how far it is, and with which exit code it has ended.
"""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Annotated, Any, Literal

import msgspec

from seedbed.errors import ConfigError, Interrupted, RunFolderError
from seedbed.files import write_atomically
from seedbed.process.identity import is_gone, this_process
from seedbed.reading.json_files import Count, Text, read_json
from seedbed.runs.heartbeat import Heartbeat
from seedbed.runs.record import now
from seedbed.version import __version__

# Below the folder of what a sweep needs in order to go on.
FILE = "controller.json"
SECONDS_BETWEEN_BEATS = 2.0
# Where one cannot ask for its process: clocks of two machines differ, and a busy one beats late.
SECONDS_UNTIL_GONE = 120.0
MOST_BYTES = 2**20

State = Literal["alive", "gone", "ended", "unknown"]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class RunningUnit(msgspec.Struct, omit_defaults=True):
    """Unit that the controller runs in its own process, and how far it is.

    Attributes:
        first: number of its first job.
        jobs: how many jobs it is.
        began: when, in UTC.
        share: of its epochs that is done, 0 to 1; 0 where the last epoch is not known.
        already: the share that was done when it was taken up.
        epoch: the epoch, or what comes after the last one, in words.
        best: the best that the watched metric has been in any job.
    """

    first: Count
    jobs: Count
    began: Text
    share: Share = 0.0
    already: Share = 0.0
    epoch: Text = ""
    best: float | None = None


class ControllerNote(msgspec.Struct, omit_defaults=True):
    """Content of controller.json.

    Attributes:
        host, pid, start: its process, as `process.identity.this_process` has it.
        version: its version of Seedbed.
        began: when it began to run jobs, in UTC.
        before: jobs that had ended by then.
        detached: whether it goes on in the background.
        state: `running`, or `ended` where it has said so.
        ended, code: when, and with which exit code.
        unit: what it runs in its own process, or ran when it was stopped.
    """

    host: Text
    pid: int
    start: Text
    version: Text
    began: Text
    before: Count = 0
    detached: bool = False
    state: Literal["running", "ended"] = "running"
    ended: Text = ""
    code: int | None = None
    unit: RunningUnit | None = None

    @property
    def identity(self) -> Mapping[str, Any]:
        """The process, for `process.identity.is_gone`."""
        return {"host": self.host, "pid": self.pid, "start": self.start}


class ControllerPresence:
    """Context in which the controller works; its file is written at begin and end, and meanwhile.

    A file that cannot be written stops no sweep. `running` returns what runs in this process.
    """

    def __init__(
        self,
        saved: Path,
        *,
        before: int,
        detached: bool,
        running: Callable[[], RunningUnit | None],
    ) -> None:
        self._path = saved / FILE
        self._running = running
        self._lock = Lock()
        self._note = ControllerNote(
            **this_process(), version=__version__, began=now(), before=before, detached=detached
        )

    def __enter__(self) -> "ControllerPresence":
        self._write()
        self._heartbeat = Heartbeat(self._beat, SECONDS_BETWEEN_BEATS)
        return self

    def ended(self, code: int) -> int:
        """Take and return the exit code."""
        self._note.code = code
        return code

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._heartbeat.stop()
        with self._lock:
            if error is not None:
                self._note.code = _code(error)
            # What was stopped is as far as it was then.
            self._note.unit = None if error is None else self._running()
            self._note.state, self._note.ended = "ended", now()
            self._write()

    def _beat(self) -> None:
        with self._lock:
            if self._note.state == "ended":
                return
            unit = self._running()
            if unit is None and self._note.unit is None:
                os.utime(self._path)
                return
            self._note.unit = unit
            self._write()

    def _write(self) -> None:
        with suppress(OSError):
            write_atomically(self._path, msgspec.json.encode(self._note))


def _code(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    if isinstance(error, Interrupted):
        return 128 + error.signal_number
    if isinstance(error, KeyboardInterrupt):
        return 130
    return 2 if isinstance(error, ConfigError) else 1


class SeenController(msgspec.Struct):
    """What can be told of the controller of a sweep from here.

    Attributes:
        note: what it has written; None where there is nothing of it, or it is damaged.
        state: `alive`, `gone` without a word, `ended`, or `unknown` where there is no sign of one.
        sign: when it gave its last sign, in seconds since 1970 by the clock of the file system.
    """

    note: ControllerNote | None
    state: State
    sign: float | None = None

    @property
    def age(self) -> float | None:
        """Seconds since its last sign, by the clock of this machine."""
        return None if self.sign is None else max(0.0, time.time() - self.sign)

    @property
    def is_elsewhere(self) -> bool:
        """Whether its process cannot be asked for, since it is on another machine."""
        return self.note is not None and is_gone(self.note.identity) is None


def see_controller(saved: Path, is_locked: bool) -> SeenController:
    """Return what can be told of a controller; `is_locked` says that a process holds its lock."""
    path = saved / FILE
    note: ControllerNote | None = None
    with suppress(RunFolderError, OSError):
        note = read_json(path, ControllerNote, MOST_BYTES)
        sign = path.stat().st_mtime
    if note is None:
        return SeenController(None, "alive" if is_locked else "unknown")
    # Of one that has just taken the lock the note is still that of the one before.
    gone = True if note.state == "ended" else is_gone(note.identity)
    if gone is True:
        if is_locked:
            return SeenController(None, "alive")
        return SeenController(note, "ended" if note.state == "ended" else "gone", sign)
    # A copy of the folder of a sweep that runs has no lock, and gets no signs.
    is_fresh = time.time() - sign < SECONDS_UNTIL_GONE
    return SeenController(note, "alive" if is_locked or is_fresh else "gone", sign)
