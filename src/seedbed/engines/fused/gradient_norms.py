"""Norms of the gradients of many jobs, by step and their means over an epoch."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.engines.fused.history import Metrics
from seedbed.engines.fused.network_state import Layout
from seedbed.training.metrics import CLIPPED_NORM, GRADIENT_NORM, NORM_OF_ALL


def norms_of(layout: Layout, gradient: Tensor, clipped: Tensor | None) -> Tensor:
    """Return norms of gradients (jobs, numbers), in float64, (jobs, 2 + parameters).

    They are that of all parameters together, that after clipping, which is nan without any, and
    that of each parameter.
    """
    each = [_norm(part.flatten(1)) for part in layout.split(gradient).values()]
    of_all = _norm(gradient)
    after = torch.full_like(of_all, float("nan")) if clipped is None else _norm(clipped)
    return torch.stack([of_all, after, *each], dim=1)


def _norm(rows: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
    return norms


class JobNorms:
    """Sums of the norms of an epoch's steps.

    Args:
        layout: Where each trained parameter lies in a gradient.
        shown: Names of the parameters whose norms are logged, of those that are trained.
    """

    def __init__(self, layout: Layout, shown: Sequence[str]) -> None:
        self._names = [name if name in shown else None for name in layout.shapes]
        self._sum: Tensor | None = None
        self._steps: NDArray[np.int64] | int = 0

    def add(self, norms: Tensor, takes_part: NDArray[np.bool_]) -> None:
        """Add what `norms_of` has returned of a step, and which jobs have taken it, (jobs,)."""
        taken = torch.from_numpy(takes_part).to(norms.device).unsqueeze(1)
        norms = torch.where(taken, norms, 0.0)
        self._sum = norms if self._sum is None else self._sum + norms
        self._steps = self._steps + takes_part.astype(np.int64)

    def means(self, clips: NDArray[np.bool_]) -> tuple[Metrics, Metrics]:
        """Return the means over the epoch: the metrics, and what is logged beside them.

        `clips` tells which jobs clip, (jobs,); of the others the norm after clipping is nan.
        """
        assert self._sum is not None
        means = (self._sum.cpu().numpy() / np.maximum(self._steps, 1)[:, None]).T
        metrics = {NORM_OF_ALL: means[0]}
        if clips.any():
            metrics[CLIPPED_NORM] = np.where(clips, means[1], np.nan)
        beside = {
            f"{GRADIENT_NORM}{name}": values
            for name, values in zip(self._names, means[2:], strict=True)
            if name is not None
        }
        return metrics, beside
