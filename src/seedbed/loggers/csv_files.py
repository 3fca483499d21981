"""Logger of CSV files in the run folder."""

import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.utilities.rank_zero import rank_zero_only

from seedbed.files import write_atomically
from seedbed.loggers.folder_logger import FolderLogger, as_numbers
from seedbed.loggers.labels import Labels
from seedbed.loggers.metrics_file import (
    HYPERPARAMETERS,
    LABELS,
    METRICS,
    hyperparameters_text,
    labels_text,
    metrics_text,
    read_points,
)
from seedbed.reading.content import MEBIBYTE, read_text

# A million epochs of ten metrics.
MOST_BYTES = 256 * MEBIBYTE


class CSV(FolderLogger):
    """Logger of metrics.csv, a row an epoch, hyperparameters.csv, and labels.csv where it has any.

    Args:
        folder: The run folder.
        flush_secs: Seconds after which what was logged is on disk.
    """

    def __init__(self, folder: Path, flush_secs: float = 10) -> None:
        super().__init__(folder)
        self.flush_secs = flush_secs
        self._points: list[tuple[int, dict[str, float]]] = []
        self._hyperparameters: dict[str, Any] = {}
        self._unwritten = False
        self._wrote_at = time.monotonic()

    @rank_zero_only
    def go_on(self, epoch: int, step: int) -> None:
        """Take up the rows of metrics.csv until an epoch and an optimizer step."""
        if (path := self.folder / METRICS).is_file():
            self._points = read_points(read_text(path, MOST_BYTES), epoch, step)
            self._unwritten = True

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Keep the numbers of an epoch, or of an optimizer step."""
        self._points.append((step or 0, as_numbers(metrics)))
        self._unwritten = True
        if time.monotonic() - self._wrote_at >= self.flush_secs:
            self.save()

    @rank_zero_only
    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Write the hyperparameters."""
        values = vars(params) if isinstance(params, Namespace) else params
        if values:
            # A LightningModule of the user's may bring some of its own.
            self._hyperparameters |= values
            self._write(HYPERPARAMETERS, hyperparameters_text(self._hyperparameters))

    @rank_zero_only
    def log_labels(self, labels: Labels) -> None:
        """Write name, tags and notes, where any was given."""
        if any(labels):
            self._write(LABELS, labels_text(labels))

    @rank_zero_only
    def save(self) -> None:
        """Write what was logged by now."""
        if self._unwritten:
            self._write(METRICS, metrics_text(self._points))
            self._unwritten, self._wrote_at = False, time.monotonic()

    def _write(self, name: str, text: str) -> None:
        write_atomically(self.folder / name, text.encode())

    @rank_zero_only
    def close(self, status: str = "completed") -> None:
        """Write what is left."""
        self.save()

    @rank_zero_only
    def discard(self) -> None:
        """Remove the files."""
        for name in (METRICS, HYPERPARAMETERS, LABELS):
            (self.folder / name).unlink(missing_ok=True)
