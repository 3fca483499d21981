"""Saved state of jobs, made as wide as the networks of an engine that goes on from it.

Of the jobs of a saved state fewer may go on, among which the widest is not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from seedbed.engines.fused.nets.widths import fitted
from seedbed.engines.fused.network_state import Layout


def as_wide(
    state: dict[str, Any], layout: Layout, shapes: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """Return a saved state with the shapes of an engine's networks.

    Args:
        state: The saved state.
        layout: Layout of the engine.
        shapes: Shapes of the engine's parameters and buffers.

    Raises:
        ValueError: The state is not of such networks.
    """
    saved = {str(name): tuple(map(int, shape)) for name, shape in state["shapes"].items()}
    now = {name: tuple(shape) for name, shape in shapes.items()}
    if saved == now:
        return state
    if saved.keys() != now.keys() or any(len(saved[name]) != len(now[name]) for name in now):
        raise ValueError("other networks")
    names = list(layout.shapes)
    sizes = [torch.Size(saved[name]).numel() for name in names]

    def rows(tensor: Tensor) -> Tensor:
        if tensor.dim() != 2 or tensor.shape[1] != sum(sizes):  # As counts of steps are.
            return tensor
        parts = zip(names, tensor.split(sizes, dim=1), strict=True)
        jobs = len(tensor)
        return torch.cat(
            [
                fitted(part.reshape(jobs, *saved[name]), now[name]).reshape(
                    jobs, torch.Size(now[name]).numel()
                )
                for name, part in parts
            ],
            dim=1,
        )

    def others(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: fitted(tensor, now[name]) for name, tensor in tensors.items()}

    ended = _changed(state["ended"], rows, others)
    return {
        **_changed(state, rows, others),
        "ended": ended,
        "shapes": {name: list(shape) for name, shape in now.items()},
    }


def _changed(
    state: Mapping[str, Any],
    rows: Callable[[Tensor], Tensor],
    others: Callable[[Mapping[str, Tensor]], dict[str, Tensor]],
) -> dict[str, Any]:
    best_rows, best_others = state["best"]
    return {
        **state,
        "rows": rows(state["rows"]),
        "others": others(state["others"]),
        "best": (rows(best_rows), others(best_others)),
        "states": tree_map(rows, state["states"]),
    }
