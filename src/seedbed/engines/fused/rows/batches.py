"""Batches of many jobs; each job has the rows that it would have alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.data import Clusters, InMemoryData
from seedbed.data.table import Table
from seedbed.engines.fused.rows.augmented_rows import AugmentedRows
from seedbed.engines.fused.rows.parts import Counts, Part, parts_of, places_of, trained_rows
from seedbed.engines.fused.rows.shuffled_rows import ShuffledRows
from seedbed.engines.fused.rows.unequal_batches import Layout, laid_out, sizes_of


@dataclass(frozen=True, eq=False)
class Batch:
    """Batch of all jobs.

    Attributes:
        table: rows of the jobs, (jobs, rows, ...), or (rows, ...) where all jobs share them.
        shared: whether all jobs share them.
        part: which of the rows each job has.
        draw: key of what each job draws in a step on it, (jobs,), or without an axis where it is
            the same for all; None: nothing.
    """

    table: Table
    shared: bool
    part: Part
    draw: Tensor | None = None

    @property
    def inputs(self) -> Tensor:
        """Inputs, (jobs, rows, ...) or (rows, ...)."""
        return self.table.inputs

    @property
    def targets(self) -> Tensor:
        """Targets, (jobs, rows, ...) or (rows, ...)."""
        return self.table.targets

    @property
    def rows(self) -> int:
        """Rows of one job."""
        return self.inputs.shape[0 if self.shared else 1]

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors that a program takes: inputs and targets, and what else there is.

        These are `weights` of the rows, which of them are `present`, and what a step `draw`s from.
        """
        tensors = {"inputs": self.inputs, "targets": self.targets}
        if self.table.weights is not None:
            tensors["weights"] = self.table.weights
        if self.part.present is not None:
            tensors["present"] = self.part.present
        if self.draw is not None:
            tensors["draw"] = self.draw
        return tensors

    def axes(self) -> dict[str, int | None]:
        """Return which axis of each of the `tensors` are the jobs; None: all share it."""
        rows = None if self.shared else 0
        draw = 0 if self.draw is not None and self.draw.dim() else None
        axes: dict[str, int | None] = dict.fromkeys(self.tensors(), rows)
        return axes | {
            name: axis for name, axis in (("present", 0), ("draw", draw)) if name in axes
        }


