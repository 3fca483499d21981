"""Points of a curve or path that a figure draws, in memory and in the checkpoint."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of so many points at most; the first of them are all kept, as most happens then.
MOST, FIRST = 10_000, 1_000


class Points:
    """Numbers at epochs or steps, of which a long training keeps fewer and fewer.

    Args:
        every: Steps between two points that are kept at all.

    Attributes:
        every: Steps between two points after the first 1,000 of them: at first what was given,
            doubled whenever there are more than 10,000.
    """

    def __init__(self, every: int = 1) -> None:
        self.every = self._given = every
        self._points: dict[int, list[float]] = {}

    def add(self, step: int, values: Sequence[float]) -> None:
        """Keep the numbers at a step, from 0, rising, if it is one that is kept."""
        if self.keeps(step):
            self.put(step, values)

    def keeps(self, step: int) -> bool:
        """Tell whether a step is one of those that are kept."""
        every = self._given if step <= FIRST * self._given else self.every
        return step % every == 0

    def put(self, step: int, values: Sequence[float]) -> None:
        """Keep the numbers at a step, whichever it is, in the place of those that it has."""
        self._points[step] = [float(value) for value in values]
        if len(self._points) > MOST:
            self.every *= 2
            self._points = {
                at: kept for at, kept in self._points.items() if self.keeps(at) or at == step
            }

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps that are kept, (points,)."""
        return np.array(list(self._points), dtype=np.int64)

    @property
    def values(self) -> NDArray[np.float64]:
        """Their numbers, (points, numbers)."""
        return np.array(list(self._points.values()), dtype=np.float64)

    def state_dict(self) -> dict[str, Any]:
        """Return all points as plain values."""
        return {"every": self.every, "points": dict(self._points)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the points of a run that goes on."""
        self.every, self._points = max(state["every"], self._given), dict(state["points"])
