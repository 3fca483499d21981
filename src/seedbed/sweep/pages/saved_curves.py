"""Curves of the jobs of a sweep: from the states of jobs side by side, or from event files.

A state holds the curves of a thousand jobs in one file, read in a twentieth of a second; their
event files are a thousand, and take ten times as long.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.errors import RunFolderError
from seedbed.page.logged import curves_of_folders
from seedbed.page.part import CurveBlock
from seedbed.reading.checkpoint_arrays import read_arrays
from seedbed.reading.checkpoint_files import Tensor, check_checkpoint
from seedbed.reading.content import inside
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.table import Row
from seedbed.sweep.results.together import groups_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Numbers of a state's curves; of more, damaged or hostile, none is read.
MOST_NUMBERS = 200_000_000


def curves_of_sweep(folder: SweepFolder, plan: SweepPlan, rows: Sequence[Row]) -> list[CurveBlock]:
    """Return the curves of the jobs with these rows; those of which none are known have none."""
    places = {row.number: place for place, row in enumerate(rows)}
    blocks = list(curves_of_states(folder, plan, places))
    known = {job for block in blocks for job in block.jobs}
    others = [(place, row) for place, row in enumerate(rows) if row.folder and place not in known]
    folders = [_folder(folder, row) for _, row in others]
    blocks += [
        block._replace(jobs=[others[job][0] for job in block.jobs])
        for block in curves_of_folders(folders)
    ]
    return blocks


def _folder(folder: SweepFolder, row: Row) -> Path | None:
    try:
        return inside(folder.path, row.folder)
    except RunFolderError:
        return None


def curves_of_states(
    folder: SweepFolder, plan: SweepPlan, places: Mapping[int, int]
) -> Iterator[CurveBlock]:
    """Yield the curves of jobs that trained side by side, those without a folder among them.

    Args:
        folder: folder of the sweep.
        plan: its plan.
        places: of the jobs that are meant, by number, how they are called in the blocks.
    """
    for group in groups_of(plan):
        path = folder.state(*group.key)
        if not path.is_file() or path.is_symlink():
            continue
        try:
            epochs, values = _history(path, len(group.jobs))
        except (RunFolderError, KeyError, TypeError, AttributeError, ValueError):
            continue  # Damaged, or of another sweep: then it tells nothing.
        newest = {*group.newest}
        chosen = [
            (row, places[number])
            for row, number in enumerate(group.jobs)
            if number in newest and number in places
        ]
        if chosen:
            rows = [row for row, _ in chosen]
            columns = {name: matrix[rows] for name, matrix in values.items()}
            yield CurveBlock([place for _, place in chosen], epochs, columns)


def _history(
    path: Path, jobs: int
) -> "tuple[NDArray[np.int64], dict[str, NDArray[np.floating[Any]]]]":
    """Return the epochs of a state and its curves, (jobs, points); raises where it has none."""
    history: dict[str, Any] = check_checkpoint(path)["engine"]["history"]
    epochs, curves = history["epochs"], history["curves"]
    shape = (jobs, *epochs.shape)
    if len(shape) != 2 or any(curve.shape != shape for curve in curves.values()):
        raise ValueError("not the curves of these jobs")
    if jobs * epochs.shape[0] * len(curves) > MOST_NUMBERS:
        raise ValueError("too many numbers")
    wanted: dict[str, Tensor] = {"epochs": epochs, **{f"/{n}": c for n, c in curves.items()}}
    arrays: Any = read_arrays(path, wanted)
    steps = arrays.pop("epochs")
    if (steps[1:] <= steps[:-1]).any() or not all(a.dtype.kind == "f" for a in arrays.values()):
        raise ValueError("not curves")
    return steps, {name[1:]: array for name, array in arrays.items()}
