"""Weights of a pack: those of many runs stacked in one safetensors file, a row a state.

Networks of one kind, by the names, shapes and types of their tensors, share a layout: `LAYOUT/NAME`
is a tensor of (rows, *shape). Each row has a hash of its own, so that a run is checked without
reading those beside it.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec

from seedbed.errors import RunFolderError
from seedbed.reading.json_files import Count
from seedbed.runs.outcome import EpochState
from seedbed.runs.packed.manifest import damage

if TYPE_CHECKING:
    from torch import Tensor

Row = Annotated[int, msgspec.Meta(ge=0, le=2**31)]


class StoredState(msgspec.Struct, frozen=True):
    """State of a run after an epoch, whose weights are a row of a layout.

    `metrics` may hold numbers that are not finite: they are texts then. `sha256` is that of the
    bytes of its tensors, in the order of their names.
    """

    epoch: Count
    step: Count
    metrics: dict[str, float | str]
    layout: Row
    row: Row
    sha256: str


class Stacked(NamedTuple):
    """States of many runs: tensors of the file, names of each layout, and where each state is."""

    tensors: "dict[str, Tensor]"
    layouts: list[list[str]]
    states: list[StoredState]


def stacked(states: Sequence[EpochState]) -> Stacked:
    """Return the weights of states stacked."""
    import torch

    layouts: dict[Any, int] = {}
    members: list[list[int]] = []
    places: list[tuple[int, int]] = []
    for at, state in enumerate(states):
        kind = tuple((name, value.shape, value.dtype) for name, value in state.weights.items())
        layout = layouts.setdefault(kind, len(layouts))
        if layout == len(members):
            members.append([])
        places.append((layout, len(members[layout])))
        members[layout].append(at)
    tensors: dict[str, Tensor] = {}
    hashes = [hashlib.sha256() for _ in states]
    for kind, layout in layouts.items():
        for name, _, _ in sorted(kind, key=lambda each: str(each[0])):
            rows = [states[at].weights[name].detach().cpu() for at in members[layout]]
            together = torch.stack(rows).contiguous()
            tensors[f"{layout}/{name}"] = together
            for at, content in zip(members[layout], _rows_of(together), strict=True):
                hashes[at].update(content)
    names = [[str(name) for name, _, _ in kind] for kind in layouts]
    stored = [
        StoredState(
            state.epoch,
            state.step,
            {name: _stored(float(value)) for name, value in state.metrics.items()},
            *place,
            own.hexdigest(),
        )
        for state, place, own in zip(states, places, hashes, strict=True)
    ]
    return Stacked(tensors, names, stored)


def _rows_of(tensor: "Tensor") -> Any:
    """Return the bytes of each row."""
    import torch

    flat = tensor.reshape(len(tensor), -1)
    if flat.shape[1] == 0:
        return [b""] * len(tensor)
    return [row.tobytes() for row in flat.view(torch.uint8).numpy()]


def _stored(value: float) -> float | str:
    return value if abs(value) < float("inf") else str(value)


def read_state(path: Path, names: Sequence[str], stored: StoredState) -> EpochState:
    """Return a state with its weights.

    Args:
        path: the file of weights.
        names: names of the tensors of its layout, in the order of a network.
        stored: where it is.

    Raises:
        RunFolderError: It is damaged.
    """
    from safetensors import safe_open

    own = hashlib.sha256()
    try:
        with safe_open(path, "pt") as file:
            weights = {
                # Of numbers of its own: the file that is mapped may be removed.
                name: file.get_slice(f"{stored.layout}/{name}")[stored.row].clone()
                for name in names
            }
        for name in sorted(weights):
            [content] = _rows_of(weights[name][None].contiguous())
            own.update(content)
        metrics = {name: float(value) for name, value in stored.metrics.items()}
    except Exception as error:  # Damaged bytes make a reader raise almost anything.
        reason = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
        raise RunFolderError(f"{path}: cannot be read as safetensors: {reason}") from None
    if own.hexdigest() != stored.sha256:
        raise RunFolderError(damage(path))
    return EpochState(stored.epoch, stored.step, metrics, weights)
