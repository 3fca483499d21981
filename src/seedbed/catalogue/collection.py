"""All runs and sweeps of some folders, with what became of them by now."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from seedbed.catalogue.cache import Known, known, read_cache, write_cache
from seedbed.catalogue.entry import Entry
from seedbed.catalogue.folders import Place, places
from seedbed.catalogue.of_run import damaged_run, entry_of_record, killed, read_run
from seedbed.catalogue.of_sweep import read_sweep, running, stopped
from seedbed.runs.folder import RECORD
from seedbed.runs.heartbeat import goes_on
from seedbed.runs.leftovers import clear_leftovers
from seedbed.sweep.results.folder import SweepFolder


class Item(NamedTuple):
    """A run, a sweep or a job of a sweep: the path of its folder, and its entry."""

    path: str
    entry: Entry


def collect(
    tops: Sequence[Path],
    outputs: Path,
    *,
    jobs: bool = False,
    runs: bool = True,
    writes: bool = True,
) -> list[Item]:
    """Return what lies in some folders, each once; with `jobs` the jobs of sweeps as well.

    Without `runs` there are sweeps alone.

    What is known of the folder `outputs` is read from a file there and, with `writes`, written
    again. Of runs whose process has gone temporary files are cleared.
    """
    before = read_cache(outputs) if outputs.is_dir() else {}
    items: dict[str, Item] = {}
    after: dict[str, Known] = {}
    base = f"{os.path.realpath(outputs)}/"
    for top in tops:
        real = os.path.realpath(top)
        # Paths are shown as they were typed; for the cache the way to a folder does not matter.
        for place in places(top, jobs):
            absolute = real + place.path[len(str(top)) :]
            if absolute in items:
                continue
            key = absolute[len(base) :] if absolute.startswith(base) else ""
            if not runs and place.kind == "run":
                if key in before:
                    after[key] = before[key]
                continue
            with suppress(FileNotFoundError):  # Removed since it was seen.
                now = _known(place, before.get(key))
                items[absolute] = Item(place.path.removeprefix("./"), now.entry)
                if key:
                    after[key] = now
    kept = {**_not_looked_at(before, tops, base, jobs), **after}
    if writes and kept != before and (after or before):
        write_cache(outputs, kept)
    return list(items.values())


def newest(outputs: Path) -> Item | None:
    """Return the run or sweep in the outputs that began last; None where none is there."""
    items = collect([outputs], outputs, writes=False) if outputs.is_dir() else []
    return max(items, key=lambda item: item.entry.began, default=None)


def entry_of(folder: Path) -> Entry:
    """Return what is known of the run or the sweep in a folder; raises OSError where it is gone."""
    place = next(places(folder), None)
    if place is None or place.path != str(folder):
        raise FileNotFoundError(f"{folder}: neither a run nor a sweep")
    return _known(place, None).entry


def _not_looked_at(
    before: dict[str, Known], tops: Iterable[Path], base: str, jobs: bool
) -> dict[str, Known]:
    """Return what is known of runs that lie elsewhere, or were not asked for."""
    reals = [f"{os.path.realpath(top)}/" for top in tops]
    if jobs and any(base.startswith(real) for real in reals):
        return {}
    return {
        key: value
        for key, value in before.items()
        if (value.entry.kind == "job" and not jobs)
        or not any(f"{base}{key}/".startswith(real) for real in reals)
    }


def _known(place: Place, before: Known | None) -> Known:
    return _known_sweep(place, before) if place.kind == "sweep" else _known_run(place, before)


def _known_run(place: Place, before: Known | None) -> Known:
    if place.record is not None or place.problem:
        return known(place.file, _packed(place))
    if before is not None and before.is_of(place.file) and before.entry.kind == place.kind:
        now = before
    else:
        entry, file = read_run(_record(place), "job" if place.kind == "job" else "run")
        now = known(file, entry)
    if now.entry.status == "running" and not goes_on(_record(place), now.entry.process):
        clear_leftovers(place.path, place.file.st_mtime)
        return Known(now.changed, now.size, now.inode, killed(now.entry))
    return now


def _packed(place: Place) -> Entry:
    """Return the entry of a job that is packed; nobody trains it."""
    kind: Literal["run", "job"] = "job" if place.kind == "job" else "run"
    if place.record is None:
        return damaged_run(place.problem, kind, place.file)
    return entry_of_record(place.record, kind, place.file)


def _record(place: Place) -> Path:
    return Path(place.path, RECORD)


def _known_sweep(place: Place, before: Known | None) -> Known:
    folder = SweepFolder(place.path)
    # Its table, and the folder where those of units elsewhere appear.
    others = f"{_state(folder.results)} {_state(folder.saved)}"
    is_new = before is None or before.entry.kind != "sweep"
    if before is not None and not is_new and before.is_of(place.file, others):
        now = before
    else:
        is_new, now = True, known(place.file, read_sweep(folder, place.file), others)
    if now.entry.status != "interrupted":
        return now
    if folder.is_running():
        return known(place.file, running(now.entry), "")  # The cache is not to say so later.
    if is_new:  # Whoever leaves something behind changes the table or the folder, too.
        folder.clear_leftovers()
    return Known(now.changed, now.size, now.inode, stopped(now.entry, folder), others)


def _state(path: Path) -> str:
    try:
        state = os.stat(path, follow_symlinks=False)
    except OSError:
        return ""
    return f"{state.st_mtime_ns}-{state.st_size}-{state.st_ino}"
