"""`seedbed list runs [DIR ...]` and `list sweeps`: runs and sweeps, the newest first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

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
  seedbed list runs --json                            one JSON document, for scripts

Any group (model=mlp) and any key that runs have set (optimizer.lr=0.01) is a filter; several values
are separated by commas, and texts may be patterns with * and ?.
"""


USAGE_OF_SWEEPS = """list sweeps [DIR ...]

Print sweeps, the newest first: what became of them, how many of their jobs have ended, what they
vary, and the best job so far. DIR: a folder of them; without one, all outputs.

  seedbed list sweeps                                 the last 20
  seedbed list sweeps status=running,interrupted      what may go on
  seedbed list sweeps model=mlp since=7d sort=best    the best first
  seedbed list sweeps output=sweeps.csv               all of them
  seedbed list sweeps --json                          one JSON document, for scripts

Any group (model=mlp) and any key that sweeps have set (trainer.max_epochs=40) is a filter; several
values are separated by commas, and texts may be patterns with * and ?.
"""


@dataclass(frozen=True)
class KeysOfSweeps:
    """Keys of `seedbed list sweeps`."""

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
    limit: int | None = key("lines shown; null: all", 20, at_least=1)
    output: str | None = key("CSV file to write, with all of them; null: none", None)
    outputs: str = field(
        default_factory=outputs_folder,
        metadata={"key": "paths.outputs", "meaning": "folder of runs and sweeps"},
    )


@dataclass(frozen=True)
class Keys(KeysOfSweeps):
    """Keys of `seedbed list runs`."""

    sweeps: str = key(
        "true: a line for each sweep, false: none, jobs: a line for each job",
        "true",
        one_of=("true", "false", "jobs"),
    )


def list_runs(arguments: Sequence[str]) -> int:
    """Print runs and sweeps, or write them to a file."""
    garbage_collection.pause()  # Thousands of entries are many objects, and none is garbage.
    words, others = with_filters(arguments, Keys)
    folders, keys = parse_arguments(USAGE, Keys, words)

    def collected(tops: Sequence[Path]) -> list[Item]:
        every = collect(tops, Path(keys.outputs), jobs=keys.sweeps == "jobs")
        return [item for item in every if _is_asked_for(item, keys.sweeps)]

    return _list("run", folders, keys, others, collected)


def list_sweeps(arguments: Sequence[str]) -> int:
    """Print sweeps, or write them to a file."""
    garbage_collection.pause()
    words, others = with_filters(arguments, KeysOfSweeps)
    folders, keys = parse_arguments(USAGE_OF_SWEEPS, KeysOfSweeps, words)

    def collected(tops: Sequence[Path]) -> list[Item]:
        return collect(tops, Path(keys.outputs), runs=False)

    return _list("sweep", folders, keys, others, collected)


def _list(
    kind: str,
    folders: Sequence[str],
    keys: KeysOfSweeps,
    others: Mapping[str, str],
    collected: Callable[[Sequence[Path]], list[Item]],
) -> int:
    """Print what is collected of a kind, `run` or `sweep`, and passes filters."""
    if keys.output is not None and Path(keys.output).exists():
        raise ConfigError(f"output={keys.output}: is there already; name another file")
    tops = [_folder(name, kind) for name in folders] or [Path(keys.outputs)]
    filters = Filters(keys.status, keys.name, keys.tags, keys.since, others)
    tests = filters.tests(datetime.now().astimezone())
    items = collected(tops)
    chosen = ordered(filters.of(items, tests), keys.sort, keys.mode)
    if keys.output is not None:
        write_items(Path(keys.output), chosen)
        print(f"{_count(len(chosen), kind)} written to {keys.output}")
    elif not answer.asked():
        _print(chosen, len(items), keys.limit, ", ".join(map(str, tops)), kind)
    if answer.asked():
        answer.give(_document(kind, chosen, tops, len(items), keys))
    return 0


def _document(
    kind: str, chosen: Sequence[Item], tops: Sequence[Path], total: int, keys: KeysOfSweeps
) -> Any:
    # msgspec's classes, which what is printed need not wait for.
    from seedbed.catalogue.documents.listed import runs_document, sweeps_document

    make = runs_document if kind == "run" else sweeps_document
    return make(chosen, tops, total=total, limit=keys.limit, output=keys.output)


def _print(chosen: Sequence[Item], of: int, limit: int | None, where: str, kind: str) -> None:
    if not chosen:
        print(f"no {kind} in {where}" if not of else f"none of {_count(of, kind)} in {where} is so")
        return
    print_items(chosen[:limit], of_sweeps=kind == "sweep")
    more = len(chosen) - len(chosen[:limit])
    if more:
        print(f"and {more:,} more; limit=null shows all, output=FILE.csv writes them")


def _count(count: int, kind: str) -> str:
    return f"1 {kind}" if count == 1 else f"{count:,} {kind}s"


def _is_asked_for(item: Item, sweeps: str) -> bool:
    if item.entry.kind == "sweep":
        return sweeps == "true"
    return item.entry.kind == "run" or sweeps == "jobs"


def _folder(name: str, kind: str) -> Path:
    path = Path(name)
    if not path.is_dir():
        raise ConfigError(f"list {kind}s: {name}: no such folder")
    return path
