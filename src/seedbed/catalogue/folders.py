"""Finding runs and sweeps below a folder."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from seedbed.errors import RunFolderError
from seedbed.runs.folder import HYDRA, RECORD
from seedbed.runs.packed.manifest import MANIFEST, PACKED
from seedbed.sweep.results.folder import PLAN

# Levels of folders below that are looked into, and folders at most.
DEEPEST, MOST_FOLDERS = 8, 1_000_000
# The levels at which a link may lead to another disk.
LINKS = 2


class Place(NamedTuple):
    """Folder of a run or a sweep, and the file that says so with its state on the disk.

    `kind` is that of `seedbed.catalogue.entry.Entry`. `record` is the text of the record of a job
    that is packed, whose file is that of its pack; of a pack that is damaged `problem` says what is
    wrong.
    """

    path: str
    kind: str
    file: os.stat_result
    record: str | None = None
    problem: str = ""


def places(top: Path, jobs: bool = False) -> Iterator[Place]:
    """Yield the runs and sweeps in a folder and below it, and with `jobs` those of the sweeps.

    Links to folders are followed at the top alone, as to another disk; hidden folders are not
    looked into. Jobs of a sweep that are packed are as if they were folders.
    """
    yield from _below(str(top), jobs, in_sweep=False, depth=0)
    if not os.path.lexists(f"{top}/{RECORD}"):
        yield from _packed_at(top)


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
        yield from _packed_in(path)
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


def _packed_at(top: Path) -> Iterator[Place]:
    """Yield the packed job that would have a folder, if there is one."""
    from seedbed.runs.packed.opening import place_of
    from seedbed.runs.packed.reading import stored_of

    try:
        place = place_of(top)
        if place is not None:
            manifest = os.stat(place.pack / MANIFEST)
            yield Place(str(top), "run", manifest, stored_of(place).record)
    except OSError:  # Removed meanwhile.
        return


def _packed_in(sweep: str) -> Iterator[Place]:
    """Yield the packed jobs of a sweep that have no folders."""
    from seedbed.runs.packed.index import names_in, packs_of
    from seedbed.runs.packed.reading import records_of

    folder = Path(sweep)
    packs = packs_of(folder)
    if not packs.manifests and not packs.damaged:
        return
    state = os.stat(folder / PACKED)
    for problem in packs.damaged:
        yield Place(f"{sweep}/{PACKED}", "job", state, problem=problem)
    texts: dict[Path, list[str]] = {}
    for name, place in names_in(packs):
        if os.path.lexists(f"{sweep}/{name}/{RECORD}"):
            continue
        if place.pack not in texts:
            try:
                texts[place.pack] = records_of(place.pack, place.manifest)
            except RunFolderError as error:
                texts[place.pack] = []
                yield Place(str(place.pack), "job", state, problem=str(error))
        if texts[place.pack]:
            yield Place(f"{sweep}/{name}", "job", state, texts[place.pack][place.row])


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
