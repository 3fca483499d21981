"""Arguments of the verbs that compose no config: folders, and `key=value` words with types."""

import re
import sys
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from seedbed.config.overrides import refuse_repeated_keys
from seedbed.errors import ConfigError, listed, nearest
from seedbed.terminal.words import two_columns

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Keys = TypeVar("Keys", bound="DataclassInstance")

_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}


def parse_arguments(
    usage: str, keys: type[Keys], arguments: Sequence[str]
) -> tuple[list[str], Keys]:
    """Return the words that are no `key=value`, as they were typed, and the keys' values.

    `usage` is the verb with what it takes, such as `report DIR [DIR ...]`, and its description in
    the lines below; `--help` prints it with the keys and exits. `keys` is a dataclass whose fields
    are declared by `config.schema.field.key`; the key of a field is its name, or `key` of its
    metadata. Nothing is quoted or escaped. A word `NAME=VALUE` whose name is no key is a path where
    it exists, or holds a slash before its `=`; `./NAME=VALUE` is always one.

    Raises ConfigError for unknown flags and keys, values that do not fit, and keys given twice.
    """
    by_name = {field.metadata.get("key", field.name): field for field in fields(keys)}
    verb = usage.split()[0]
    if "-h" in arguments or "--help" in arguments:
        print(_help_text(usage, by_name))
        sys.exit(0)
    paths: list[str] = []
    typed: list[str] = []
    for word in arguments:
        name, equals, _ = word.partition("=")
        if word.startswith("-"):
            hint = nearest(word, ("--json", "--help"))
            hint = f".{hint} See" if hint else "; see"
            raise ConfigError(f"{verb}: unknown flag '{word}'{hint} seedbed {verb} --help")
        if not equals or (name not in by_name and ("/" in name or Path(word).exists())):
            paths.append(word)
        elif name not in by_name:
            hint = nearest(name, by_name)
            raise ConfigError(f"{name}: no such key.{hint}\n{verb} has: {listed(by_name)}")
        else:
            typed.append(word)
    refuse_repeated_keys(typed)
    texts = dict(word.split("=", 1) for word in typed)
    values = {by_name[name].name: _value(name, by_name[name], texts[name]) for name in texts}
    return paths, keys(**values)


def _value(name: str, field: "Field[Any]", text: str) -> Any:
    """Return the value that a text stands for; raises ConfigError where it does not fit the key."""
    from seedbed.config.validation import value_problems  # OmegaConf, which few words need.

    kinds = get_args(field.type) or (field.type,)
    if NoneType in kinds and text == "null":
        return None
    [kind] = [candidate for candidate in kinds if candidate is not NoneType]
    meaning = field.metadata["meaning"]
    value = _converted(kind, text)
    if value is None:
        raise ConfigError(f"{name}: '{text}' is not {_KINDS[kind]} ({meaning})")
    for problem in value_problems(name, value, field.metadata):
        raise ConfigError(problem if field.metadata.get("one_of") else f"{problem} ({meaning})")
    return value


def _converted(kind: type, text: str) -> Any:
    """Return the text as a value of a type, or None where it is none."""
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower())
    if kind is int:
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else None
    if kind is float:
        try:
            return float(text)
        except ValueError:
            return None
    return text


def _help_text(usage: str, by_name: dict[str, "Field[Any]"]) -> str:
    takes, _, description = usage.partition("\n")
    keys = {
        f"{name}={_default_text(field)}": field.metadata["meaning"]
        for name, field in by_name.items()
    }
    if not keys:
        return f"usage: seedbed {takes}\n\n{description.strip()}"
    lines = two_columns(keys, "  ")
    return f"usage: seedbed {takes} [key=value ...]\n\n{description.strip()}\n\n{lines}"


def _default_text(field: "Field[Any]") -> str:
    factory = field.default_factory
    value = field.default if factory is MISSING else factory()
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
