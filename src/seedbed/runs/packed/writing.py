"""Writing of a pack: it appears whole or not at all."""

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from msgspec.structs import replace

from seedbed.files import temporary_path
from seedbed.reading.content import MEBIBYTE
from seedbed.runs.outcome import EpochState
from seedbed.runs.packed.index import next_generation, packs_of, remove_superseded
from seedbed.runs.packed.manifest import (
    CURVES,
    FORMAT,
    PACKED,
    RUNS,
    WEIGHTS,
    FileNote,
    Manifest,
    PackName,
    write_manifest,
)
from seedbed.runs.packed.tables import curves_table, runs_table
from seedbed.runs.packed.weights import stacked
from seedbed.runs.whole.content import RunContent
from seedbed.version import __version__

# Bytes of the weights of a pack: while it is written they are in memory a second time.
MOST_WEIGHTS = 256 * MEBIBYTE


def write_packs(
    sweep: Path,
    contents: Sequence[RunContent],
    *,
    csv: bool,
    goes_on: bool = False,
    written: Callable[[int], None] = lambda count: None,
) -> None:
    """Write runs that trained side by side as a pack, or as several where their weights are large.

    Args:
        sweep, csv, goes_on: as of `write_pack`.
        contents: the runs.
        written: told how many are written by now.
    """
    count = 0
    for part in _parts(contents):
        write_pack(sweep, part, csv=csv, goes_on=goes_on)
        count += len(part)
        written(count)


def _parts(contents: Sequence[RunContent]) -> Iterator[list[RunContent]]:
    """Yield runs one after another whose weights together are not too large."""
    part: list[RunContent] = []
    size = 0
    for each in contents:
        own = sum(_bytes_of(state) for state in (each.best, each.last) if state is not None)
        if part and size + own > MOST_WEIGHTS:
            yield part
            part, size = [], 0
        part.append(each)
        size += own
    if part:
        yield part


def _bytes_of(state: EpochState) -> int:
    return sum(tensor.nbytes for tensor in state.weights.values())


def leave_packs(sweep: Path, runs: Mapping[str, int]) -> None:
    """Let no pack count any more for runs that go on in folders of their own.

    Packs that hold nothing else are removed; else a pack without files says which runs these are.

    Args:
        sweep: folder of the sweep.
        runs: numbers of the jobs by the names of their folders; those in no pack are left out.
    """
    packed = packs_of(sweep).places
    own = {name: number for name, number in runs.items() if name in packed}
    if not own:
        return
    manifest = _manifest(list(own.values()), list(own))
    name = PackName(min(own.values()), len(own), next_generation(sweep, set(own)))
    temporary = temporary_path(sweep / PACKED / str(name))
    try:
        temporary.mkdir()
        write_manifest(temporary, manifest)
        _renamed(temporary, sweep / PACKED, name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    remove_superseded(sweep)


def write_pack(
    sweep: Path, contents: Sequence[RunContent], *, csv: bool, goes_on: bool = False
) -> Path:
    """Write runs that trained side by side as a pack of their sweep; return its folder.

    Args:
        sweep: folder of the sweep.
        contents: the runs.
        csv: whether they have CSV files of metrics.
        goes_on: whether there may be packs of earlier times of these runs: this one counts, and
            those that hold nothing else are removed.
    """
    packs = sweep / PACKED
    packs.mkdir(exist_ok=True)
    generation = next_generation(sweep, {each.name for each in contents}) if goes_on else 0
    name = PackName(contents[0].number, len(contents), generation)
    temporary = temporary_path(packs / str(name))
    try:
        temporary.mkdir()
        _write_files(temporary, contents, csv)
        pack = _renamed(temporary, packs, name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if goes_on or pack.name != str(name):
        remove_superseded(sweep)
    return pack


def _renamed(temporary: Path, packs: Path, name: PackName) -> Path:
    """Let a pack take its place; where another process has written these runs, the one after."""
    while True:
        pack = packs / str(name)
        try:
            temporary.rename(pack)
        except OSError:
            if not os.path.lexists(pack):
                raise
            name = name._replace(generation=name.generation + 1)
        else:
            return pack


def _write_files(pack: Path, contents: Sequence[RunContent], csv: bool) -> None:
    states, places = _distinct(contents)
    weights = stacked(states)
    kept = [*weights.states, None]
    stored = [(kept[best], kept[last]) for best, last in places]
    curves, lengths = curves_table(contents)
    tables = {RUNS: runs_table(contents, stored, lengths), CURVES: curves}
    files = {}
    for file, content in tables.items():
        (pack / file).write_bytes(content)
        files[file] = FileNote(len(content), hashlib.sha256(content).hexdigest())
    if weights.tensors:
        from safetensors.torch import save_file

        save_file(weights.tensors, pack / WEIGHTS)
        # Whoever may read the other files may read this one: it is made for its owner alone.
        (pack / WEIGHTS).chmod(stat.S_IMODE((pack / RUNS).stat().st_mode))
        files[WEIGHTS] = FileNote((pack / WEIGHTS).stat().st_size)
    manifest = _manifest([each.number for each in contents], [each.name for each in contents])
    write_manifest(pack, replace(manifest, csv=csv, layouts=weights.layouts, files=files))


def _manifest(numbers: list[int], names: list[str]) -> Manifest:
    """Return a manifest of runs without files."""
    return Manifest(
        format=FORMAT,
        seedbed=__version__,
        lightning=version("pytorch-lightning"),
        written=time.time(),
        numbers=numbers,
        names=names,
    )


def _distinct(
    contents: Sequence[RunContent],
) -> tuple[list[EpochState], list[tuple[int, int]]]:
    """Return the states of runs, and which are the best and the last of each; -1: none.

    The best epoch is often the last one: then both are the same.
    """
    states: list[EpochState] = []

    def placed(state: EpochState | None) -> int:
        if state is None:
            return -1
        states.append(state)
        return len(states) - 1

    places = []
    for each in contents:
        best, last = each.best, each.last
        at = placed(best)
        is_same = best is not None and last is not None and best.step == last.step
        places.append((at, at if is_same else placed(last)))
    return states, places
