"""Workers of a sweep as others see them: a file each, which the worker writes anew as it works.

Whether a worker is there is told by its process where that can be asked for, else by its file: by
when it was last seen to change, or by its time, compared with that of the controller's file: both
are those of the same file system.
"""

import os
import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Literal, NamedTuple

import msgspec

from seedbed.errors import RunFolderError
from seedbed.files import TEMPORARY, write_atomically
from seedbed.process.identity import is_gone, this_process
from seedbed.reading.json_files import Count, Text, read_json
from seedbed.runs.heartbeat import Heartbeat
from seedbed.runs.record import now
from seedbed.sweep.presence.controller import FILE as CONTROLLER
from seedbed.version import __version__

FOLDER = "workers"
SECONDS_BETWEEN_BEATS = 5.0
MOST_BYTES = 2**20

# A worker that says `ended` found nothing more to do; one that is `stopped` was asked to leave, or
# says why it takes no more.
State = Literal["starting", "working", "idle", "ended", "stopped"]
LEFT = ("ended", "stopped")


class UnitProgress(msgspec.Struct, omit_defaults=True):
    """Unit that a worker runs, and how far it is.

    Attributes:
        unit: its name in the queue.
        tries: how often it was handed out before.
        jobs: how many jobs it is.
        began: when, in UTC.
        share: of its epochs that is done, 0 to 1; 0 where the last epoch is not known.
        already: the share that was done when the worker began with it; None until it is known.
        epoch: the epoch, or what comes after the last one, in words.
        best: the best that the watched metric has been in any job.
        stopped: jobs of it that a rule has stopped.
    """

    unit: Text
    jobs: Count
    tries: Count = 0
    began: Text = ""
    share: float = 0.0
    already: float | None = None
    epoch: Text = ""
    best: float | None = None
    stopped: Count = 0


class WorkerNote(msgspec.Struct, omit_defaults=True):
    """Content of the file of a worker.

    Attributes:
        name: its name, which claimed units bear.
        host, pid, start: its process, as `process.identity.this_process` has it.
        version: its version of Seedbed.
        token: of the start of the sweep that it works for.
        began: when it began, in UTC.
        started: who started it, such as `local 3`, `slurm 1234_5`, `ray NODE`.
        device: what it trains on; empty: not known.
        threads: threads that it computes with; 0: not known.
        state: what it does.
        why: why it has stopped.
        done, failed: units that it has ended, and those of them of which all jobs failed.
        progress: the unit that it runs, and how far it is.
    """

    name: Text
    host: Text
    pid: int
    start: Text
    version: Text
    began: Text
    token: Text = ""
    started: Text = ""
    device: Text = ""
    threads: Count = 0
    state: State = "starting"
    why: Text = ""
    done: Count = 0
    failed: Count = 0
    progress: UnitProgress | None = None

    @property
    def identity(self) -> Mapping[str, Any]:
        """The process, for `process.identity.is_gone`."""
        return {"host": self.host, "pid": self.pid, "start": self.start}


def new_note(token: str, started: str, device: str = "", threads: int = 0) -> WorkerNote:
    """Return the note of a worker that starts in this process, with a name of its own."""
    process = this_process()
    host = re.sub(r"[^A-Za-z0-9-]", "-", process["host"])[:60]
    return WorkerNote(
        name=f"{host}-{process['pid']}-{secrets.token_hex(3)}",
        **process,
        version=__version__,
        began=now(),
        token=token,
        started=started,
        device=device,
        threads=threads,
    )


