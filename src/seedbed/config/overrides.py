"""Rules of the overrides of a command line, as words."""

import re
from collections.abc import Iterable

from seedbed.errors import ConfigError


def refuse_repeated_keys(words: Iterable[str]) -> None:
    """Raise ConfigError where two words set the same key: Hydra would take the last of them.

    A word that deletes its key (`~key`) may stand before one that adds it again.
    """
    known: dict[str, str] = {}
    for word in words:
        if word.startswith("~"):
            continue
        key = word.partition("=")[0].lstrip("+")
        if key in known:
            raise ConfigError(f"{key}: given twice, by {known[key]} and by {word}; leave one out")
        known[key] = word


def trusted_modules(words: Iterable[str]) -> tuple[str, ...]:
    """Return the modules that the word `trust=[MODULE,...]` names, or none.

    Words that are no list of modules are left to Hydra, which says what is wrong with them.
    """
    given = [
        word.partition("=")[2] for word in words if word.partition("=")[0].lstrip("+") == "trust"
    ]
    listed = re.fullmatch(r"\s*\[(.*)\]\s*", given[-1]) if given else None
    names = re.split(r"[\s,'\"]+", listed[1]) if listed else []
    return tuple(name for name in names if name)
