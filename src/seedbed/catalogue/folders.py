"""Finding runs and sweeps below a folder."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from seedbed.runs.folder import HYDRA, RECORD
from seedbed.sweep.results.folder import PLAN

# Levels of folders below that are looked into, and folders at most.
DEEPEST, MOST_FOLDERS = 8, 1_000_000
# The levels at which a link may lead to another disk.
LINKS = 2


class Place(NamedTuple):
    """Folder of a run or a sweep, and the file that says so with its state on the disk.

    `kind` is that of `seedbed.catalogue.entry.Entry`.
    """

    path: str
    kind: str
    file: os.stat_result


def places(top: Path, jobs: bool = False) -> Iterator[Place]:
    """Yield the runs and sweeps in a folder and below it, and with `jobs` those of the sweeps.

    Links to folders are followed at the top alone, as to another disk; hidden folders are not
    looked into.
    """
    yield from _below(str(top), jobs, in_sweep=False, depth=0)


def _below(path: str, jobs: bool, in_sweep: bool, depth: int) -> Iterator[Place]:
    record = _stat(f"{path}/{RECORD}")
    if record is not None:
        yield Place(path, "job" if in_sweep else "run", record)
        return
    plan = None if in_sweep else _stat(f"{path}/{PLAN}")
    if plan is not None:
        yield Place(path, "sweep", plan)
        if not jobs:
            return
    if depth == DEEPEST:
        return
    try:
        with os.scandir(path) as entries:
            below = [entry.path for entry in entries if _is_looked_into(entry, depth)]
    except OSError:  # Somebody else's, or gone meanwhile.
        return
    if depth and not in_sweep and plan is None and os.path.isdir(f"{path}/{HYDRA}"):
        return  # A run that has not come to its record.
    for inside in below:
        yield from _below(inside, jobs, in_sweep or plan is not None, depth + 1)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=False)
    except (OSError, ValueError):
        return None


def _is_looked_into(entry: os.DirEntry[str], depth: int) -> bool:
    if entry.name.startswith("."):
        return False
    try:
        return entry.is_dir(follow_symlinks=depth < LINKS)
    except OSError:
        return False
