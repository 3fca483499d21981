"""Workers of a sweep and the units that they run, as the queue in its folder has them."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from seedbed.documents.supervision import Unit, Worker
from seedbed.sweep.presence.controller import SECONDS_UNTIL_GONE, SeenController
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.queue.units import Entry
from seedbed.sweep.queue.workers import FOLDER, Seen, read_workers


class AtWork(NamedTuple):
    """Who works on a sweep, and on what.

    Attributes:
        workers: the workers that have left a sign.
        running: units whose workers are there.
        lost: units whose workers are not.
        waiting: how many units wait for a worker.
    """

    workers: list[Worker]
    running: list[Unit]
    lost: list[Unit]
    waiting: int

    @property
    def are_there(self) -> bool:
        """Whether a worker is there that may work on the sweep."""
        return any(worker.state in ("starting", "working", "idle") for worker in self.workers)


def at_work(saved: Path, controller: SeenController) -> AtWork:
    """Return who works on a sweep; `saved` is the folder of what it needs in order to go on.

    The clock of a controller that is gone stands still: then signs are as old as they are by that
    of this machine. Workers that had left before the controller began are those of an earlier one.
    """
    queue = Queue(saved)
    running, waiting = queue.running(), len(queue.waiting())
    seen = read_workers(saved)
    if controller.state != "alive":
        seen = {name: each._replace(age=_age(saved, name)) for name, each in seen.items()}
    began = controller.note.began if controller.note is not None else ""
    shown = {name: (each.note.began, _worker(each)) for name, each in seen.items()}
    workers = {
        name: worker
        for name, (since, worker) in shown.items()
        if since >= began or worker.state not in ("ended", "stopped", "lost")
    }
    there = [entry for entry in running if _is_there(workers.get(entry.worker))]
    return AtWork(
        sorted(workers.values(), key=lambda worker: (worker.started, worker.name)),
        [_unit(entry, seen) for entry in _ordered(there)],
        [_unit(entry, seen) for entry in _ordered(set(running) - set(there))],
        waiting,
    )


def _ordered(entries: "set[Entry] | list[Entry]") -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.first, entry))


def _age(saved: Path, name: str) -> float:
    with suppress(OSError):
        return max(0.0, time.time() - (saved / FOLDER / f"{name}.json").stat().st_mtime)
    return SECONDS_UNTIL_GONE * 2


def _is_there(worker: Worker | None) -> bool:
    return worker is not None and worker.state != "lost"


def _worker(seen: Seen) -> Worker:
    note = seen.note
    gone = "" if seen.has_left else seen.gone(SECONDS_UNTIL_GONE)
    return Worker(
        name=note.name,
        host=note.host,
        pid=note.pid,
        started=note.started,
        device=note.device,
        threads=note.threads or None,
        state="lost" if gone else note.state,
        why=gone or note.why,
        done=note.done,
        failed=note.failed,
        age=seen.age,
    )


def _share(share: float) -> float | None:
    """Return a share that may be one; None where the last epoch is not known."""
    return share if 0 < share <= 1 else None


def _unit(entry: Entry, seen: Mapping[str, Seen]) -> Unit:
    by = seen.get(entry.worker)
    note = None if by is None else by.note
    progress = note.progress if note is not None else None
    if progress is not None and (progress.unit, progress.tries) != (entry.unit, entry.tries):
        progress = None
    return Unit(
        first=entry.first,
        jobs=int(entry.unit.split("-")[1]),
        tries=entry.tries,
        worker=entry.worker or None,
        host=None if note is None else note.host,
        began=progress.began or None if progress is not None else None,
        epoch=progress.epoch if progress is not None else "",
        share=_share(progress.share) if progress is not None else None,
        already=_share(progress.already or 0.0) if progress is not None else None,
        best=progress.best if progress is not None else None,
    )
