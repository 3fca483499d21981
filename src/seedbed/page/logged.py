"""Curves from what runs have logged into their folders: event files, or metrics.csv."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.errors import RunFolderError
from seedbed.loggers.metrics_file import AT_STEPS, CLOSING, METRICS, read_points
from seedbed.page.part import CurveBlock
from seedbed.reading.content import MEBIBYTE, inside, read_text
from seedbed.runs.folder import RECORD

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seedbed.loggers.event_reading import TagPoints

# Runs whose curves stand in one table, over the epochs of all of them.
RUNS_OF_BLOCK = 500
# Numbers of such a table.
MOST_NUMBERS = 100_000_000
# Of a metrics.csv.
MOST_BYTES = 16 * MEBIBYTE
LAST = 2**53


def curves_of_folders(folders: Sequence[Path | None]) -> Iterator[CurveBlock]:
    """Yield the curves that lie in the folders of runs, packed or not; jobs are their places.

    Folders that are None, that have no curves, or damaged ones, are left out.
    """
    known = []
    for place, folder in enumerate(folders):
        if folder is not None:
            block = None if os.path.lexists(folder / RECORD) else _of_pack(folder)
            if block is None:
                known.append(place)
            else:
                yield block._replace(jobs=[place])
    for start in range(0, len(known), RUNS_OF_BLOCK):
        places = known[start : start + RUNS_OF_BLOCK]
        chosen = [folder for place in places if (folder := folders[place]) is not None]
        block = _of_events(chosen)
        if block is not None:
            yield block._replace(jobs=[places[job] for job in block.jobs])
        known_by_events = set() if block is None else {*block.jobs}
        for job, folder in enumerate(chosen):
            if job not in known_by_events and (table := _of_table(folder)) is not None:
                yield table._replace(jobs=[places[job]])


def _of_pack(folder: Path) -> CurveBlock | None:
    """Return the curves of a packed job; None where it is none, or damaged."""
    import numpy as np

    from seedbed.runs.packed.opening import packed_curves

    try:
        curves = packed_curves(folder)
    except RunFolderError:
        return None
    if curves is None:
        return None
    # As event files hold them.
    values = {
        name: column[None].astype(np.float32).astype(np.float64)
        for name, column in curves.values.items()
        if _is_curve(name)
    }
    return CurveBlock([0], curves.epochs, values)


def _of_table(folder: Path) -> CurveBlock | None:
    """Return the curves of a run that logs into metrics.csv; None where there is none."""
    import numpy as np

    path = folder / METRICS
    if not path.is_file():
        return None
    try:
        text = read_text(inside(folder, METRICS), MOST_BYTES)
    except RunFolderError:
        return None
    points = [
        (epoch, {name: value for name, value in values.items() if _is_curve(name)})
        for epoch, values in read_points(text, LAST, -1)
    ]
    by_epoch = {epoch: values for epoch, values in points if values}
    names = dict.fromkeys(name for values in by_epoch.values() for name in values)
    if not names:
        return None
    epochs = sorted(by_epoch)
    values = {
        name: np.array([[by_epoch[epoch].get(name, np.nan) for epoch in epochs]]) for name in names
    }
    return CurveBlock([0], np.array(epochs, np.int64), values)


def _is_curve(name: str) -> bool:
    """Return whether something was logged by epoch, and more than once."""
    return not name.startswith(CLOSING) and not name.endswith(AT_STEPS)


def _of_events(folders: Sequence[Path]) -> CurveBlock | None:
    import numpy as np

    from seedbed.loggers.event_reading import read_scalars

    try:
        tags = {
            tag: points
            for tag, points in read_scalars(folders).items()
            if _is_curve(tag) and len(points.runs)
        }
    except RunFolderError:
        return None
    if not tags:
        return None
    epochs = np.unique(np.concatenate([points.steps for points in tags.values()]))
    runs = np.unique(np.concatenate([points.runs for points in tags.values()]))
    if len(epochs) * len(runs) * len(tags) > MOST_NUMBERS:
        return None
    values = {tag: _matrix(points, runs, epochs) for tag, points in tags.items()}
    return CurveBlock(runs.tolist(), epochs, values)


def _matrix(
    points: "TagPoints", runs: "NDArray[np.int64]", epochs: "NDArray[np.int64]"
) -> "NDArray[np.float64]":
    """Return a tag of some runs, (runs, epochs); nan where a run has none."""
    import numpy as np

    matrix = np.full((len(runs), len(epochs)), np.nan)
    rows, columns = np.searchsorted(runs, points.runs), np.searchsorted(epochs, points.steps)
    matrix[rows, columns] = points.values
    return matrix
