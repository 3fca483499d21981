"""Facts of the rows that follow from the files or code that hold them, not from the config.

A config writes them as `${inferred:input_shape}`; whoever reads the key asks here. The class of the
data says what the facts are, and which files it has read for them: while these stay as they are,
it is not asked again.
"""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError

from seedbed.config.instantiation import make_factory
from seedbed.config.resolvers import INFERRED
from seedbed.config.schema import schema_of
from seedbed.data.data_module import DataModule, Facts
from seedbed.errors import ConfigError

# Of the data options asked about last; a sweep may cross a few files, targets and splits.
MOST_KEPT = 256


Stamp = tuple[str, int, int]
_kept: dict[tuple[str, tuple[Stamp, ...]], Facts] = {}


def inferred(name: str, node: DictConfig) -> Any:
    """Return a fact of the data whose node asks for it, as a plain value.

    Raises:
        ConfigError: As `facts_of`, or no fact has this name.
    """
    if name not in {field.name for field in fields(Facts)}:
        raise ConfigError(f"${{{INFERRED}:{name}}}: no fact of rows has this name")
    value = getattr(facts_of(node), name)
    return list(value) if isinstance(value, tuple) else value


def data_class(target: str) -> type[DataModule]:
    """Return the DataModule that a `_target_` names; raise ConfigError where it is none."""
    named = make_factory("data", {"_target_": target}).func
    if not (isinstance(named, type) and issubclass(named, DataModule)):
        raise ConfigError(f"data._target_: {target} is not a seedbed.data.DataModule")
    return named


def facts_of(node: DictConfig) -> Facts:
    """Return the facts of the rows of a data node, some of whose keys follow from them.

    Raises:
        ConfigError: The rows cannot be had, or their class tells no facts of them.
        InterpolationToMissingValueError: A key that the user is asked for has no value.
    """
    _require_asked(node)
    options, target = given_options(node), str(node.get("_target_"))
    kind = data_class(target)
    stamps = tuple(stamp(path) for path in kind.files(options))
    known_by = (f"{target} {options!r}", stamps)
    if known_by not in _kept:
        facts = kind.facts(options)
        while len(_kept) >= MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[known_by] = facts
    return _kept[known_by]


def _require_asked(node: DictConfig) -> None:
    """Raise what OmegaConf raises for a missing value where a key that is asked for has none."""
    names = {field.name for field in fields(Facts)}
    for name in node:
        if str(name) not in names and OmegaConf.is_missing(node, name):
            raise InterpolationToMissingValueError(f"data.{name!s}: a value is required")


def given_options(node: DictConfig) -> Any:
    """Return the options of a data node without what is inferred, which stays missing."""
    given: dict[str, Any] = {}
    for name in node:
        raw = node._get_node(name)
        if OmegaConf.is_missing(node, name) or _is_inferred(raw):
            continue
        value = node[name]
        given[str(name)] = (
            OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
        )
    schema: Callable[..., Any] | None = schema_of(node)
    return given if schema is None else schema(**given)


def _is_inferred(raw: Any) -> bool:
    value = raw._value()
    return isinstance(value, str) and value.replace(" ", "").startswith(f"${{{INFERRED}:")


def stamp(path: Path) -> Stamp:
    """Return what changes when a file does: its path, size and time; zeros where it is not."""
    try:
        status = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), status.st_size, status.st_mtime_ns
