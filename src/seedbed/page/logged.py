"""Curves from what runs have logged into their folders: event files, or metrics.csv."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.errors import RunFolderError
from seedbed.page.part import CurveBlock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seedbed.loggers.event_reading import TagPoints

# Runs whose curves stand in one table, over the epochs of all of them.
RUNS_OF_BLOCK = 500
# Numbers of such a table.
MOST_NUMBERS = 100_000_000
# What is logged once, at the end.
ONCE = ("best/", "test/")


def curves_of_folders(folders: Sequence[Path | None]) -> Iterator[CurveBlock]:
    """Yield the curves that lie in the folders of runs; jobs are the places of the folders.

    Folders that are None, that have no curves, or damaged ones, are left out.
    """
    known = [place for place, folder in enumerate(folders) if folder is not None]
    for start in range(0, len(known), RUNS_OF_BLOCK):
        places = known[start : start + RUNS_OF_BLOCK]
        block = _block([folder for place in places if (folder := folders[place]) is not None])
        if block is not None:
            yield block._replace(jobs=[places[job] for job in block.jobs])


def _block(folders: Sequence[Path]) -> CurveBlock | None:
    import numpy as np

    from seedbed.loggers.event_reading import read_scalars

    try:
        tags = {
            tag: points
            for tag, points in read_scalars(folders).items()
            if not tag.startswith(ONCE) and len(points.runs)
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
