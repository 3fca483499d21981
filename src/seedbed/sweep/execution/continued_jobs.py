"""What the jobs of a sweep that was continued go on from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.errors import RunFolderError
from seedbed.reading.checkpoint_files import check_checkpoint
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import MEASURED, read_record
from seedbed.runs.resuming.saved_config import SavedConfig, as_recorded, differences, full_key
from seedbed.runs.resuming.taking_up import LENGTHS, OF_COMMAND
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.execution.chunk_state import Source
from seedbed.sweep.job import Job, bare_key
from seedbed.sweep.results.continuations import Continuation
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.together import groups_of


def source_of(plan: SweepPlan, composer: Composer, folder: SweepFolder, unit: Any) -> Source | None:
    """Return the state that a unit of jobs goes on from; None where they began in it."""
    if unit.part and (whole := _source_of_part(plan, folder, unit)) is not None:
        return whole
    if not unit.epoch:
        return None
    first = unit.jobs[0]
    before = next(g for g in groups_of(plan, unit.time - 1) if first in g.newest)
    places = {number: place for place, number in enumerate(before.jobs)}
    continuation = plan.continuations[unit.time - 1]
    pairs = [(plan.job_at(n, unit.time - 1), plan.job_at(n, unit.time)) for n in unit.jobs]
    return Source(
        path=folder.state(*before.key),
        places=[places[number] for number in unit.jobs],
        epoch=unit.epoch,
        changed=changes_of(composer, pairs, continuation),
    )


def _source_of_part(plan: SweepPlan, folder: SweepFolder, unit: Any) -> Source | None:
    """Return the newest state of a group that was split, of which a unit is a part."""
    key = unit.jobs[0], unit.time, unit.part
    part = next((group for group in groups_of(plan) if group.key == key), None)
    whole = None if part is None else part.whole
    while whole is not None and not folder.state(*whole.key).is_file():
        whole = whole.whole
    if whole is None:
        return None
    places = {number: place for place, number in enumerate(whole.jobs)}
    return Source(
        path=folder.state(*whole.key),
        places=[places[number] for number in unit.jobs],
        epoch=None,
        changed=[{}] * len(unit.jobs),
    )


def changes_of(
    composer: Composer, pairs: Sequence[tuple[Job, Job]], continuation: Continuation
) -> list[dict[str, Any]]:
    """Return what is another for each job, of which each is given as it was and as it is."""
    known: dict[tuple[str, ...], dict[str, Any]] = {}
    keys, changes = {bare_key(word) for word in continuation.words}, []
    for before, now in pairs:
        own = tuple(word for word in before.overrides if bare_key(word) in keys)
        if own not in known:
            values = [_plain(composer, job) for job in (before, now)]
            known[own] = as_recorded(
                {p: c for p, c in differences(*values).items() if p[0] not in OF_COMMAND}
            )
        changes.append(known[own])
    return changes


def _plain(composer: Composer, job: Job) -> Mapping[str, Any]:
    with composer.applied(job) as config:
        return plain_values_of(config)


def plain_values_of(config: DictConfig) -> Mapping[str, Any]:
    """Return a job's config as plain values, without `hydra`."""
    task = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
    values: Any = OmegaConf.to_container(task, resolve=True)
    return {str(name): value for name, value in values.items()}


def states_to_keep(plan: SweepPlan, folder: SweepFolder, done: set[int]) -> set[Path]:
    """Return the states from which jobs can go on, or have their results written again.

    That is the newest of each job; while its jobs have no results yet, the one before as well.
    """
    kept: set[Path] = set()
    replaced: set[int] = set()
    for group in reversed(groups_of(plan)):
        if not replaced.issuperset(group.jobs):
            kept.add(folder.state(*group.key))
        path, whole = folder.state(*group.key), group.whole
        if done.issuperset(group.jobs) and path.is_file():
            replaced.update(group.jobs)
        while whole is not None and not done.issuperset(group.jobs):
            if (path := folder.state(*whole.key)) in kept:
                break  # As are those that it was a part of.
            kept.add(path)
            whole = whole.whole
    return kept


# Jobs that train alone


def may_go_on(folder: RunFolder) -> bool:
    """Return whether a job alone can go on from what is in its folder, or has ended for good."""
    last = folder.checkpoint("last")
    if not folder.record.is_file():
        return False
    try:
        status = read_record(folder.record)["status"]
        if status in ("diverged", "failed"):  # What failed may have left half of a step.
            return bool(status == "diverged")
        return last.is_file() and "loops" in check_checkpoint(last)
    except RunFolderError:  # Damaged: it begins again.
        return False


def has_more_to_train(folder: RunFolder, values: Mapping[str, Any]) -> bool:
    """Return whether a job alone that may go on has anything to train.

    Args:
        folder: Its folder.
        values: Its config, as it is now, as plain values.
    """
    record = read_record(folder.record)
    if record["status"] not in MEASURED:
        return bool(record["status"] != "diverged")
    if record["status"] == "stopped_early":
        return False
    changed = differences(SavedConfig(folder, record).typed_values(), values)
    if record.get("stopped"):
        return any(path[0] == "callbacks" for path in changed)
    return any(full_key(path) in LENGTHS for path in changed)
