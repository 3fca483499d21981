"""Continuations of a sweep: how often its jobs went on with other words, and which of them did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, TypedDict

import msgspec

from seedbed.reading.json_files import Count, Text
from seedbed.sweep.job import Job, Words, bare_key, without


class GoesOn(TypedDict):
    """Jobs that go on as one program, and the epochs that they had trained; 0: they begin."""

    jobs: Annotated[list[Count], msgspec.Meta(min_length=1)]
    epoch: Count


@dataclass(frozen=True)
class Continuation:
    """Jobs of a sweep that go on with other words.

    Attributes:
        at: when, in UTC.
        words: overrides that take the place of those of the same key.
        changed: `[before, now]` of each key that is another, in the first of the jobs.
        jobs: numbers of the jobs.
        groups: those that train side by side, in groups.
        table: SHA-256 of results.csv as it was before.
    """

    at: str
    words: Words
    changed: Mapping[str, Any]
    jobs: Sequence[int]
    groups: Sequence[GoesOn]
    table: str

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Numbers of the jobs."""
        return frozenset(self.jobs)

    def stored(self) -> dict[str, Any]:
        """Return what sweep.json holds of it."""
        return {
            "at": self.at,
            "words": list(self.words),
            "changed": self.changed,
            "jobs": self.jobs,
            "groups": self.groups,
            "table": self.table,
        }


class StoredContinuation(TypedDict):
    """What sweep.json holds of a continuation."""

    at: str
    words: list[Text]
    changed: dict[str, Any]
    jobs: list[Count]
    groups: list[GoesOn]
    table: str


def continuation_of(stored: StoredContinuation) -> Continuation:
    """Return a continuation that sweep.json holds."""
    return Continuation(
        at=stored["at"],
        words=tuple(stored["words"]),
        changed=stored["changed"],
        jobs=stored["jobs"],
        groups=stored["groups"],
        table=stored["table"],
    )


def continued(job: Job, words: Words) -> Job:
    """Return a job with words in place of those of the same keys; a group's go with its keys."""
    keys = [bare_key(word) for word in words]
    kept = without(job.overrides, keys)
    groups = tuple(f"{key}." for key in keys if "." not in key)
    kept = tuple(word for word in kept if not bare_key(word).startswith(groups or ("\0",)))
    return Job(job.number, (*kept, *words))
