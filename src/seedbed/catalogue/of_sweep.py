"""Entry of a sweep, by its sweep.json and the tables of its jobs."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from seedbed.catalogue.entry import MOST_KEYS, Entry, Value, cut
from seedbed.catalogue.of_run import timestamp
from seedbed.config.groups import GROUPS, NO_HYPERPARAMETERS
from seedbed.errors import ConfigError
from seedbed.runs.record import KILLED
from seedbed.sweep.results.folder import SweepFolder

if TYPE_CHECKING:
    from seedbed.sweep.results.plan_file import SweepPlan
    from seedbed.sweep.results.table import Row

# Groups that are no hyperparameters of a job.
_NO_CHOICES = ("callbacks", "logger", "debug")


def read_sweep(path: Path, file: os.stat_result) -> Entry:
    """Return the entry of a sweep; `file` is the state of its sweep.json.

    Whether it runs is not looked at: it is `interrupted` where not all of its jobs have ended.
    """
    # The rules of metrics need OmegaConf, which a catalogue of what is known need not wait for.
    from seedbed.sweep.results.plan_file import read_plan
    from seedbed.sweep.results.table import read_results

    folder = SweepFolder(path)
    try:
        plan = read_plan(folder.plan)
        tables = [folder.results] if folder.results.is_file() else []
        tables += folder.results_of_units()
        rows = {row.number: row for table in tables for row in read_results(table)}
    except (ConfigError, OSError) as error:
        reason = str(error).replace(f"{path}/", "")
        return Entry("sweep", "damaged", file.st_mtime, error=cut(reason))
    return _entry(plan, list(rows.values()), file)


def _entry(plan: "SweepPlan", rows: Sequence["Row"], file: os.stat_result) -> Entry:
    from seedbed.sweep.results.configurations import value_of
    from seedbed.sweep.results.judged import best_first
    from seedbed.sweep.results.ranking import winner
    from seedbed.sweep.results.table import BEST, BEST_EPOCH

    ended = Counter(row.status for row in rows)
    has_ended = len(rows) >= len(plan.jobs) and not ended["interrupted"]
    best = next(iter(best_first(rows, plan.objectives)), None)
    if plan.objectives.several and (first := winner(rows, plan.objectives)) is not None:
        best = first.median
    metrics: dict[str, float] = {}
    if best is not None:
        named = {name.removeprefix(BEST): name for name in best.metrics if name.startswith(BEST)}
        others = {name: name for name in best.metrics if not name.startswith(BEST)}
        shown = {**others, **named} if plan.rank == "best" else {**named, **others}
        metrics = {cut(name): best.metrics[key] for name, key in shown.items() if name != "epoch"}
        value = value_of(best, plan.objectives.column)
        if value is not None:
            metrics[cut(plan.metric)] = value
    epoch = best.metrics.get(BEST_EPOCH) if best is not None else None
    axes = dict(list(plan.axes.items())[:MOST_KEYS])
    choices = {**plan.choices, **{key: ",".join(axes[key]) for key in axes if key in GROUPS}}
    return Entry(
        "sweep",
        "completed" if has_ended else "interrupted",
        timestamp(plan.started, file.st_mtime),
        name=cut(plan.labels.name or ""),
        tags=[cut(tag) for tag in plan.labels.tags[:MOST_KEYS]],
        notes=cut(plan.labels.notes or ""),
        choices={
            group: cut(choices[group])
            for group in GROUPS
            if group in choices and group not in _NO_CHOICES
        },
        values=_values(plan, axes),
        metric=cut(plan.metric),
        mode=plan.mode,
        metrics=metrics,
        best_epoch=int(epoch) if epoch is not None and 0 <= epoch < 2**53 else None,
        jobs=len(plan.jobs),
        ended=dict(ended),
    )


def _values(plan: "SweepPlan", axes: Mapping[str, Sequence[str]]) -> dict[str, Value]:
    """Return the values of the axes, of a search what they may be, then what all jobs have."""
    spaces = _spaces(plan)
    words = [word.partition("=") for word in (plan.jobs[0].overrides if plan.jobs else ())]
    fixed = {key.lstrip("+"): value for key, _, value in words[:MOST_KEYS]}
    set_to = {**{key: ",".join(values) for key, values in axes.items()}, **fixed}
    return {
        cut(key): cut(spaces.get(key) or (",".join(axes[key]) if key in axes else value))
        for key, value in set_to.items()
        if key not in GROUPS and not {key, key.partition(".")[0]} & {*NO_HYPERPARAMETERS}
    }


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


def running(entry: Entry) -> Entry:
    """Return the entry of a sweep that goes on."""
    return msgspec.structs.replace(entry, status="running")


def stopped(entry: Entry, folder: SweepFolder) -> Entry:
    """Return the entry of a sweep that was stopped before its end, or killed."""
    return msgspec.structs.replace(entry, error=KILLED if folder.was_killed() else "")
