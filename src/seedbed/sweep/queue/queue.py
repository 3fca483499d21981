"""Queue of units: one file a unit, which moves from folder to folder as the unit is worked on.

    waiting/UNIT.TRY.json          the controller has put it
    running/UNIT.TRY.WORKER.json   a worker has claimed it, by renaming it
    done/UNIT.TRY.WORKER.json      the worker has ended it; its results lie in results/

A rename is atomic, also on a shared file system: of several workers one succeeds, and of a worker
that ends a unit and a controller that takes it for lost only one. Results count where their unit
is in done/, so that a worker that was taken for dead and goes on does no harm.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from seedbed.files import write_atomically
from seedbed.reading.json_files import read_json
from seedbed.sweep.queue.expected import Expected
from seedbed.sweep.queue.units import Entry, Outcome, QueuedUnit, entry_of

# The file of a unit of a million jobs has 16 MB.
MOST_BYTES = 64 * 2**20
STATES = ("waiting", "running", "done", "results")


class Queue:
    """Queue of the units of a sweep, in the folder of what it has saved."""

    def __init__(self, saved: Path) -> None:
        self.path = saved / "units"
        self._closed, self._stop = self.path / "closed", self.path / "stop"
        self._stop_at_once = self.path / "stop-at-once"
        self._blame_jobs = self.path / "blame-jobs"
        self._expected = Expected(self.waiting)

    # The controller's part

    def begin(self) -> None:
        """Make the folders, and remove what there is in them of an earlier time."""
        for state in STATES:
            folder = self.path / state
            if folder.is_symlink():  # What it leads to is nobody's queue.
                folder.unlink()
            folder.mkdir(parents=True, exist_ok=True)
            for name in os.listdir(folder):
                (folder / name).unlink(missing_ok=True)
        for marker in (self._closed, self._stop, self._stop_at_once, self._blame_jobs):
            marker.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the queue, whose results are all in the sweep's table."""
        if not self.path.is_dir():
            return
        self.begin()
        with suppress(OSError):  # Somebody has put something there.
            for state in STATES:
                (self.path / state).rmdir()
            self.path.rmdir()

    def put(self, unit: QueuedUnit, tries: int = 0) -> Entry:
        """Let a unit wait for a worker; `tries` is how often it was handed out before."""
        entry = Entry(unit.name, tries)
        write_atomically(self.path / "waiting" / entry.file, msgspec.json.encode(unit))
        return entry

    def waiting(self) -> list[Entry]:
        """Return the units that wait."""
        return self._entries("waiting")

    def count_waiting(self) -> int:
        """Return how many units wait; of many, far quicker than which they are."""
        return sum(not name.startswith(".") for name in _names(self.path / "waiting"))

    def running(self) -> list[Entry]:
        """Return the units that workers have claimed."""
        return self._entries("running")

    def done(self) -> list[Entry]:
        """Return the units that have ended and were not forgotten yet."""
        return self._entries("done")

    def outcome(self, entry: Entry) -> Outcome:
        """Return what is to be said of a unit that has ended; raises RunFolderError if damaged."""
        path = self.path / "results" / entry.file
        return read_json(path, Outcome) if path.is_file() else Outcome()

    def table(self, entry: Entry) -> Path:
        """The table of the jobs of a unit that has ended; there is none where it has no rows."""
        return self.path / "results" / f"{entry.stem}.csv"

    def forget(self, entry: Entry) -> None:
        """Remove a unit that has ended, whose results are known."""
        self._path("done", entry).unlink(missing_ok=True)
        self._forget_results(entry)

    def retract(self, entry: Entry) -> bool:
        """Take a unit away from its worker, or from those that wait; False: it has just ended."""
        state = "running" if entry.worker else "waiting"
        try:
            self._path(state, entry).unlink()
        except FileNotFoundError:
            return False
        return True

    def close(self) -> None:
        """Let workers end when nothing waits any more."""
        with suppress(FileNotFoundError):  # The folder of the sweep has gone.
            self._closed.touch()

    def stop(self, at_once: bool = False) -> None:
        """Let workers take no more units; `at_once`: save the one that they run, and leave it."""
        if not self.path.parent.is_dir():  # The folder of the sweep has gone.
            return
        self.path.mkdir(exist_ok=True)
        (self._stop_at_once if at_once else self._stop).touch()

    def go_on(self) -> None:
        """Let units be taken again: what failed is run once more, and ends nothing."""
        self._stop.unlink(missing_ok=True)

    def blame_jobs(self) -> None:
        """Let no worker stop any more since its first units fail: the jobs are wrong."""
        self._blame_jobs.touch()

    # The workers' part

    def claim(self, worker: str) -> "Claim | None":
        """Claim a unit that waits; None: there is none, or nobody may take one any more.

        Chunks come before single jobs. Where another worker is faster, the next attempt is at a
        random place, so that a thousand workers do not try all the same units.
        """
        if self.is_stopped():
            return None
        expected = self._expected
        for is_last in (False, True):
            while (entry := expected.next()) is not None:
                claimed = entry._replace(worker=worker)
                if _moved(self._path("waiting", entry), self._path("running", claimed)):
                    expected.took()
                    return Claim(self, claimed)
                expected.missed()
                if expected.is_stale() and not is_last:
                    break
            if not is_last:
                expected.renew()
        return None

    def is_closed(self) -> bool:
        """Return whether no more units come, or the queue has gone."""
        return self._closed.exists() or not self.path.is_dir()

    def is_stopped(self) -> bool:
        """Return whether no unit is to be taken any more."""
        return self._stop.exists() or self.stops_at_once()

    def stops_at_once(self) -> bool:
        """Return whether workers are to save what they run, and leave it."""
        return self._stop_at_once.exists()

    def blames_jobs(self) -> bool:
        """Return whether failures are the jobs', not those of a worker."""
        return self._blame_jobs.exists()

    def _entries(self, state: str) -> list[Entry]:
        entries = map(entry_of, _names(self.path / state))
        return [entry for entry in entries if entry is not None]

    def _path(self, state: str, entry: Entry) -> Path:
        return self.path / state / entry.file

    def _forget_results(self, entry: Entry) -> None:
        for path in (self.table(entry), self.path / "results" / entry.file):
            path.unlink(missing_ok=True)


