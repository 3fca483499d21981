"""Jobs of a sweep, known by their numbers, and the words that they are made of."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

# The overrides of a job, in the order of its command line.
Words = tuple[str, ...]


class Job(NamedTuple):
    """One run of a sweep: its number, which names its folder, and its overrides."""

    number: int
    overrides: Words


def numbered(overrides: Sequence[Sequence[str]], first: int = 0) -> list[Job]:
    """Return the jobs with these overrides, numbered from `first` on."""
    return [Job(number, tuple(words)) for number, words in enumerate(overrides, start=first)]


def bare_key(word: str) -> str:
    """Return the key of an override without the sign that says whether it is added."""
    return word.partition("=")[0].lstrip("+")


def with_value(overrides: Words, key: str, value: object) -> Words:
    """Return the overrides with this value, in the place of the one they have or at their end."""
    words = tuple(
        f"{word.partition('=')[0]}={value}" if bare_key(word) == key else word for word in overrides
    )
    return words if any(bare_key(word) == key for word in words) else (*words, f"{key}={value}")


def without(overrides: Words, keys: Collection[str]) -> Words:
    """Return the overrides but for those of these keys."""
    return tuple(word for word in overrides if bare_key(word) not in keys)
