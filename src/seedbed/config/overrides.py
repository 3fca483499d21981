"""Rules of the overrides of a command line, as words."""

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
