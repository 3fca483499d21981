"""How far a unit of a sweep is, here or in another process, which notes it in a file."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from seedbed.engines.fused.engine import Engine
from seedbed.runs.record import write_json

SECONDS_BETWEEN_NOTES = 1.0


class Watcher(Protocol):
    """Whoever wants to know of every epoch."""

    def chunk_epoch(self, engine: Engine) -> None:
        """An engine has trained one more epoch."""

    def job_epoch(self, epoch: int, last: int | None, metrics: Mapping[str, float]) -> None:
        """A job that trains alone has trained one more epoch of `last`, if that is known."""

    def folder_written(self, count: int, of: int) -> None:
        """So many run folders of a chunk that has trained have been written."""


@dataclass
class Progress:
    """Of a unit: how many jobs it is, what share of it is done, and its epoch in words.

    `best` is the best that the watched metric has been, None before there is one.
    """

    jobs: int
    share: float = 0.0
    epoch: str = ""
    best: float | None = None

    def chunk_epoch(self, engine: Engine) -> None:
        """An engine has trained one more epoch."""
        last = max(engine.group.max_epochs)
        self.epoch, self.share = f"epoch {engine.epoch}/{last}", engine.epoch / last
        self.best = engine.history.best_so_far()

    def job_epoch(self, epoch: int, last: int | None, metrics: Mapping[str, float]) -> None:
        """A job that trains alone has trained one more epoch."""
        self.epoch = f"epoch {epoch}/{last}" if last else f"epoch {epoch}"
        self.share = epoch / last if last else 0.0

    def folder_written(self, count: int, of: int) -> None:
        """So many run folders of a chunk that has trained have been written."""
        self.epoch = f"folder {count:,}/{of:,}"


class ProgressFile:
    """Notes how far a unit is, from time to time."""

    def __init__(self, path: Path, jobs: int) -> None:
        self.path = path
        self.progress = Progress(jobs)
        self._noted = time.monotonic()

    def chunk_epoch(self, engine: Engine) -> None:
        """An engine has trained one more epoch."""
        if self._is_time():
            self.progress.chunk_epoch(engine)
            self._write()

    def job_epoch(self, epoch: int, last: int | None, metrics: Mapping[str, float]) -> None:
        """A job that trains alone has trained one more epoch."""
        if self._is_time():
            self.progress.job_epoch(epoch, last, metrics)
            self._write()

    def folder_written(self, count: int, of: int) -> None:
        """So many run folders of a chunk that has trained have been written."""
        if self._is_time():
            self.progress.folder_written(count, of)
            self._write()

    def _write(self) -> None:
        write_json(self.path, asdict(self.progress))

    def _is_time(self) -> bool:
        now = time.monotonic()
        due = now - self._noted >= SECONDS_BETWEEN_NOTES
        self._noted = now if due else self._noted
        return due


def read_progress(path: Path) -> Progress | None:
    """Return what was noted last, None where nothing is."""
    try:
        return Progress(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
