"""Rows of jobs side by side that have not ended, as the state says that was saved of them last."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from seedbed.config.schema.data import SPLITS
from seedbed.errors import RunFolderError
from seedbed.reading.checkpoint_arrays import read_arrays
from seedbed.reading.checkpoint_files import check_checkpoint
from seedbed.runs.provenance.secrets import plain_word
from seedbed.sweep.job import Job, bare_key
from seedbed.sweep.pages.saved_curves import MOST_NUMBERS
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.table import Row
from seedbed.sweep.results.together import Together, groups_of

# Logged as a metric is, and none. (`seedbed.training.metrics` says so, too, and imports torch.)
_LEARNING_RATE = "train/learning_rate"


def rows_in_training(folder: SweepFolder, plan: SweepPlan, ended: Sequence[Row]) -> list[Row]:
    """Return the rows of jobs without a result of which a state has been saved.

    They are `running` while a process runs the sweep, else `interrupted`, so that nothing ranks
    them. Their metrics are those of the last epoch that the state knows.

    Args:
        folder: folder of the sweep.
        plan: its plan.
        ended: the jobs that have ended.
    """
    known = {row.number for row in ended}
    groups = [
        (group, left)
        for group in groups_of(plan)
        if (left := [number for number in group.newest if number not in known])
    ]
    status = "running" if groups and folder.is_running() else "interrupted"
    return [
        Row(
            number,
            _axes(plan, plan.jobs[number]),
            status,
            "",
            metrics,
            error=None if status == "running" else f"stopped; saved after epoch {epoch:,}",
            epochs=epoch,
        )
        for group, left in groups
        for number, epoch, metrics in _saved(folder, group, left)
    ]


def _saved(
    folder: SweepFolder, group: Together, left: Sequence[int]
) -> Iterator[tuple[int, int, dict[str, float]]]:
    """Yield number, epoch and metrics of these jobs of a group; of a damaged state none."""
    path = folder.state(*group.key)
    if not path.is_file() or path.is_symlink():
        return
    try:
        engine: dict[str, Any] = check_checkpoint(path)["engine"]
        epoch, latest = engine["epoch"], engine["history"]["latest"]
        jobs = len(group.jobs)
        if not isinstance(epoch, int) or epoch < 1 or jobs * len(latest) > MOST_NUMBERS:
            return
        arrays: Any = read_arrays(path, {str(name): tensor for name, tensor in latest.items()})
        if any(array.shape != (jobs,) or array.dtype.kind != "f" for array in arrays.values()):
            return
    except (RunFolderError, KeyError, TypeError, AttributeError, ValueError):
        return  # Damaged, or of another sweep: then it tells nothing.
    places = {number: place for place, number in enumerate(group.jobs)}
    for number in left:
        values = {name: float(array[places[number]]) for name, array in arrays.items()}
        yield number, epoch, {n: v for n, v in values.items() if _is_metric(n) and isfinite(v)}


def _axes(plan: SweepPlan, job: Job) -> dict[str, str]:
    """Return what a job has for each axis, as its words say it."""
    values = {bare_key(word): plain_word(word).partition("=")[2] for word in job.overrides}
    return {key: values[key] for key in plan.axes if key in values}


def _is_metric(name: str) -> bool:
    return name.partition("/")[0] in SPLITS and name != _LEARNING_RATE
