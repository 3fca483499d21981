"""Facts of the rows that follow from the files or code that hold them, not from the config.

A config writes them as `${inferred:input_shape}`; whoever reads the key asks here. The class of the
data says what the facts are, and which files it has read for them: while these stay as they are,
it is not asked again.
"""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from omegaconf import AnyNode, DictConfig, IntegerNode, OmegaConf, ValueNode
from omegaconf.errors import InterpolationToMissingValueError

from seedbed.config.instantiation import make_factory
from seedbed.config.resolvers import INFERRED
from seedbed.config.schema import schema_of
from seedbed.config.trust.restriction import permit
from seedbed.config.validation import given_problems
from seedbed.data.data_module import DataModule, Facts
from seedbed.data.in_memory.own_options import options_of, takes_options
from seedbed.errors import ConfigError, SeedbedError

# Of the data options asked about last; a sweep may cross a few files, targets and splits.
MOST_KEPT = 256


Stamp = tuple[str, int, int]
_kept: dict[tuple[str, tuple[Stamp, ...]], Facts] = {}
# The options that were made of the values of a node, which takes longer than to look at those.
_options: dict[tuple[str, type | None], Any] = {}
# Classes of Seedbed's own, found once: those of the user's may change under the same name.
_classes: dict[str, type[DataModule]] = {}


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
    if target in _classes:
        permit("data", {"_target_": target})
        return _classes[target]
    named = make_factory("data", {"_target_": target}).func
    if not (isinstance(named, type) and issubclass(named, DataModule)):
        raise ConfigError(f"data._target_: {target} is not a seedbed.data.DataModule")
    if target.startswith("seedbed."):
        _classes[target] = named
    return named


def facts_of(node: DictConfig) -> Facts:
    """Return the facts of the rows of a data node, some of whose keys follow from them.

    Raises:
        ConfigError: A key of the node is wrong, the rows cannot be had, or their class tells no
            facts of them.
        InterpolationToMissingValueError: A key that the user is asked for has no value.
    """
    _require_asked(node)
    given, target = _given(node), str(node.get("_target_"))
    values, schema = repr(given), schema_of(node)
    options = _options.get((values, schema)) or _checked(node, given)
    _keep(_options, (values, schema), options)
    kind = data_class(target)
    if isinstance(options, dict) and takes_options(kind):
        options = options_of(options)
    known_by = (f"{target} {values}", tuple(stamp(path) for path in kind.files(options)))
    return _kept.get(known_by) or _keep(_kept, known_by, _asked(kind, options))


def _checked(node: DictConfig, given: dict[str, Any]) -> Any:
    """Return the options of a node, whose given values nobody may have looked at before."""
    if problems := given_problems(node):
        raise ConfigError("\n".join(problems))
    _require_plain_texts(given)
    schema = schema_of(node)
    return given if schema is None else schema(**given)


def _asked(kind: type[DataModule], options: Any) -> Facts:
    """Return the facts that a class tells; raise ConfigError in place of what it may raise."""
    try:
        facts = kind.facts(options)
    except SeedbedError:
        raise
    except Exception as error:  # An interpolation would hide it, and name the wrong key.
        reason = (str(error).splitlines() or [""])[0][:200]
        raise ConfigError(
            f"data: {kind.__name__} cannot tell what its rows are: {type(error).__name__}: {reason}"
        ) from error
    _require_plain_names(facts)
    return facts


def _require_plain_names(facts: Facts) -> None:
    """Raise ConfigError for a name that the saved config of a run could not give back as it is.

    Tables and folders of anybody's hold names, and OmegaConf would look up `${oc.env:HOME}`.
    """
    for what in ("feature", "target", "class"):
        names = map(str, getattr(facts, f"{what}_names"))
        wrong = [name for name in names if "${" in name or name == "???"]
        if wrong:
            raise ConfigError(
                f"data: '{wrong[0]}' is the name of a {what}, and a config reads '${{' and '???' "
                "as something else; write another name into the data"
            )


def _require_plain_texts(given: dict[str, Any]) -> None:
    """Raise ConfigError for the value of a key that has `${` in it, such as a column's name."""
    for key, value in given.items():
        # Names of keys stay as they are.
        texts = [*value.values()] if isinstance(value, dict) else value
        if "${" in str(texts):
            raise ConfigError(
                f"data.{key}: {value} has '${{' in it, which a config reads as something else; "
                "write another name into the data"
            )


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> Any:
    """Keep a value, in the place of the oldest where there are too many, and return it."""
    while len(kept) >= MOST_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
    return value


_NAMES = {field.name for field in fields(Facts)}


def _require_asked(node: DictConfig) -> None:
    """Raise what OmegaConf raises for a missing value where a key that is asked for has none."""
    for name, raw in node._content.items():  # type: ignore[union-attr]
        if raw._value() == "???" and str(name) not in _NAMES:
            raise InterpolationToMissingValueError(f"data.{name!s}: a value is required")


def given_options(node: DictConfig) -> Any:
    """Return the options of a data node without what is inferred, which stays missing."""
    given, schema = _given(node), schema_of(node)
    return given if schema is None else schema(**given)


def _given(node: DictConfig) -> dict[str, Any]:
    """Return the values of a data node by key, without those that are missing or inferred."""
    given: dict[str, Any] = {}
    for name, raw in node._content.items():  # type: ignore[union-attr]
        if isinstance(raw.__dict__.get("_content"), dict | list):  # As it is, too.
            given[str(name)] = OmegaConf.to_container(raw, resolve=True)
            continue
        value = raw._value() if isinstance(raw, ValueNode) else "${"
        if not isinstance(value, str) or ("${" not in value and value != "???"):
            given[str(name)] = value  # As it is: to ask the node takes far longer.
        elif (number := _number_referred_to(raw, value)) is not None:
            given[str(name)] = number
        elif not (_is_inferred(raw) or OmegaConf.is_missing(node, name)):
            value = node[name]
            given[str(name)] = (
                OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
            )
    return given


_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\}")


def _number_referred_to(raw: Any, text: str) -> int | None:
    """Return the whole number that a key such as `${seed}` stands for; None: ask the node.

    A sweep of splits asks a hundred times for each job, and OmegaConf takes a millisecond.
    """
    matched = _REFERENCE.fullmatch(text) if isinstance(raw, AnyNode | IntegerNode) else None
    if matched is None:
        return None
    at: Any = raw._get_root()
    for name in matched[1].split("."):
        content = at.__dict__["_content"] if isinstance(at, DictConfig) else None
        at = content.get(name) if isinstance(content, dict) else None
    value = at._value() if isinstance(at, ValueNode) else None
    return value if type(value) is int else None


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
