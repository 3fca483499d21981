"""What a sweep runs: jobs, known by their number."""

from collections.abc import Sequence
from typing import NamedTuple


class Job(NamedTuple):
    """One run of a sweep: its number, which names its folder, and its overrides."""

    number: int
    overrides: tuple[str, ...]


def numbered(overrides: Sequence[Sequence[str]]) -> list[Job]:
    """Return the jobs with these overrides, numbered from 0."""
    return [Job(number, tuple(words)) for number, words in enumerate(overrides)]
