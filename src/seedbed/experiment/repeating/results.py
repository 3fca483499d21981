"""What differs after a run was trained again: metrics and weights, bit for bit or by how much."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import Any

from seedbed.errors import RunFolderError
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_checkpoint

CHECKPOINTS = ("best", "last")


@dataclass(frozen=True)
class Compared:
    """Comparison of two runs.

    Attributes:
        metrics: recorded and repeated number of each metric, None where there is no number.
        weights: for each checkpoint, how far the weights are apart at most, or why they cannot be
            compared; 0.0 where they are equal bit for bit.
        within: names of metrics and checkpoints that are equal within the tolerance.
        status: recorded and repeated status.
    """

    metrics: dict[str, tuple[float | None, float | None]]
    weights: dict[str, float | str]
    within: frozenset[str]
    status: tuple[str, str]

    @property
    def equal(self) -> bool:
        """Whether all is equal, within the tolerance."""
        names = {*self.metrics, *self.weights}
        return names == self.within and self.status[0] == self.status[1]

    @property
    def bit_equal(self) -> bool:
        """Whether all is equal bit for bit."""
        exact = all(before == now for before, now in self.metrics.values())
        return self.equal and exact and all(value == 0.0 for value in self.weights.values())


@dataclass
class _Comparison:
    tolerance: float
    within: set[str] = field(default_factory=set)

    def metric(self, name: str, before: float | None, now: float | None) -> None:
        close = before == now
        if not close and before is not None and now is not None:
            close = isclose(before, now, rel_tol=self.tolerance, abs_tol=self.tolerance * 1e-4)
        if close:
            self.within.add(name)


def compared(
    before: RunFolder,
    now: RunFolder,
    records: tuple[Mapping[str, Any], Mapping[str, Any]],
    tolerance: float,
) -> Compared:
    """Return the comparison of a run with the one that repeats it.

    Args:
        before, now: Their folders.
        records: Fields of their records.
        tolerance: How far numbers may be apart, relatively, and count as equal.
    """
    comparison = _Comparison(tolerance)
    metrics = {}
    for name, pair in _metrics(records).items():
        comparison.metric(name, *pair)
        metrics[name] = pair
    weights: dict[str, float | str] = {}
    for name in CHECKPOINTS:
        files = [folder.checkpoint(name) for folder in (before, now)]
        if not any(file.is_file() for file in files):
            continue
        try:
            states = [load_checkpoint(file)["state_dict"] for file in files]
        except RunFolderError as error:
            weights[name] = str(error)
            continue
        weights[name], close = _apart(states[0], states[1], tolerance)
        if close:
            comparison.within.add(name)
    status = (str(records[0].get("status")), str(records[1].get("status")))
    return Compared(metrics, weights, frozenset(comparison.within), status)


def _metrics(
    records: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> dict[str, tuple[float | None, float | None]]:
    """Return recorded and repeated metrics of the last epoch, then those of the best.

    The latter not where the best epoch is the last one.
    """
    columns = []
    kept: Any = [record.get("checkpoints") or {} for record in records]
    epochs = [[(states.get(name) or {}).get("epoch") for name in CHECKPOINTS] for states in kept]
    same = all(best == last for best, last in epochs)
    for record, states in zip(records, kept, strict=True):
        best = {} if same else (states.get("best") or {}).get("metrics") or {}
        titled = {f"best {name}": value for name, value in best.items()}
        columns.append({**(record.get("metrics") or {}), **titled})
    names = dict.fromkeys(name for column in columns for name in column)
    return {name: (columns[0].get(name), columns[1].get(name)) for name in names}


def _apart(before: Any, now: Any, tolerance: float) -> tuple[float | str, bool]:
    """Return how far two state_dicts are apart at most, and whether that is within a tolerance."""
    import torch

    if before.keys() != now.keys():
        return "other parameters", False
    largest, close = 0.0, True
    for name, first in before.items():
        second = now[name]
        if not isinstance(first, torch.Tensor) or not isinstance(second, torch.Tensor):
            return f"{name} is no tensor", False
        if first.shape != second.shape or first.dtype != second.dtype:
            return f"{name} has another shape or type", False
        if _same_bits(first, second):
            continue
        apart = (first.double() - second.double()).abs()
        # Where one is no number, nothing is near it.
        largest = max(largest, float(apart.nan_to_num(nan=torch.inf).max()))
        close &= tolerance > 0 and torch.allclose(
            first.double(), second.double(), rtol=tolerance, atol=tolerance * 1e-2
        )
    return largest, close


def _same_bits(first: Any, second: Any) -> bool:
    import torch

    if torch.equal(first, second):
        return True
    if not first.is_floating_point():
        return False
    both = first.isnan() & second.isnan()
    return bool(((first == second) | both).all())
