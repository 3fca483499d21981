"""Training images of many jobs as each has them in an epoch, changed by the seed of the job."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from seedbed.data.augmentation import Augmentation
from seedbed.data.table import Table


class AugmentedRows:
    """Rows of jobs that their data modules augment.

    Args:
        augmentations: That of each data module.
        which: Number of the module of each job, (jobs,).
        seeds: Seed of each job, (jobs,).
    """

    def __init__(self, augmentations: Sequence[Augmentation], which: Tensor, seeds: Tensor) -> None:
        self.augmentations = augmentations
        self.seeds = seeds
        self.jobs = [(which == number).nonzero().flatten() for number in range(len(augmentations))]

    def batch(self, epoch: int, places: Tensor) -> Table:
        """Return the batch of an epoch, (jobs, rows, ...).

        Args:
            epoch: Epoch in training, from 0.
            places: Places of the rows of each job among its training rows, (jobs, rows).
        """
        parts = [
            self._of_module(augmentation, jobs, epoch, places[jobs])
            for augmentation, jobs in zip(self.augmentations, self.jobs, strict=True)
            if len(jobs)
        ]
        if len(parts) == 1:
            return Table(*parts[0])
        order = torch.cat([jobs for jobs in self.jobs if len(jobs)]).argsort()
        return Table(*(torch.cat(columns)[order] for columns in zip(*parts, strict=True)))

    def _of_module(
        self, augmentation: Augmentation, jobs: Tensor, epoch: int, places: Tensor
    ) -> tuple[Tensor, ...]:
        seeds = self.seeds[jobs].repeat_interleave(places.shape[1])
        tensors = replace(augmentation, seed=seeds)(epoch, places.reshape(-1))
        return tuple(values.view(*places.shape, *values.shape[1:]) for values in tensors)
