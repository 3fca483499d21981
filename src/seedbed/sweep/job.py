"""Jobs of a sweep, known by their numbers."""

from collections.abc import Sequence
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
