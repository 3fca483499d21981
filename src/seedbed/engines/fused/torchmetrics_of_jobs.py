"""Torchmetrics of many jobs: each job's by itself, as it would have them alone."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seedbed.engines.fused.network_state import CannotFuse
from seedbed.errors import DataError
from seedbed.training.metrics import EpochMetrics
from seedbed.training.tasks import Task

# Predictions of this many numbers are kept before they are handed on.
NUMBERS_KEPT = 1 << 22


class JobTorchmetrics:
    """Torchmetrics of each job over one epoch of a split.

    Args:
        task: Task that makes the torchmetrics.
        jobs: Number of jobs.
    """

    def __init__(self, task: Task, jobs: int) -> None:
        self.of_jobs = [EpochMetrics([], task.make_torchmetrics()) for _ in range(jobs)]
        self._kept: list[tuple[Tensor, Tensor, Tensor | None]] = []
        self._numbers = 0

    def reset(self, jobs: int) -> None:
        """Begin an epoch of so many jobs, no more than there were."""
        del self.of_jobs[jobs:]
        for metrics in self.of_jobs:
            metrics.reset()
        self._kept, self._numbers = [], 0

    def add(self, target: Tensor, prediction: Tensor, present: Tensor | None) -> None:
        """Count a batch: targets and predictions (jobs, rows, ...), and which rows a job has."""
        self._kept.append((target, prediction, present))
        self._numbers += prediction.numel()
        if self._numbers > NUMBERS_KEPT:
            self._flush()

    def _flush(self) -> None:
        """Hand what is kept to each job's torchmetrics; raise CannotFuse where one fails."""
        targets, predictions, present = _columns(self._kept)
        self._kept, self._numbers = [], 0
        loss = torch.zeros((), dtype=torch.float64)
        try:
            for job, metrics in enumerate(self.of_jobs):
                target, prediction = targets[job], predictions[job]
                if present is not None:
                    target, prediction = target[present[job]], prediction[present[job]]
                metrics.add(loss, prediction, target, prediction)
        except DataError as error:  # Alone each job says so by itself.
            raise CannotFuse(str(error)) from error

    def compute(self) -> dict[str, Tensor]:
        """Return the torchmetrics by name, (jobs,) float64 each.

        Raises CannotFuse where one fails.
        """
        if self._kept:
            self._flush()
        try:
            values = [metrics.compute(None) for metrics in self.of_jobs]
        except DataError as error:
            raise CannotFuse(str(error)) from error
        return {
            name: torch.tensor([of_job[name] for of_job in values], dtype=torch.float64)
            for name in self.of_jobs[0].others
        }


def _columns(
    kept: Sequence[tuple[Tensor, Tensor, Tensor | None]],
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return batches together: targets, predictions, and which rows are present; None: all."""
    targets, predictions, present = zip(*kept, strict=True)
    together = torch.cat(targets, dim=1), torch.cat(predictions, dim=1)
    if all(each is None for each in present):
        return *together, None
    full = [
        each if each is not None else target.new_ones(target.shape[:2], dtype=torch.bool)
        for each, target in zip(present, targets, strict=True)
    ]
    return *together, torch.cat(full, dim=1)
