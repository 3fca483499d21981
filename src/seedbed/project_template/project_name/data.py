"""Data: two spirals, one in each class."""

import math

import torch
from torch import Tensor
from torch.utils.data import TensorDataset


class Spirals(TensorDataset):
    """Points of two spirals in the plane; the target is the spiral, 0 or 1.

    A TensorDataset is in memory: Seedbed splits it as `data.val_size`, `data.test_size` and
    `data.folds` say, and trains the jobs of a sweep side by side. Any other Dataset of pairs
    (input, target) is read into memory by `data.in_memory=true`, or goes through a DataLoader.

    Args:
        rows: Number of points.
        noise: Standard deviation of the noise on the points.
        seed: Seed of the points.
    """

    def __init__(self, rows: int = 400, noise: float = 0.2, seed: int = 0) -> None:
        random = torch.Generator().manual_seed(seed)
        angle = 1.5 * math.pi * torch.rand(rows, generator=random).sqrt()
        targets = torch.arange(rows) % 2
        turned = angle + math.pi * targets
        points = torch.stack((turned.cos(), turned.sin()), dim=1) * angle.unsqueeze(1)
        super().__init__(points + noise * torch.randn(rows, 2, generator=random), targets)


def jittered(rows: list[tuple[Tensor, Tensor]], noise: float = 0.05) -> tuple[Tensor, Tensor]:
    """Return a batch of rows with new noise: a collate function.

    It needs `data.in_memory=false`: batches are then made row by row, and jobs train one after
    another.
    """
    inputs = torch.stack([row[0] for row in rows])
    targets = torch.stack([row[1] for row in rows])
    return inputs + noise * torch.randn_like(inputs), targets
