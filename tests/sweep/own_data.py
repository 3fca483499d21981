"""Data as users write them: classes of their own whose rows are in memory."""

from dataclasses import replace
from typing import Any

import torch

from seedbed.data import Blobs, LinearNoise
from seedbed.data.in_memory import Source


class WeightedBlobs(Blobs):
    """Blobs whose rows have weights, in a column of the name `w`."""

    def load(self) -> Source:
        source = super().load()
        return replace(source, columns={"w": torch.arange(len(source.rows)).numpy() % 3 + 0.5})


class OwnRows(LinearNoise):
    """Rows in memory of the user's own."""


class OwnBatches(LinearNoise):
    """Rows in memory, and batches that nobody knows of."""

    def train_dataloader(self) -> Any:
        return super().train_dataloader()
