"""Groups of jobs that were too large to train as one program, and train as two since."""

from collections.abc import Sequence
from typing import TypedDict

from seedbed.reading.json_files import Count


class Split(TypedDict):
    """Group that was split, as sweep.json holds it.

    The whole is known by its first job, how many it had, and how often the sweep had been
    continued when they were put together; `at` is how many of them the first half has.
    """

    first: Count
    jobs: Count
    time: Count
    at: Count


def middle(jobs: Sequence[int], lanes: int) -> int:
    """Return how many jobs the first half of a group has.

    The `lanes` jobs of a trial, numbered one after another, stay together where that can be.
    """
    bounds = range(1, len(jobs))
    whole = [at for at in bounds if jobs[at - 1] // lanes != jobs[at] // lanes]
    return min(whole or bounds, key=lambda at: abs(2 * at - len(jobs)))
