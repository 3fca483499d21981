"""Work on the columns of a table in several threads, which libraries written in C let run."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Fewer rows are done before a thread has begun.
FEWEST_ROWS = 50_000


def for_each(function: Callable[[Item], Result], items: Iterable[Item], rows: int) -> list[Result]:
    """Return the result of a function for each item, in their order.

    In as many threads as there are CPUs where the items have many rows. Of errors the first one in
    the order of the items is raised.
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if rows < FEWEST_ROWS or cpus < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(cpus) as threads:
        return list(threads.map(function, items))
