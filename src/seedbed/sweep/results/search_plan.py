"""What sweep.json keeps of a search: its sampler, its budget and its space, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec

from seedbed.reading.json_files import Text
from seedbed.runs.provenance.secrets import plain_word
from seedbed.sweep.job import Words


class StoredDimension(TypedDict):
    """Dimension of a space: a choice has `values`, a number the other keys.

    `when` are the values that other dimensions must have for it to count.
    """

    key: Text
    values: NotRequired[Annotated[list[Text], msgspec.Meta(min_length=1)]]
    low: NotRequired[float]
    high: NotRequired[float]
    step: NotRequired[float | None]
    log: NotRequired[bool]
    whole: NotRequired[bool]
    when: NotRequired[dict[str, list[Text]]]


class StoredSearch(TypedDict):
    """What sweep.json holds of a search."""

    sampler: Text
    trials: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    fixed: list[Text]
    space: list[StoredDimension]


@dataclass
class SearchPlan:
    """Search of a sweep.

    Attributes:
        sampler: option of the group `search`.
        trials: trials in total.
        fixed: words that every trial has.
        space: the dimensions, parents first.
    """

    sampler: str
    trials: int
    fixed: Words
    space: list[StoredDimension]

    def stored(self) -> dict[str, Any]:
        """Return it as plain values, without secrets."""
        fixed = [*map(plain_word, self.fixed)]
        return {
            "sampler": self.sampler,
            "trials": self.trials,
            "fixed": fixed,
            "space": self.space,
        }


def search_plan(stored: Mapping[str, Any] | None) -> SearchPlan | None:
    """Return what `stored` gave; None of a sweep that searches nothing."""
    if stored is None:
        return None
    fixed = tuple(stored["fixed"])
    return SearchPlan(stored["sampler"], stored["trials"], fixed, stored["space"])
