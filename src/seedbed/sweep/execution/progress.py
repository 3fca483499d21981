"""Progress of a unit of a sweep, here or in another process, which notes it in a file."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from seedbed.engines.fused.engine import Engine
from seedbed.errors import RunFolderError
from seedbed.reading.json_files import read_json
from seedbed.runs.record import write_json

SECONDS_BETWEEN_NOTES = 1.0


@dataclass
class Progress:
    """Progress of a unit.

    Attributes:
        jobs: how many jobs it is.
        share: of its epochs that is done, 0 to 1; 0 where the last epoch is not known.
        epoch: the epoch, or what comes after the last one, in words.
        best: the best that the watched metric has been in any job, None before there is one.
        stopped: jobs of it that a rule has stopped by now.
    """

    jobs: int
    share: float = 0.0
    epoch: str = ""
    best: float | None = None
    stopped: int = 0

    def chunk_epoch(self, engine: Engine) -> None:
        """Take note that an engine has trained one more epoch."""
        last = max(engine.group.max_epochs)
        self.epoch, self.share = f"epoch {engine.epoch}/{last}", engine.epoch / last
        self.best = engine.history.best_so_far()

    def job_epoch(self, epoch: int, last: int | None) -> None:
        """Take note that a job alone has trained one more epoch of `last`, if that is known."""
        self.epoch = f"epoch {epoch}/{last}" if last else f"epoch {epoch}"
        self.share = epoch / last if last else 0.0

    def folder_written(self, count: int, of: int) -> None:
        """Take note that so many run folders of a chunk have been written."""
        self.epoch = f"folder {count:,}/{of:,}"


class ProgressFile:
    """File in which the progress of a unit is noted, once a second at most."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._noted = time.monotonic()

    def note(self, progress: Progress) -> None:
        """Write the progress, where it is time to."""
        now = time.monotonic()
        if now - self._noted >= SECONDS_BETWEEN_NOTES:
            self._noted = now
            write_json(self.path, asdict(progress))


def read_progress(path: Path) -> Progress | None:
    """Return what was noted last, None where nothing is."""
    try:
        return read_json(path, Progress)
    except RunFolderError:
        return None
