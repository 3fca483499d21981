"""Number that a population searches: its range, and the steps that it takes within it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any, Literal

from numpy.random import Generator

# Where in the engine a number lies: the rate of the schedules, a number of the optimizer, one of
# the loss, or the probability of all layers of dropout.
Part = Literal["rate", "optimizer", "loss", "dropout"]


@dataclass(frozen=True)
class SearchedNumber:
    """Number that each trial has for itself, and its range.

    Attributes:
        key: full name of the config key.
        part: where in the engine it lies.
        names: names there; a list of numbers has one for each.
        low, high: smallest and largest value; not of choices.
        log: whether the range is on a logarithmic scale.
        whole: whether the values are whole numbers.
        choices: values in their order, where they are no range.
    """

    key: str
    part: Part
    names: tuple[str, ...]
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()

    def drawn(self, random: Generator) -> Any:
        """Return a value of the range, uniform on its scale."""
        if self.choices:
            return self.choices[int(random.integers(len(self.choices)))]
        if self.whole:
            if self.log:  # As many below a half as above, as Optuna has it.
                value = round(exp(random.uniform(log(self.low - 0.5), log(self.high + 0.5))))
                return int(min(max(value, self.low), self.high))
            return int(random.integers(int(self.low), int(self.high) + 1))
        if self.log:
            return self._within(exp(random.uniform(log(self.low), log(self.high))))
        return self._within(random.uniform(self.low, self.high))

    def perturbed(self, value: Any, factors: Sequence[float], random: Generator) -> Any:
        """Return the value times one of the factors, within the range.

        A whole number moves by one at least; a choice gives way to one of its neighbours.
        """
        if self.choices:
            return self._neighbour(value, random)
        factor = factors[int(random.integers(len(factors)))]
        if not self.whole:
            return self._within(value * factor)
        moved = round(value * factor)
        if moved == value and factor != 1:
            moved += 1 if factor > 1 else -1
        return int(self._within(moved))

    def _neighbour(self, value: Any, random: Generator) -> Any:
        place = self.choices.index(value)
        places = [near for near in (place - 1, place + 1) if 0 <= near < len(self.choices)]
        return self.choices[places[int(random.integers(len(places)))]] if places else value

    def _within(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def holds(self, value: Any) -> bool:
        """Return whether a value is one of the range."""
        if self.choices:
            return value in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high

    def numbers(self, value: Any) -> dict[str, float]:
        """Return the numbers of a value by their names in the engine."""
        values = value if isinstance(value, list | tuple) else [value]
        return dict(zip(self.names, map(float, values), strict=True))
