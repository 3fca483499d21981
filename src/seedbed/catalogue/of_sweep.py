"""Entry of a sweep, by its sweep.json and the tables of its jobs."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from seedbed.catalogue.entry import MOST_KEYS, Entry, Value, cut
from seedbed.catalogue.of_run import timestamp
from seedbed.catalogue.sweep_told import SweepTold, told_quickly
from seedbed.config.groups import GROUPS, NO_HYPERPARAMETERS
from seedbed.errors import ConfigError
from seedbed.runs.record import CANCELLED, KILLED
from seedbed.sweep.presence.cancellation import is_cancelled
from seedbed.sweep.results.folder import SweepFolder, rows_of_sweep

if TYPE_CHECKING:
    from seedbed.sweep.results.plan_file import SweepPlan

# Groups that are no hyperparameters of a job.
_NO_CHOICES = ("callbacks", "logger", "debug")


def read_sweep(folder: SweepFolder, file: os.stat_result) -> Entry:
    """Return the entry of a sweep; `file` is the state of its sweep.json.

    Whether it runs is not looked at: it is `interrupted` where not all of its jobs have ended.
    """
    try:
        told = told_quickly(folder) or _told(folder)
    except (ConfigError, OSError) as error:
        reason = str(error).replace(f"{folder.path}/", "")
        return Entry("sweep", "damaged", file.st_mtime, error=cut(reason))
    return _entry(told, file)


def _told(folder: SweepFolder) -> SweepTold:
    """Return what is known of any sweep; raises ConfigError where it is damaged."""
    # The rules of metrics need OmegaConf, which a catalogue of what is known need not wait for.
    from seedbed.sweep.results.judged import best_first
    from seedbed.sweep.results.plan_file import read_plan
    from seedbed.sweep.results.ranking import winner

    plan, rows = read_plan(folder.plan), list(rows_of_sweep(folder).values())
    best = next(iter(best_first(rows, plan.objectives)), None)
    if plan.objectives.several and (first := winner(rows, plan.objectives)) is not None:
        best = first.median
    return SweepTold(
        objective=(plan.metric, plan.mode, plan.rank),
        started=plan.started,
        name=plan.labels.name,
        tags=plan.labels.tags,
        notes=plan.labels.notes,
        choices=plan.choices,
        axes=plan.axes,
        spaces=_spaces(plan),
        words=plan.jobs[0].overrides if plan.jobs else (),
        jobs=len(plan.jobs),
        ended=Counter(row.status for row in rows),
        best=best,
    )


def _spaces(plan: "SweepPlan") -> dict[str, str]:
    """Return what the keys of a search may be, in the words of the command line."""
    from seedbed.sweep.search.space.stored import space_of

    if plan.search is None:
        return {}
    try:
        space = space_of(plan.search)
    except ConfigError:  # Others may have written it: then the values tell enough.
        return {}
    return {each.name: each.values.told() for each in space.dimensions[:MOST_KEYS]}


def _entry(told: SweepTold, file: os.stat_result) -> Entry:
    metric, mode, _ = told.objective
    has_ended = sum(told.ended.values()) >= told.jobs and not told.ended.get("interrupted")
    epoch, metrics = _metrics(told)
    axes = dict(list(told.axes.items())[:MOST_KEYS])
    choices = {**told.choices, **{key: ",".join(axes[key]) for key in axes if key in GROUPS}}
    return Entry(
        "sweep",
        "completed" if has_ended else "interrupted",
        timestamp(told.started, file.st_mtime),
        name=cut(told.name or ""),
        tags=[cut(tag) for tag in told.tags[:MOST_KEYS]],
        notes=cut(told.notes or ""),
        choices={
            group: cut(choices[group])
            for group in GROUPS
            if group in choices and group not in _NO_CHOICES
        },
        values=_values(told.words, axes, told.spaces),
        metric=cut(metric),
        mode=mode,
        metrics=metrics,
        best_epoch=int(epoch) if epoch is not None and 0 <= epoch < 2**53 else None,
        axes={cut(key): len(values) for key, values in axes.items()},
        jobs=told.jobs,
        ended=dict(told.ended),
    )


def _metrics(told: SweepTold) -> tuple[float | None, dict[str, float]]:
    """Return the best epoch of the best job, and its metrics in the epoch that counts."""
    from seedbed.sweep.results.configurations import ranked_column, value_of
    from seedbed.sweep.results.table import BEST, BEST_EPOCH

    best, (metric, _, rank) = told.best, told.objective
    if best is None:
        return None, {}
    named = {name.removeprefix(BEST): name for name in best.metrics if name.startswith(BEST)}
    others = {name: name for name in best.metrics if not name.startswith(BEST)}
    shown = {**others, **named} if rank == "best" else {**named, **others}
    metrics = {cut(name): best.metrics[key] for name, key in shown.items() if name != "epoch"}
    if (value := value_of(best, ranked_column(metric, rank))) is not None:
        metrics[cut(metric)] = value
    return best.metrics.get(BEST_EPOCH), metrics


def _values(
    words: Sequence[str], axes: Mapping[str, Sequence[str]], spaces: Mapping[str, str]
) -> dict[str, Value]:
    """Return the values of the axes, of a search what they may be, then what all jobs have."""
    parted = [word.partition("=") for word in words]
    fixed = {key.lstrip("+"): value for key, _, value in parted[:MOST_KEYS]}
    set_to = {**{key: ",".join(values) for key, values in axes.items()}, **fixed}
    return {
        cut(key): cut(spaces.get(key) or (",".join(axes[key]) if key in axes else value))
        for key, value in set_to.items()
        if key not in GROUPS and not {key, key.partition(".")[0]} & {*NO_HYPERPARAMETERS}
    }


def running(entry: Entry) -> Entry:
    """Return the entry of a sweep that goes on."""
    return msgspec.structs.replace(entry, status="running")


def stopped(entry: Entry, folder: SweepFolder) -> Entry:
    """Return the entry of a sweep that was stopped before its end, cancelled or killed."""
    how = CANCELLED if is_cancelled(folder.saved) else KILLED if folder.was_killed() else ""
    return msgspec.structs.replace(entry, error=how)