class JobBatches:
    """Batches of jobs, cut from the tables of one or several data modules.

    Args:
        data: The data modules that differ from each other. Their rows are alike in everything but
            their number.
        which: Number of the module of each job, (jobs,).
        seeds: Seed of the order of each job, (jobs,).
        sizes: Rows of a batch of each job, (jobs,), None: all its rows; or None (default): as the
            modules say.
    """

    def __init__(
        self,
        data: Sequence[InMemoryData],
        which: Sequence[int],
        seeds: Sequence[int],
        sizes: Sequence[int | None] | None = None,
    ) -> None:
        self.data = list(data)
        self.device = data[0].device
        self.which = torch.tensor(which, device=self.device)
        self.seeds = torch.tensor(seeds, device=self.device)
        self._seeds_of_jobs = self.seeds
        self.options: Any = data[0].options
        sizes = [self.options.batch_size] * len(which) if sizes is None else sizes
        # 0: all rows.
        self._sizes = np.array([size or 0 for size in sizes], dtype=np.int64)
        self._tables: dict[str, Table] = {}
        self._forget()

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Go on with some of the jobs only."""
        chosen = torch.from_numpy(rows).to(self.device)
        self.which, self.seeds = self.which[chosen], self.seeds[chosen]
        self._sizes = self._sizes[rows]
        self._forget()

    def use_seeds_of(self, jobs: NDArray[np.int64]) -> None:
        """Let each job have its batches in the order of another one of the group, (jobs,)."""
        seeds = self._seeds_of_jobs[torch.from_numpy(jobs).to(self.device)]
        if not torch.equal(seeds, self.seeds):
            self.seeds = seeds
            self._forget()

    def _forget(self) -> None:
        self._shuffled: ShuffledRows | None = None
        self._parts: dict[str, list[Part]] = {}
        self._layout: Layout | None = None

    @property
    def batch_size(self) -> int | None:
        """Largest number of rows of a batch that a job has; None: all its rows."""
        return None if (self._sizes == 0).any() else int(self._sizes.max())

    @property
    def streams(self) -> bool:
        """Whether every step draws fresh rows."""
        return isinstance(self.data[0], Clusters) and self.options.sample == "stream"

    @property
    def shuffles(self) -> bool:
        """Whether the rows of a table come in another order in every epoch."""
        return bool(self.options.shuffle) and not self.streams

    def has_split(self, split: str) -> bool:
        """Tell whether any rows are in a split."""
        return self.data[0].has_split(split)

    def table(self, split: str) -> Table:
        """Return a split of all data modules, (modules, rows, ...).

        Where one has fewer rows, its last one is repeated.
        """
        if split not in self._tables:
            tables = [source.table(split) for source in self.data]
            longest = max(len(table.inputs) for table in tables)
            columns = [
                [_lengthened(values, longest) for values in column]
                for column in zip(*((t.inputs, t.targets) for t in tables), strict=True)
            ]
            inputs, targets = map(torch.stack, columns)
            self._tables[split] = Table(inputs, targets, _weights(tables, longest))
        return self._tables[split]

    def rows(self, split: str) -> int:
        """Return the largest number of rows that a job has of a split."""
        return int(self.counts(split).max())

    def counts(self, split: str) -> Counts:
        """Return the number of rows that each job has of a split, (jobs,)."""
        of_modules = np.array([source.rows(split) for source in self.data])
        counts: Counts = of_modules[self.which.cpu().numpy()]
        return counts

    def steps(self) -> Counts:
        """Return the number of steps that each job takes in an epoch, (jobs,)."""
        if self.streams:
            return np.full(len(self.which), self.options.batches_per_epoch)
        steps: Counts = np.stack([p.takes_part for p in self._training_parts()]).sum(axis=0)
        return steps

    def training(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 0."""
        if self.streams:
            yield from self._stream(epoch)
        elif augmented := self._augmented():
            orders = self.shuffled().orders(epoch)
            for part in self._training_parts():
                yield Batch(augmented.batch(epoch, orders[:, part.rows]), False, part)
        elif self.shuffles or self._differs:
            tables = self.shuffled().batches(epoch)
            for part, table in zip(self._training_parts(), tables, strict=True):
                yield Batch(table, False, part)
        else:
            yield from self._in_order("train", self._training_parts())

    def _augmented(self) -> AugmentedRows | None:
        """Return the training rows as they are augmented; None where they are not."""
        given = [source.augmentation() for source in self.data]
        changes = [augmentation for augmentation in given if augmentation is not None]
        return AugmentedRows(changes, self.which, self.seeds) if changes else None

    def shuffled(self) -> ShuffledRows:
        """Return the training rows as each job has them."""
        if self._shuffled is None:
            self._shuffled = ShuffledRows(
                self.table("train"),
                self.which,
                self.seeds,
                [part.rows for part in self._training_parts()],
                self.counts("train"),
                self._places(),
                shuffle=self.shuffles,
            )
        return self._shuffled

    @property
    def _differs(self) -> bool:
        """Whether jobs have batches of different sizes."""
        return not self.streams and bool((self._sizes != self._sizes[0]).any())

    def _laid_out(self) -> Layout:
        """Return the batches of an epoch where jobs have different ones."""
        if self._layout is None:
            self._layout = laid_out(self._trained(), self._batch_sizes(), self.device)
        return self._layout

    def _training_parts(self) -> list[Part]:
        """Return the batches of a training epoch as parts of the rows."""
        if self._differs:
            return self._laid_out().parts
        return self._parts_of("training", self._trained())

    def _places(self) -> Tensor | None:
        """Return the places in its order of the rows that a job trains on; None: all."""
        if self._differs:
            return self._laid_out().places
        return places_of(self._trained(), self.device)

    def _parts_of(self, use: str, rows: Counts) -> list[Part]:
        if use not in self._parts:
            self._parts[use] = parts_of(rows, self.batch_size, self.device)
        return self._parts[use]

    def _batch_sizes(self) -> Counts:
        return sizes_of(self.counts("train"), self._sizes)

    def _trained(self) -> Counts:
        return trained_rows(self.counts("train"), self._batch_sizes(), self.options.drop_last)

    def _stream(self, epoch: int) -> Iterator[Batch]:
        batches = self.options.batches_per_epoch
        loaders: Any = [source.train_dataloader() for source in self.data]
        for step in range(epoch * batches, (epoch + 1) * batches):
            drawn = [loader.draw(step) for loader in loaders]
            inputs, targets = (torch.stack(list(column)) for column in zip(*drawn, strict=True))
            rows = inputs.shape[1]
            part = Part(slice(0, rows), np.full(len(self.which), rows))
            yield self._of_jobs(Table(inputs, targets), part)

    def evaluation(self, split: str) -> Iterator[Batch]:
        """Return all rows of a split in the table's order."""
        return self._in_order(split, self._parts_of(split, self.counts(split)))

    def _in_order(self, split: str, parts: Sequence[Part]) -> Iterator[Batch]:
        table = self.table(split)
        for part in parts:
            weights = None if table.weights is None else table.weights[:, part.rows]
            rows = Table(table.inputs[:, part.rows], table.targets[:, part.rows], weights)
            yield self._of_jobs(rows, part)

    def _of_jobs(self, table: Table, part: Part) -> Batch:
        """Return rows (modules, rows, ...) as each job has them; of one module they are shared."""
        if len(self.data) == 1:
            weights = None if table.weights is None else table.weights[0]
            return Batch(Table(table.inputs[0], table.targets[0], weights), True, part)
        return Batch(table.take(self.which), False, part)


def _lengthened(values: Tensor, rows: int) -> Tensor:
    """Return so many rows, of which the last ones are repeated."""
    if len(values) == rows:
        return values
    return torch.cat((values, values[-1:].expand(rows - len(values), *values.shape[1:])))


def _weights(tables: Sequence[Table], rows: int) -> Tensor | None:
    weights = [table.weights for table in tables if table.weights is not None]
    return torch.stack([_lengthened(each, rows) for each in weights]) if weights else None
