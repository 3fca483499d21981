"""Affine scaling of inputs or targets, fitted to the training rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import torch
from torch import Tensor

from seedbed.errors import RunFolderError
from seedbed.reading.json_files import converted


class _Plain(TypedDict):
    """Scaling as plain values: numbers, or nested lists of them."""

    shift: Any
    scale: Any


@dataclass(frozen=True)
class Scaling:
    """Map v -> (v - shift) / scale, by column.

    Attributes:
        shift: what is subtracted, float64, of a shape that broadcasts with one row.
        scale: what is divided by, float64, of the same shape; nowhere 0.
    """

    shift: Tensor
    scale: Tensor

    @classmethod
    def by_factor(cls, factor: float) -> "Scaling":
        """Return the scaling that multiplies by a factor other than 0."""
        return cls(
            torch.zeros((), dtype=torch.float64), torch.tensor(1.0 / factor, dtype=torch.float64)
        )

    def apply(self, values: Tensor) -> Tensor:
        """Return values (rows, ...) scaled, in their own type and on their device."""
        return (values - self.shift.to(values)) / self.scale.to(values)

    def undo(self, values: Tensor) -> Tensor:
        """Return scaled values (rows, ...) in their own units."""
        return values * self.scale.to(values) + self.shift.to(values)

    @property
    def factor(self) -> float | None:
        """The factor that all values are multiplied by; None where they are not scaled alike."""
        if self.scale.numel() == 1 and not self.shift.any():
            return 1.0 / float(self.scale)
        return None

    @classmethod
    def from_plain(cls, plain: Any, source: object) -> "Scaling":
        """Return what `to_plain` has returned; raises RunFolderError for anything else."""
        content = converted(source, plain, _Plain)
        try:
            shift, scale = (
                torch.tensor(content[name], dtype=torch.float64) for name in ("shift", "scale")
            )
        except (TypeError, ValueError, RuntimeError):
            raise RunFolderError(f"{source}: shift and scale are no tables of numbers") from None
        usable = shift.isfinite().all() and scale.isfinite().all() and (scale != 0).all()
        if shift.dim() > 4 or scale.dim() > 4 or not usable:
            raise RunFolderError(f"{source}: numbers that cannot be used")
        return cls(shift, scale)

    def require_fit(self, shape: Sequence[int], source: object) -> None:
        """Raise RunFolderError where it cannot scale values of this shape."""
        for numbers in (self.shift, self.scale):
            pairs = zip(reversed(numbers.shape), reversed(shape), strict=False)
            if numbers.dim() > len(shape) or any(own not in (1, size) for own, size in pairs):
                raise RunFolderError(
                    f"{source}: of shape {list(numbers.shape)}, for values of {list(shape)}"
                )

    def to_plain(self) -> dict[str, Any]:
        """Return shift and scale as plain numbers, or nested lists of them."""
        return {"shift": self.shift.tolist(), "scale": self.scale.tolist()}


def fitted(kind: str, values: Tensor) -> Scaling:
    """Return the scaling of a kind that the values (rows, ...) of the training rows ask for.

    Args:
        kind: `standard`, mean 0 and standard deviation 1 (of the population, as scikit-learn's
            StandardScaler has it); `min_max`, from 0 to 1; `robust`, median 0 and a distance of 1
            between the quartiles (RobustScaler); `max`, divided by the largest absolute value of
            all columns.
        values: (rows, columns), each column scaled for itself; of images (rows, channels, height,
            width) each channel.

    Columns that are constant are shifted only.
    """
    values = values.double()
    if kind == "max":
        return Scaling(torch.zeros((), dtype=torch.float64), values.abs().max())
    axes = [0, 2, 3] if values.dim() == 4 else [0]
    if kind == "standard":
        shift = values.mean(axes, keepdim=True)
        scale = values.std(axes, correction=0, keepdim=True)
    elif kind == "min_max":
        shift = values.amin(axes, keepdim=True)
        scale = values.amax(axes, keepdim=True) - shift
    else:
        quartiles = np.quantile(values.numpy(), (0.25, 0.5, 0.75), axis=tuple(axes), keepdims=True)
        low, shift, high = torch.from_numpy(quartiles).unbind()
        scale = high - low
    # What rounding leaves of a constant column is no spread.
    constant = scale <= 1e-13 * values.abs().amax(axes, keepdim=True)
    return Scaling(shift[0], scale.masked_fill(constant, 1.0)[0])