class Heart:
    """Context in which a worker is there: its file is written at begin and end, and meanwhile.

    A file that cannot be written for a while stops no worker.
    """

    def __init__(self, saved: Path, note: WorkerNote) -> None:
        self.note = note
        self._path = saved / FOLDER / f"{note.name}.json"
        self._lock = Lock()
        self._changed = False

    def __enter__(self) -> "Heart":
        self._write()
        self._heartbeat = Heartbeat(self._beat, SECONDS_BETWEEN_BEATS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._heartbeat.stop()
        with self._lock:
            if self.note.state not in LEFT:
                self.note.state = "ended" if error is None else "stopped"
                self.note.why = "" if error is None else str(error)
            with suppress(OSError):
                self._write()

    def change(self, **fields: Any) -> None:
        """Say something else, at once."""
        with self._lock:
            for name, value in fields.items():
                setattr(self.note, name, value)
            with suppress(OSError):
                self._write()

    def progress(self, set_progress: Callable[[UnitProgress], None]) -> None:
        """Take note of how far the unit is; it is written with the next beat."""
        with self._lock:
            if self.note.progress is not None:
                set_progress(self.note.progress)
                self._changed = True

    def _beat(self) -> None:
        with self._lock:
            if self.note.state in LEFT:
                return
            if self._changed:
                self._write()
            else:
                os.utime(self._path)

    def _write(self) -> None:
        self._changed = False
        write_atomically(self._path, msgspec.json.encode(self.note))


class Seen(NamedTuple):
    """Worker as others see it.

    Attributes:
        note: what it has written.
        age: seconds since its last sign.
    """

    note: WorkerNote
    age: float

    @property
    def has_left(self) -> bool:
        """Whether it says that it works no more."""
        return self.note.state in LEFT

    def gone(self, lost_after: float) -> str:
        """Return why it is gone, in words that follow its name; empty: it may be there."""
        if is_gone(self.note.identity):
            return "died"
        if self.age > lost_after:
            return f"gave no sign for {self.age:.0f} s"
        return "left" if self.has_left else ""


class Workers:
    """Workers of a sweep, whose files are read again where they have changed.

    Who `watches` them takes none for gone by the times of files: their signs are as old as it saw
    them last, by a clock that stands still while the machine sleeps.
    """

    def __init__(self, saved: Path, watches: bool = False) -> None:
        self.path = saved / FOLDER
        self.watches = watches
        # When a file was another one than at the look before, and which it is.
        self._signs: dict[str, tuple[float, tuple[int, int, int]]] = {}
        self._clock = saved / CONTROLLER
        self._known: dict[str, tuple[tuple[int, int, int], WorkerNote]] = {}

    def look(self) -> dict[str, Seen]:
        """Return the workers that there are, by their names; damaged files are left out."""
        try:
            with os.scandir(self.path) as entries:
                stats = {e.name: e.stat(follow_symlinks=False) for e in entries if _is_note(e.name)}
        except OSError:
            return {}
        clock = self._now()
        seen: dict[str, Seen] = {}
        for file, stat in stats.items():
            name, state = file.removesuffix(".json"), (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            age = self._silence(name, state)
            if not self.watches:
                age = max(age, clock - stat.st_mtime)
            known = self._known.get(name)
            if known is None or known[0] != state:
                try:
                    note = read_json(self.path / file, WorkerNote, MOST_BYTES)
                except (RunFolderError, OSError):
                    continue
                known = self._known[name] = (state, note)
            if known[1].name == name:
                seen[name] = Seen(known[1], age)
        return seen

    def _silence(self, name: str, state: tuple[int, int, int]) -> float:
        """Return the seconds in which this process has seen no sign of a worker."""
        at = time.monotonic()
        if name not in self._signs or self._signs[name][1] != state:
            self._signs[name] = at, state
        return at - self._signs[name][0]

    def _now(self) -> float:
        try:
            return self._clock.stat().st_mtime
        except OSError:
            return time.time()

    def forget(self) -> None:
        """Remove the files of all workers."""
        self._known, self._signs = {}, {}
        with suppress(OSError):
            for file in os.listdir(self.path):
                if _is_note(file) or TEMPORARY.fullmatch(file):
                    (self.path / file).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder of the workers, all of which have ended."""
        self.forget()
        with suppress(OSError):  # There is none, or somebody has put something there.
            self.path.rmdir()


def _is_note(name: str) -> bool:
    return re.fullmatch(r"[\w-]{1,120}\.json", name) is not None


def read_workers(saved: Path) -> dict[str, Seen]:
    """Return the workers of a sweep by their names."""
    return Workers(saved).look()
