"""Curves of the trials of a search, from the states of the jobs that trained side by side."""

from collections.abc import Mapping
from math import isfinite

from seedbed.errors import RunFolderError
from seedbed.runs.checkpoints import read_checkpoint
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.together import groups_of

# Of larger states, all together, none is read: a figure is not worth the time.
MOST_BYTES = 200 * 2**20


def curves_of_jobs(folder: SweepFolder, plan: SweepPlan) -> dict[int, dict[int, float]]:
    """Return the watched metric by epoch of each job of which a state tells it, by number.

    A state that is missing, damaged or of another sweep tells nothing.
    """
    states = [(folder.state(*group.key), group.jobs) for group in groups_of(plan, 0)]
    states = [(path, group) for path, group in states if path.is_file()]
    if sum(path.stat().st_size for path, _ in states) > MOST_BYTES:
        return {}
    curves: dict[int, dict[int, float]] = {}
    for path, group in states:
        try:
            history = read_checkpoint(path)["engine"]["history"]
            epochs, values = (
                history["epochs"].tolist(),
                history["curves"][plan.objectives.metric].tolist(),
            )
            for number, row in zip(group, values, strict=True):
                known = zip(epochs, row, strict=True)
                curves[number] = {int(epoch): value for epoch, value in known if isfinite(value)}
        except (RunFolderError, KeyError, IndexError, TypeError, ValueError, AttributeError):
            continue
    return curves


def curves_of_trials(
    jobs: Mapping[int, Mapping[int, float]], lanes: int
) -> dict[int, dict[int, float]]:
    """Return the mean curve of each trial, at the epochs that all of its jobs have."""
    trials: dict[int, dict[int, float]] = {}
    for number in {job // lanes for job in jobs}:
        curves = [jobs.get(number * lanes + lane, {}) for lane in range(lanes)]
        epochs = [epoch for epoch in curves[0] if all(epoch in curve for curve in curves)]
        trials[number] = {epoch: sum(curve[epoch] for curve in curves) / lanes for epoch in epochs}
    return trials
