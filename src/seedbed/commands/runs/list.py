"""`seedbed list runs [DIR ...]`: runs and sweeps, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from seedbed.catalogue.collection import Item, collect
from seedbed.catalogue.filters import NAME, SINCE, STATUS, TAGS, Filters, ordered
from seedbed.catalogue.shown import print_items, write_items
from seedbed.commands.arguments import parse_arguments
from seedbed.commands.runs.words import with_filters
from seedbed.config.project import outputs_folder
from seedbed.config.schema.field import key
from seedbed.documents import answer
from seedbed.errors import ConfigError
from seedbed.process import garbage_collection

USAGE = """list runs [DIR ...]

Print runs and sweeps, the newest first: what became of them, what they were, their best epoch and
their folder. DIR: a folder of them; without one, all outputs.

  seedbed list runs                                   the last 20
  seedbed list runs status=failed,interrupted since=2d
  seedbed list runs name='lr_*' tags=baseline model=mlp optimizer.lr=0.01
  seedbed list runs sort=val/loss limit=5             the best first
  seedbed list runs sweeps=jobs output=runs.csv       all of them, and the jobs of sweeps

Any group (model=mlp) and any key that runs have set (optimizer.lr=0.01) is a filter; several values
are separated by commas, and texts may be patterns with * and ?.
"""


@dataclass(frozen=True)
class Keys:
    """Keys of `seedbed list runs`."""

    status: str | None = key(STATUS, None)
    name: str | None = key(NAME, None)
    tags: str | None = key(TAGS, None)
    since: str | None = key(SINCE, None)
    sort: str | None = key(
        "started, name, status, seconds, best, a metric or a key that was set; null: the newest "
        "first",
        None,
    )
    mode: str | None = key(
        "min or max, what comes first; null: the better one of a metric, else min",
        None,
        one_of=("min", "max"),
    )
    sweeps: str = key(
        "true: a line for each sweep, false: none, jobs: a line for each job",
        "true",
        one_of=("true", "false", "jobs"),
    )
    limit: int | None = key("lines shown; null: all", 20, at_least=1)
    output: str | None = key("CSV file to write, with all of them; null: none", None)
    outputs: str = field(
        default_factory=outputs_folder,
        metadata={"key": "paths.outputs", "meaning": "folder of runs and sweeps"},
    )


def list_runs(arguments: Sequence[str]) -> int:
    """Print runs and sweeps, or write them to a file."""
    garbage_collection.pause()  # Thousands of entries are many objects, and none is garbage.
    words, others = with_filters(arguments, Keys)
    folders, keys = parse_arguments(USAGE, Keys, words)
    if keys.output is not None and Path(keys.output).exists():
        raise ConfigError(f"output={keys.output}: is there already; name another file")
    tops = [_folder(name) for name in folders] or [Path(keys.outputs)]
    filters = Filters(keys.status, keys.name, keys.tags, keys.since, others)
    tests = filters.tests(datetime.now().astimezone())
    every = collect(tops, Path(keys.outputs), jobs=keys.sweeps == "jobs")
    items = [item for item in every if _is_asked_for(item, keys.sweeps)]
    chosen = ordered(filters.of(items, tests), keys.sort, keys.mode)
    if keys.output is not None:
        write_items(Path(keys.output), chosen)
        print(f"{_count(len(chosen))} written to {keys.output}")
        return 0
    if answer.asked():
        from seedbed.catalogue.documents.listed import runs_document

        answer.give(runs_document(chosen, tops, total=len(items), limit=keys.limit))
        return 0
    _print(chosen, len(items), keys.limit, ", ".join(map(str, tops)))
    return 0


def _print(chosen: Sequence[Item], of: int, limit: int | None, where: str) -> None:
    if not chosen:
        print(f"no run in {where}" if not of else f"none of {_count(of)} in {where} is so")
        return
    print_items(chosen[:limit])
    more = len(chosen) - len(chosen[:limit])
    if more:
        print(f"and {more:,} more; limit=null shows all, output=FILE.csv writes them")


def _count(runs: int) -> str:
    return "1 run" if runs == 1 else f"{runs:,} runs"


def _is_asked_for(item: Item, sweeps: str) -> bool:
    if item.entry.kind == "sweep":
        return sweeps == "true"
    return item.entry.kind == "run" or sweeps == "jobs"


def _folder(name: str) -> Path:
    path = Path(name)
    if not path.is_dir():
        raise ConfigError(f"list runs: {name}: no such folder")
    return path
