"""State of jobs that ended while others trained on: their rows in the engine change after that."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._pytree import tree_map


class EndedJobs:
    """State that jobs ended with, by their numbers.

    Args:
        nothing: State of no job: tensors with an axis of jobs of length 0.
    """

    def __init__(self, nothing: dict[str, Any]) -> None:
        self._parts = [{"job": torch.zeros(0, dtype=torch.int64), **nothing}]

    @property
    def jobs(self) -> NDArray[np.int64]:
        """Numbers of the jobs."""
        return np.concatenate([part["job"].numpy() for part in self._parts])

    def add(self, jobs: NDArray[np.int64], state: dict[str, Any]) -> None:
        """Add jobs that have ended; `state` are tensors of their own, with them as first axis."""
        self._parts.append({"job": torch.from_numpy(jobs.copy()), **state})

    def remove(self, jobs: NDArray[np.int64]) -> None:
        """Forget some of the jobs, those of them that are here."""
        if np.isin(jobs, self.jobs).any():
            kept = torch.from_numpy(np.flatnonzero(~np.isin(self.jobs, jobs)))
            state = self.state()
            self.restore(tree_map(lambda tensor: tensor[kept.to(tensor.device)], state))

    def remove_all(self) -> None:
        """Forget the jobs."""
        del self._parts[1:]

    def state(self) -> dict[str, Any]:
        """Return the state of all of them."""
        if len(self._parts) > 1:
            joined: dict[str, Any] = tree_map(_joined, *self._parts)
            self._parts = [tree_map(lambda tensor: tensor[:0], joined), joined]
        return self._parts[-1]

    def restore(self, state: dict[str, Any]) -> None:
        """Hold what `state` returned."""
        self._parts = [tree_map(lambda tensor: tensor[:0], state), state]


def _joined(*tensors: Tensor) -> Tensor:
    return torch.cat(tensors)
