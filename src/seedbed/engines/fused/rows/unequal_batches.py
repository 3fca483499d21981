"""Batches of an epoch where jobs have batches of different sizes.

In the n-th step each job trains on its n-th batch. A step is as wide as the largest of these: what
other jobs have less is filled up with rows that are not present. A job takes as many steps as alone
and rests in those that others take after its last one.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seedbed.engines.fused.rows.parts import Counts, Part


class Layout(NamedTuple):
    """Batches side by side.

    Attributes:
        parts: parts of the columns that make one batch each.
        places: place in its order of the row that a job has in each column, (jobs, columns).
    """

    parts: list[Part]
    places: Tensor


def laid_out(rows: Counts, sizes: Counts, device: torch.device) -> Layout:
    """Return the batches of jobs that train on so many rows, (jobs,), in batches of these sizes."""
    widths = step_widths(rows, sizes)
    parts, places, start = [], [], 0
    for step, width in enumerate(widths):
        first, columns = step * sizes, np.arange(width)
        counts = np.clip(rows - first, 0, sizes)
        present = columns < counts[:, None]
        part = slice(start, start + width)
        all_there = None if present.all() else torch.from_numpy(present).to(device)
        parts.append(Part(part, counts, all_there))
        places.append(np.minimum(first[:, None] + columns, rows[:, None] - 1))
        start += width
    return Layout(parts, torch.from_numpy(np.concatenate(places, axis=1)).to(device))


def step_widths(rows: Counts, sizes: Counts) -> list[int]:
    """Return how many rows each step of an epoch is wide.

    Of many sizes a step takes a few widths alone, each at most an eighth above the largest batch:
    a program is recorded for each.
    """
    steps = -(-rows // sizes)
    most = int(min(rows.max(), sizes.max()))
    return [
        min(_rounded(int(np.clip(rows - step * sizes, 0, sizes).max())), most)
        for step in range(int(steps.max()))
    ]


def _rounded(width: int) -> int:
    """Return the next whole number of four binary digits and zeros after them."""
    unit: int = 1 << max(0, width.bit_length() - 4)
    return -(-width // unit) * unit


def sizes_of(rows: Counts, sizes: Counts) -> Counts:
    """Return the rows of a batch of each job, (jobs,): no more than it has; 0 are all of them."""
    return np.where(sizes == 0, rows, np.minimum(sizes, rows))
