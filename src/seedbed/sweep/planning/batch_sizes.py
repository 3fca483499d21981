"""Which batch sizes share a program.

Side by side, a step is as wide as the largest batch and an epoch as long as that of the smallest:
rows are filled up that weigh nothing, but the operations of a step are called once for all. Sizes
are put together where the model below of the time says so. It asks no clock: a plan is the same
whenever it is made.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Seconds on a CPU core, measured on MLPs with Adam: to call the operations of a step, and those of
# an epoch besides; for each number that a row leaves for the gradient, and each parameter; what a
# program takes to be recorded; and what a job alone takes to begin, for Lightning.
_STEP, _EPOCH = 5e-4, 1.6e-3
_NUMBER, _PARAMETER = 2e-9, 8e-9
_PROGRAM, _ALONE = 0.1, 0.6


class Load(NamedTuple):
    """What jobs train: rows of an epoch, numbers that a row leaves, parameters, and epochs."""

    rows: int
    numbers: float
    parameters: int
    epochs: int


def groups_of_sizes(jobs: dict[int, int], load: Load) -> list[list[int]]:
    """Return the batch sizes that train together, from the largest.

    The best cut of the sizes in their order is found by dynamic programming.

    Args:
        jobs: Number of jobs of each size, in rows up to those of an epoch.
        load: What they train.
    """
    sizes = np.array(sorted(jobs, reverse=True))
    steps = -(-load.rows // sizes)
    # Jobs of the sizes before each, and rows by which a program grows with each further size.
    before = np.concatenate(([0], np.cumsum([jobs[size] for size in sizes.tolist()])))
    grown = np.concatenate(([0], np.cumsum(sizes[1:] * np.diff(steps))))
    best, cut = np.zeros(len(sizes) + 1), np.zeros(len(sizes) + 1, dtype=int)
    for end in range(1, len(sizes) + 1):
        first = np.arange(end)
        lanes = before[end] - before[first]
        width = sizes[first] * steps[first] + grown[end - 1] - grown[first]
        seconds = _seconds(lanes, width, np.full(end, steps[end - 1]), first < end - 1, load)
        total = best[:end] + seconds
        cut[end] = int(total.argmin())
        best[end] = total[cut[end]]
    groups, end = [], len(sizes)
    while end > 0:
        groups.append(sizes[cut[end] : end].tolist())
        end = int(cut[end])
    return groups[::-1]


def _seconds(
    lanes: NDArray[np.int64],
    width: NDArray[np.int64],
    steps: NDArray[np.int64],
    rests: NDArray[np.bool_],
    load: Load,
) -> NDArray[np.float64]:
    """Return what programs take: of so many jobs, rows and steps of an epoch."""
    # Where jobs rest, what they had is put back.
    updates = _PARAMETER * load.parameters * np.where(rests, 2, 1)
    work = lanes * (width * load.numbers * _NUMBER + steps * updates)
    alone = np.where(lanes == 1, _ALONE, 0.0)
    seconds: NDArray[np.float64] = _PROGRAM + alone + load.epochs * (_EPOCH + steps * _STEP + work)
    return seconds


def sizes_together(sizes: Sequence[int], load: Load) -> list[list[int]]:
    """Return the jobs in groups, by their places, given the batch size of each."""
    counts = {size: sizes.count(size) for size in dict.fromkeys(sizes)}
    return [
        [place for place, size in enumerate(sizes) if size in group]
        for group in groups_of_sizes(counts, load)
    ]


def size_note(sizes: Sequence[int], note: str) -> str:
    """Return which batch sizes jobs have that are apart from others, before what else is noted."""
    least, most = min(sizes), max(sizes)
    own = f"batch size {least}" if least == most else f"batch sizes {least} to {most}"
    return f"{own}, {note}" if note else own
