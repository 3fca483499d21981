"""Progress of a unit of a sweep, here or in another process."""

from dataclasses import dataclass

from seedbed.engines.fused.engine import Engine


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
