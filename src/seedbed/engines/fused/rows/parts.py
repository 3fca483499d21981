"""Batches of an epoch as parts of the rows, of which some jobs may have fewer than others.

Where the rows of a job end before those of the others, its last row is repeated. Repeated rows are
not `present`: they weigh nothing in the loss and are in no metric. A job of which no row is present
in a batch takes no step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Part:
    """Part of the rows of an epoch that makes one batch.

    Attributes:
        rows: places in the order of the epoch.
        counts: number of rows that each job has of them, (jobs,).
        present: which of them each job has, (jobs, rows); None: all jobs have all.
    """

    rows: slice
    counts: Counts
    present: Tensor | None = None

    @cached_property
    def takes_part(self) -> NDArray[np.bool_]:
        """Which jobs have any row of the part, (jobs,)."""
        return self.counts > 0

    @cached_property
    def some_rest(self) -> bool:
        """Whether any job has no row of the part."""
        return not bool(self.takes_part.all())


def parts_of(rows: Counts, size: int | None, device: torch.device) -> list[Part]:
    """Return the batches of an epoch in which the jobs have so many rows, (jobs,).

    `size` are the rows of a batch, None: all of a job. A job of fewer rows than that has one batch.
    """
    return list(_parts(rows, int(rows.max()), size, device))


def _parts(rows: Counts, longest: int, size: int | None, device: torch.device) -> Iterator[Part]:
    size = min(size or longest, longest)
    for start in range(0, longest, size):
        end = min(start + size, longest)
        counts = np.clip(rows - start, 0, end - start)
        if (counts == end - start).all():
            yield Part(slice(start, end), counts)
        else:
            places = torch.arange(end - start, device=device)
            present = places < torch.from_numpy(counts).to(device).unsqueeze(1)
            yield Part(slice(start, end), counts, present)


def trained_rows(rows: Counts, size: Counts | int | None, drop_last: bool) -> Counts:
    """Return how many of its rows each job trains on in an epoch, (jobs,).

    `size` are the rows of a batch, of each job or of all. Without `drop_last` these are all. A
    single batch is kept, however small.
    """
    if not drop_last or size is None:
        return rows
    trained: Counts = rows - rows % np.minimum(size, rows)
    return trained


def places_of(rows: Counts, device: torch.device) -> Tensor | None:
    """Return the places of a job's own rows, (jobs, most rows), the last one repeated.

    None where all jobs have as many.
    """
    longest = int(rows.max())
    if (rows == longest).all():
        return None
    last = torch.from_numpy(rows - 1).to(device).unsqueeze(1)
    return torch.arange(longest, device=device).minimum(last)