class Claim:
    """Unit that a worker has claimed.

    Attributes:
        entry: what the name of its file tells.
    """

    def __init__(self, queue: Queue, entry: Entry) -> None:
        self.queue = queue
        self.entry = entry
        self._path = queue.path / "running" / entry.file

    def read(self) -> QueuedUnit:
        """Return the unit; raises RunFolderError where its file is damaged or was taken away."""
        return read_json(self._path, QueuedUnit, MOST_BYTES)

    def is_held(self) -> bool:
        """Return whether the unit is still this worker's; False: it was taken for dead."""
        return self._path.exists()

    def finish(self, table: bytes | None, outcome: Outcome | None = None) -> bool:
        """End the unit with the table of its jobs, if it has one, and what else is to be said.

        Returns whether that counts; False: the worker was taken for dead meanwhile.
        """
        if table is not None:
            write_atomically(self.queue.table(self.entry), table)
        if outcome is not None and outcome != Outcome():
            path = self.queue.path / "results" / self.entry.file
            write_atomically(path, msgspec.json.encode(outcome))
        counts = _moved(self._path, self.queue.path / "done" / self.entry.file)
        if not counts:
            self.queue._forget_results(self.entry)
        return counts

    def give_back(self) -> bool:
        """Let the unit wait again; returns whether it was still this worker's."""
        waits = self.entry._replace(worker="")
        try:
            os.rename(self._path, self.queue.path / "waiting" / waits.file)
        except FileNotFoundError:
            return False
        return True


def _moved(source: Path, target: Path) -> bool:
    """Rename a file; return whether it was still there to be renamed."""
    try:
        os.rename(source, target)
    except FileNotFoundError:
        # A request that NFS has repeated finds that the first one has done it.
        return target.exists()
    return True


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
