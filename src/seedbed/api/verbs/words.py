"""Words of a command line from Python values: what comes out of the config equals what went in."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from inspect import isfunction
from numbers import Integral, Real
from typing import Any

from seedbed.api.trust import modules_of
from seedbed.config.groups import LISTED
from seedbed.config.overrides import quoted
from seedbed.errors import ConfigError

# What a key may be given: numbers, texts, booleans, None, paths, runs, classes and functions of
# modules, and lists and mappings of them; the scalars of numpy are numbers.
Value = Any
# What changes a config: words as typed in a shell, without its quotes, or values by key.
Override = str | Mapping[str, Value]

# Flags of the command line that mean something from Python as well.
_FLAGS = ("--config-dir", "-cd", "--config-name", "-cn")
# Of an array that stands in a config: a list of weights, but no data.
MOST_NUMBERS = 1_000
# Letters that the name of a mapping's key may have in an override.
_NAMEABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_./@?|%*+-]*( +[A-Za-z0-9_./@?|%*+-]+)*")
# What would be read as another value.
_NO_NAMES = ("null", "true", "false", "nan", "inf")


def words_of(overrides: Sequence[Override], values: Mapping[str, Value]) -> list[str]:
    """Return the words of a command: of its overrides, then of the values of its keywords.

    Raises ConfigError for a flag that means nothing here, or a value that no config can hold.
    """
    words: list[str] = []
    for override in [*overrides, values]:
        if isinstance(override, str):
            words.append(_checked(override))
        elif isinstance(override, Mapping):
            for key, value in _by_key(override):
                value = modules_of(value) if key == "trust" else value
                words.append(f"{key}={text_of(key, value)}")
        else:
            raise ConfigError(
                f"{_shown(override)}: an override is a text such as 'optimizer.lr=0.1', or a "
                "mapping such as {'optimizer.lr': 0.1}"
            )
    return words


def require_keywords(values: Mapping[str, Value], keywords: Iterable[str]) -> None:
    """Raise ConfigError where a key can only be one of a function's own keywords, misspelt."""
    for name in values:
        if near := get_close_matches(name, keywords, n=1, cutoff=0.75):
            raise ConfigError(f"{name}: no such keyword. Did you mean '{near[0]}'?")


def axis_words(axes: Mapping[str, Value]) -> list[str]:
    """Return the words that sweep keys over values.

    Args:
        axes: The values of each key: any iterable of Python values, or a text in the command
            line's own form, such as `interval(0.1,1)`.
    """
    if not isinstance(axes, Mapping):
        raise ConfigError(
            f"axes: {_shown(axes)} is no mapping from keys to their values, such as "
            "axes={'optimizer.lr': [0.1, 0.01]}"
        )
    words = []
    for key, values in axes.items():
        if not isinstance(key, str) or not key:
            raise ConfigError(f"axes: {key!r}: a key is a text such as 'optimizer.lr'")
        if isinstance(values, str):
            words.append(f"{key}={values}")
        elif isinstance(values, range):
            words.append(f"{key}=range({values.start},{values.stop},{values.step})")
        elif isinstance(values, Mapping) or not isinstance(values, Iterable):
            raise ConfigError(
                f"axes: {key}: {values!r} is no list of values, nor a text such as 'interval(0,1)'"
            )
        else:
            words.append(f"{key}={_choice(key, [text_of(key, value) for value in values])}")
    return words


def _shown(value: object) -> str:
    """Return a value as it is written; of what is long or of many lines the name of its type."""
    text = repr(value)
    return text if len(text) <= 60 and "\n" not in text else f"a {type(value).__name__}"


def _choice(key: str, texts: Sequence[str]) -> str:
    if not texts:
        raise ConfigError(f"axes: {key}: an axis without values; a sweep needs one at least")
    if len(texts) > 1:
        return ",".join(texts)
    # An axis of one value; Hydra makes none of null, and takes the quotes of a text away.
    return texts[0] if texts[0] == "null" or "'" in texts[0] else f"choice({texts[0]})"


def _checked(word: str) -> str:
    if word.startswith("-") and word.partition("=")[0] not in _FLAGS:
        raise ConfigError(
            f"{word}: a flag of the command line; from Python seedbed.sweep is -m, and "
            "seedbed.compose shows the config"
        )
    if re.search(r"_target_=\W*__main__\.", word):
        raise ConfigError(
            f"{word}: __main__ is another program for whoever opens the run; put the class into a "
            "module, such as mine.py, and name that"
        )
    return word


def _by_key(values: Mapping[str, Value]) -> Iterable[tuple[str, Value]]:
    """Yield full keys and values; a mapping for a group is one of the keys below it."""
    for key, value in values.items():
        if not isinstance(key, str) or not key:
            raise ConfigError(f"{key!r}: a key is a text such as 'optimizer.lr'")
        is_group = key in LISTED or key in ("sweep", "paths", "hydra", "freeze")
        if is_group and isinstance(value, Mapping):
            for name, part in value.items():
                yield f"{key}.{name}", part
        else:
            yield key, value


def text_of(key: str, value: Value) -> str:
    """Return a value as an override gives it; raises ConfigError where no config can hold it."""
    if value is None:
        return "null"
    if (
        hasattr(value, "item") and getattr(value, "shape", None) == ()
    ):  # A scalar of numpy or torch.
        value = value.item()
    if isinstance(value, type) or isfunction(value):
        return quoted(_name_of_class(key, value))
    if hasattr(value, "columns") or getattr(value, "size", 0) > MOST_NUMBERS:
        raise ConfigError(
            f"{key}: a {type(value).__name__}: a run's folder says what it was trained on, so that "
            "it can be repeated; write the data to a file, and name that: data=table or "
            "data=arrays with data.file"
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return repr(float(value))
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, os.PathLike):
        return quoted(os.fspath(value))
    folder = getattr(value, "folder", None)
    if isinstance(folder, os.PathLike):  # A run or a sweep.
        return quoted(os.fspath(folder))
    if isinstance(value, Mapping):
        pairs = [f"{_name(key, name)}: {text_of(key, part)}" for name, part in value.items()]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return f"[{','.join(text_of(key, part) for part in value)}]"
    raise ConfigError(
        f"{key}: a {type(value).__name__} cannot stand in a config; numbers, texts, booleans, "
        "None, lists and mappings of them can"
    )


def _name_of_class(key: str, value: Any) -> str:
    """Return the full name of a class or function; raises ConfigError where no module has it."""
    name = f"{value.__module__}.{value.__qualname__}"
    if value.__module__ == "__main__" or "<" in name:
        raise ConfigError(
            f"{key}: {name}: is known to this process alone, so that no folder could say what was "
            f"trained; put it into a module: mine.py, and {key}=mine.{value.__name__}"
        )
    return name


def _name(key: str, name: object) -> str:
    is_name = isinstance(name, str) and _NAMEABLE.fullmatch(name) is not None
    if not is_name or str(name).lower() in _NO_NAMES:
        raise ConfigError(f"{key}: {name!r} cannot be the name of a key in an override")
    return str(name)
