"""Modules that a caller trusts, and what messages say of them, as Python has it."""

import re
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager

from seedbed.config.project import is_module
from seedbed.errors import ConfigError, SeedbedError

# The word of the command line, whose modules are names without quotes.
_WORD = re.compile(r"trust=\[([\w., ]+)\]")


def modules_of(trust: str | Sequence[str] | Set[str]) -> tuple[str, ...]:
    """Return the modules that somebody trusts; a text is the name of one.

    Raises ConfigError for what names no modules.
    """
    names = (trust,) if isinstance(trust, str) else trust
    are_listed = isinstance(names, Sequence | Set) and not isinstance(names, bytes)
    wrong = [name for name in names if not _is_name(name)] if are_listed else [trust]
    if wrong:
        raise ConfigError(
            f'trust: {wrong[0]!r}: no name of a module; name them as in trust=["mynet"]'
        )
    return tuple(names)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and is_module(name)


@contextmanager
def said_in_python() -> Iterator[None]:
    """Let what is raised say `trust=["mynet"]` in the place of the command line's word."""
    try:
        yield
    except SeedbedError as error:
        error.args = tuple(_quoted(text) for text in error.args)
        raise


def _quoted(text: object) -> object:
    if not isinstance(text, str):
        return text
    return _WORD.sub(lambda word: f"trust=[{_texts(word[1])}]", text)


def _texts(names: str) -> str:
    return ", ".join(f'"{name.strip()}"' for name in names.split(","))
