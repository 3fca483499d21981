"""Reading of runs from the packs of their sweep."""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.errors import RunFolderError
from seedbed.runs.outcome import Curves, EpochState
from seedbed.runs.packed.index import PlaceInPack
from seedbed.runs.packed.manifest import (
    CURVES,
    RUNS,
    WEIGHTS,
    Manifest,
    read_whole,
    require_size,
)
from seedbed.runs.packed.weights import StoredState, read_state

if TYPE_CHECKING:
    import polars as pl

    from seedbed.runs.packed.tables import StoredRun
    from seedbed.runs.whole.content import RunContent
    from seedbed.runs.whole.files import RunFiles

# Tables that are kept in memory.
MOST_TABLES = 8


def stored_of(place: PlaceInPack) -> "StoredRun":
    """Return what a pack says of a run; raises RunFolderError where it is damaged."""
    from seedbed.runs.packed.tables import stored_run

    frame = _runs(place.pack, place.manifest)
    return stored_run(frame, place.row, place.pack / RUNS)


def _runs(pack: Path, manifest: Manifest) -> "pl.DataFrame":
    from seedbed.runs.packed.tables import COLUMNS, read_runs

    def read(content: bytes) -> "pl.DataFrame":
        return read_runs(content, pack / RUNS, len(manifest.names), list(COLUMNS))

    return _table(pack, manifest, RUNS, read)


def curves_frame(pack: Path, manifest: Manifest) -> "pl.DataFrame":
    """Return the curves of all runs of a pack: `job`, `epoch`, and a column a metric."""
    from seedbed.runs.packed.tables import read_curves

    return _table(pack, manifest, CURVES, lambda content: read_curves(content, pack / CURVES))


_tables: "OrderedDict[tuple[Path, str, str], pl.DataFrame]" = OrderedDict()


def _table(
    pack: Path, manifest: Manifest, name: str, read: "Callable[[bytes], pl.DataFrame]"
) -> "pl.DataFrame":
    """Return a table of a pack, of which the newest few are kept."""
    key = (pack, manifest.digest, name)
    if key not in _tables:
        _tables[key] = read(read_whole(pack, manifest, name))
    _tables.move_to_end(key)
    while len(_tables) > MOST_TABLES:
        _tables.popitem(last=False)
    return _tables[key]


def records_of(pack: Path, manifest: Manifest) -> list[str]:
    """Return the texts of run.json of the runs of a pack, in their order."""
    from seedbed.runs.packed.tables import RECORD, read_runs

    content = read_whole(pack, manifest, RUNS)
    frame = read_runs(content, pack / RUNS, len(manifest.names), [RECORD])
    return [text or "" for text in frame.get_column(RECORD).to_list()]


def curves_at(place: PlaceInPack) -> Curves | None:
    """Return the curves of a run; None where it has none."""
    from seedbed.runs.packed.tables import curves_of

    frame = curves_frame(place.pack, place.manifest)
    return curves_of(frame, *stored_of(place).curve)


def state_at(place: PlaceInPack, name: str) -> EpochState | None:
    """Return the state `best` or `last` of a run with its weights; None where it has none."""
    run = stored_of(place)
    stored = run.best if name == "best" else run.last
    return None if stored is None else _state(place, stored)


def _state(place: PlaceInPack, stored: StoredState) -> EpochState:
    path, manifest = place.pack / WEIGHTS, place.manifest
    note = manifest.files.get(WEIGHTS)
    if note is None or stored.layout >= len(manifest.layouts):
        raise RunFolderError(f"{path}: no such weights as {RUNS} names")
    require_size(place.pack, WEIGHTS, note)
    return read_state(path, manifest.layouts[stored.layout], stored)


def content_at(place: PlaceInPack, *, weights: bool = True) -> "RunContent":
    """Return the content of a run; raises RunFolderError where its pack is damaged.

    Without `weights` there are no states.
    """
    from seedbed.runs.packed.tables import closing_of, record_fields_of
    from seedbed.runs.whole.content import RunContent
    from seedbed.runs.whole.files import Preparation

    run = stored_of(place)
    preparation = None
    if run.preparation is not None:
        preparation = Preparation(_fitted(place, run.preparation), run.preparation.encode())
    best, last = (run.best, run.last) if weights else (None, None)
    is_same = best is not None and best == last
    read_best = None if best is None else _state(place, best)
    return RunContent(
        number=run.number,
        name=place.manifest.names[place.row],
        hydra=run.hydra,
        record=record_fields_of(run.record, place.pack / RUNS),
        curves=curves_at(place),
        closing=closing_of(run.closing),
        events_name=run.events,
        best=read_best,
        last=read_best if is_same else None if last is None else _state(place, last),
        preparation=preparation,
    )


def _fitted(place: PlaceInPack, text: str) -> dict[str, Any]:
    try:
        # Not msgspec: which of its texts are one object hangs on what it has read before, and with
        # it the bytes of a checkpoint, by whose hash weights are known.
        fitted = json.loads(text)["preparation"]
    except (ValueError, RecursionError, KeyError, TypeError):
        fitted = None
    if not isinstance(fitted, dict):
        raise RunFolderError(f"{place.pack / RUNS}: preparation: damaged")
    return fitted


def files_at(places: Sequence[PlaceInPack], *, weights: bool = True) -> "Iterator[RunFiles]":
    """Yield the files of runs of one pack, as they would lie in their folders.

    Without `weights` they have no checkpoints.
    """
    from seedbed.runs.whole.content import files_of

    manifest = places[0].manifest
    contents = [content_at(each, weights=weights) for each in places]
    for files in files_of(contents, manifest.written, manifest.csv):
        yield replace(files, lightning=manifest.lightning)
