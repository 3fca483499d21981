"""What was read or fitted last, kept for those who ask again in the same process."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Values that were made last, by what they follow from.

    Args:
        most: Number of values that are kept.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._values: dict[Hashable, Value] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of a key, which is made where it is not kept."""
        if key not in self._values:
            value = make()
            while len(self._values) >= self.most:
                del self._values[next(iter(self._values))]
            self._values[key] = value
        self._values[key] = self._values.pop(key)  # The one asked for last is the last to go.
        return self._values[key]
