"""Constraints of a search: texts such as `model/parameters<=10000`."""

import re
from collections.abc import Iterable
from math import isfinite
from typing import NamedTuple

from seedbed.errors import ConfigError

_TEXT = re.compile(r"\s*([^\s<>=]+)\s*(<=|>=)\s*(\S+)\s*")


class Constraint(NamedTuple):
    """Bound that a metric of a trial has to keep.

    Attributes:
        metric: the metric.
        sign: `<=` or `>=`.
        bound: the largest, or the smallest, value that is accepted.
    """

    metric: str
    sign: str
    bound: float

    @property
    def text(self) -> str:
        """The constraint as it is typed."""
        return f"{self.metric}{self.sign}{self.bound:.15g}"

    def violation(self, value: float) -> float:
        """Return by how much a value misses the bound: above 0 where it does."""
        return value - self.bound if self.sign == "<=" else self.bound - value


def parsed_constraint(text: object) -> Constraint:
    """Return what a text says; raises ConfigError where it is no constraint."""
    match = _TEXT.fullmatch(str(text))
    try:
        bound = float(match[3]) if match is not None else None
    except ValueError:
        bound = None
    if match is None or bound is None or not isfinite(bound):
        raise ConfigError(
            f"search.constraints: '{text}' is no constraint; METRIC<=NUMBER or METRIC>=NUMBER is, "
            "such as model/parameters<=10000"
        )
    return Constraint(match[1], match[2], bound)


def excluding(constraints: Iterable[Constraint]) -> tuple[Constraint, Constraint] | None:
    """Return two constraints that no value keeps at once; None where there are none."""
    least: dict[str, Constraint] = {}
    most: dict[str, Constraint] = {}
    for each in constraints:
        if each.sign == ">=":
            known = least.setdefault(each.metric, each)
            least[each.metric] = max(known, each, key=lambda other: other.bound)
        else:
            known = most.setdefault(each.metric, each)
            most[each.metric] = min(known, each, key=lambda other: other.bound)
    pairs = ((least[name], most[name]) for name in least.keys() & most.keys())
    return next((pair for pair in pairs if pair[0].bound > pair[1].bound), None)
