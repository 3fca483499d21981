"""Words of the verbs over many runs: the folders that they name, and filters by any key."""

import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.catalogue.collection import Item, collect, newest
from seedbed.catalogue.filters import Filters
from seedbed.config.groups import GROUPS
from seedbed.errors import ConfigError, listed, nearest
from seedbed.runs.folder import has_run
from seedbed.sweep.results.folder import PLAN, SAVED
from seedbed.terminal.words import relative

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# Keys of a run that stand in no group.
_OF_ITS_OWN = ("seed", "optimized_metric", "optimized_mode")


def with_filters(
    arguments: Sequence[str], keys: "type[DataclassInstance]"
) -> tuple[list[str], dict[str, str]]:
    """Return the words that are keys of a verb, folders or flags, and the texts of filters.

    A filter is a word `KEY=TEXT` whose key is that of a run: a group, or one with a point in it.
    """
    own = [field.metadata.get("key", field.name) for field in fields(keys)]
    words: list[str] = []
    filters: dict[str, str] = {}
    for word in arguments:
        name, equals, text = word.partition("=")
        of_a_run = "." in name or name in (*GROUPS, *_OF_ITS_OWN)
        is_key = equals and name not in own and name[:1] not in ("-", ".") and "/" not in name
        if not is_key or Path(word).exists():
            words.append(word)
        elif not of_a_run:
            raise ConfigError(
                f"{name}: no such key.{nearest(name, own)} Those of runs are typed in full, such "
                f"as optimizer.lr=0.1\nKeys: {listed(own)}"
            )
        elif name in filters:
            raise ConfigError(f"{name}: given twice; several values are separated by commas")
        else:
            filters[name] = text
    return words, filters


def chosen(words: Sequence[str], outputs: str) -> tuple[list[str], list[Path]]:
    """Return what words name: the sweeps as they were typed, and the other folders.

    A word is a folder, a pattern of some, or `latest`: the sweep or run that began last.

    Raises:
        ConfigError: There is no such folder.
    """
    sweeps: list[str] = []
    places: list[Path] = []
    for word in words:
        last = newest(Path(outputs)) if word == "latest" else None
        if last is not None and last.entry.kind == "run":
            print(f"report=latest: {relative(Path(last.path))}", file=sys.stderr)
            places.append(Path(last.path))
        elif word == "latest" and last is None:
            raise ConfigError(f"latest: no run and no sweep in {outputs}")
        elif word in ("latest", "") or not _is_place(Path(word)):
            found = [] if word == "latest" else _matching(word)
            sweeps += [str(path) for path in found if _is_sweep(path)] or [word] * (not found)
            places += [path for path in found if not _is_sweep(path)]
        else:
            places.append(Path(word))
    return sweeps, places


def _is_place(path: Path) -> bool:
    """Return whether a path is the folder of a run, packed or not, or one in which some may lie."""
    return (path.is_dir() and not _is_sweep(path)) or (not path.exists() and has_run(path))


def _is_sweep(path: Path) -> bool:
    return (path / PLAN).is_file() or (path / SAVED).is_dir()


def _matching(word: str) -> list[Path]:
    """Return the folders that a pattern names; none where it is no pattern, or names something."""
    if Path(word).exists() or not any(sign in word for sign in "*?["):
        return []
    return sorted(Path(name) for name in glob(word) if os.path.isdir(name))


def filtered(places: Sequence[Path | str], outputs: str, filters: Filters) -> list[Item]:
    """Return the runs and sweeps in some folders that pass filters; ConfigError: none does."""
    tests = filters.tests(datetime.now().astimezone())
    every = collect([Path(place) for place in places], Path(outputs), writes=False)
    items = filters.of(every, tests)
    if not items:
        where = ", ".join(map(str, places))
        raise ConfigError(f"report: no run in {where}" + (" that is so" if every else ""))
    return items
