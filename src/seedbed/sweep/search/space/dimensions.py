"""Dimensions of a space: a key, the values that it may have, and when it counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from seedbed.sweep.job import Words, bare_key


@dataclass(frozen=True)
class Number:
    """Number between two bounds, both of which it may be.

    Attributes:
        low, high: the bounds.
        step: distance of two values that follow each other; None: any number between the bounds.
        log: whether its logarithm is drawn evenly, not the number itself.
        whole: whether it is a whole number.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False
    whole: bool = False

    def text(self, value: Any) -> str:
        """Return a value as an override gives it, which reads back exactly."""
        return str(int(value)) if self.whole else repr(float(value))

    def told(self) -> str:
        """Return what the values are, in the words of the command line."""
        bounds = f"{self.text(self.low)},{self.text(self.high)}"
        text = f"interval({bounds})"
        if self.whole:
            text = f"int({text})"
        if self.step is not None and self.step != 1:
            text += f" in steps of {self.text(self.step)}"
        return f"tag(log,{text})" if self.log else text

    def probes(self) -> list[str]:
        """Return the values that show whether all may be: the bounds."""
        return [self.text(self.low), self.text(self.high)]


@dataclass(frozen=True)
class Choice:
    """One of some values, as overrides give them."""

    values: tuple[str, ...]

    def text(self, value: Any) -> str:
        """Return a value as an override gives it: it is that text."""
        return str(value)

    def told(self) -> str:
        """Return what the values are, in the words of the command line."""
        return ",".join(self.values)

    def probes(self) -> list[str]:
        """Return the values that show whether all may be: all of them."""
        return list(self.values)


Values = Number | Choice
# Values of a key, one of which it must have: by the key of a dimension.
When = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Dimension:
    """Dimension of a space.

    Attributes:
        key: the key, with the sign of an override that adds it.
        values: what it may be.
        when: the dimensions that must have one of these values for it to count; none: it always
            counts.
    """

    key: str
    values: Values
    when: When = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The key without a sign."""
        return bare_key(self.key)

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return isinstance(self.values, Choice) and len(self.values.values) == 1

    def counts(self, chosen: Mapping[str, str]) -> bool:
        """Return whether it counts beside the values that others have, as texts by name."""
        return all(chosen.get(parent) in texts for parent, texts in self.when.items())


class Space(NamedTuple):
    """Space of a search: the words that every trial has, and its dimensions, parents first."""

    fixed: Words
    dimensions: tuple[Dimension, ...]

    @property
    def varied(self) -> list[Dimension]:
        """The dimensions that leave a choice."""
        return [dimension for dimension in self.dimensions if not dimension.is_fixed]

    @property
    def is_conditional(self) -> bool:
        """Whether some keys count only under a choice."""
        return any(dimension.when for dimension in self.varied)

    def words(self, chosen: Mapping[str, str]) -> Words:
        """Return the overrides of the trial that has these values."""
        texts, words = dict(chosen), list(self.fixed)
        for dimension in self.dimensions:
            if dimension.is_fixed and dimension.counts(texts):
                texts[dimension.name] = dimension.values.probes()[0]
            if dimension.name in texts:
                words.append(f"{dimension.key}={texts[dimension.name]}")
        return tuple(words)

    def told(self) -> list[str]:
        """Return a line a dimension, in the words of the command line."""
        lines = []
        for dimension in self.dimensions:
            when = " and ".join(
                f"{parent}={','.join(texts)}" for parent, texts in dimension.when.items()
            )
            lines.append(
                f"{dimension.name}={dimension.values.told()}" + (f"  where {when}" if when else "")
            )
        return lines


def parents_first(dimensions: Sequence[Dimension]) -> list[Dimension]:
    """Return dimensions such that none comes before one that it depends on.

    Raises ValueError with the name of one that depends on itself.
    """
    ordered: list[Dimension] = []
    left = list(dimensions)
    while left:
        known = {dimension.name for dimension in ordered}
        ready = [dimension for dimension in left if dimension.when.keys() <= known]
        if not ready:
            raise ValueError(left[0].name)
        ordered += ready
        left = [dimension for dimension in left if dimension not in ready]
    return ordered
