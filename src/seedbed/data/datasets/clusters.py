"""Gaussian clusters of unit variance in the plane, in two equally likely classes."""

import torch

from seedbed.config.schema.data import SPLITS
from seedbed.config.schema.data import Clusters as Options
from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.loader import Batch, BatchLoader, StreamLoader
from seedbed.data.random import normal, uniform
from seedbed.data.table import Table, fingerprint
from seedbed.errors import ConfigError

# Centres of the clouds of class 0 and of class 1.
CENTRES = {
    "pair": (((3.0, 3.0),), ((3.0, -2.0),)),
    "xor": (((3.0, 3.0), (-3.0, -3.0)), ((3.0, -3.0), (-3.0, 3.0))),
}
_CLASS, _CLOUD, _POINT = 0, 1, 2


def draw_clusters(layout: str, rows: int, seed: int, split: int, step: int) -> Table:
    """Draw rows as a pure function of the arguments.

    Args:
        layout: `pair`, one cluster for each class, or `xor`, two opposite clusters for each class.
        rows: Number of rows.
        seed: Seed of the rows.
        split: Number of the split, which has random numbers of its own: 0 train, 1 val, 2 test.
        step: Step of a stream; 0 for fixed rows.

    Returns:
        Inputs (rows, 2), float64, and targets (rows,), int64, 0 or 1.
    """
    stream = 10 * split
    targets = (uniform(seed, stream + _CLASS, step, rows) < 0.5).long()
    centres = torch.tensor(CENTRES[layout], dtype=torch.float64)
    clouds = (uniform(seed, stream + _CLOUD, step, rows) * centres.shape[1]).long()
    noise = normal(seed, stream + _POINT, step, 2 * rows).view(rows, 2)
    return Table(centres[targets, clouds] + noise, targets)


class Clusters(InMemoryData):
    """Dataset of two coordinates and a class, 0 or 1, as fixed rows or a stream of new batches."""

    options: Options

    def load(self) -> Source:
        """Draw the fixed rows."""
        options = self.options
        return Source(draw_clusters(options.layout, options.rows, options.data_seed, 0, 0))

    def setup(self, stage: str) -> None:
        """Split the fixed rows, or draw the rows on which a stream is validated and tested."""
        if self.options.sample == "fixed" or self._splits:
            super().setup(stage)
            return
        for number, name in enumerate(SPLITS[1:], start=1):
            size: float = getattr(self.options, f"{name}_size")
            if 0 < size < 1:
                raise ConfigError(
                    f"data.{name}_size: {size:g} of a stream is not known: give a count"
                )
            if size:
                self._splits[name] = self._draw(int(size), number, 0)
        self._splits["train"] = self._draw(self._batch_size(), 0, 0)
        self.fingerprint = fingerprint(list(self._splits.values()))
        self.fingerprint_of = "the first batch of the stream, and the rows that are held out"
        self.fit(self._splits["train"], self._splits["train"])

    def _draw(self, rows: int, split: int, step: int) -> Table:
        return draw_clusters(self.options.layout, rows, self.options.data_seed, split, step)

    def _batch_size(self) -> int:
        return self.options.batch_size or self.options.rows

    def _batch(self, step: int) -> Batch:
        table = self._draw(self._batch_size(), 0, step)
        return self.model_inputs(table.inputs), table.targets

    def row_numbers(self, split: str) -> torch.Tensor | None:
        """Return the numbers of a split's rows; None for the training rows of a stream."""
        streamed = split == "train" and self.options.sample != "fixed"
        return None if streamed else super().row_numbers(split)

    def train_dataloader(self) -> BatchLoader | StreamLoader:
        """Return batches of the fixed rows, or new ones of the stream at every step."""
        if self.options.sample == "fixed":
            return super().train_dataloader()
        batches = self.options.batches_per_epoch
        return StreamLoader(self._batch, batches, device=self.device, **self._run())
