"""Ranges and grids of points at which a figure evaluates a model."""

import torch
from torch import Tensor


def padded_range(values: Tensor, margin: float = 0.05) -> tuple[float, float]:
    """Return the range of the values, widened at both ends by a fraction of its width.

    Args:
        values: Finite numbers of any shape.
        margin: Fraction of the range added at each end; of 1 where all values are equal.
    """
    low, high = float(values.min()), float(values.max())
    padding = margin * (high - low or 1.0)
    return low - padding, high + padding


def grid_points(x: Tensor, y: Tensor) -> Tensor:
    """Return the points of a grid over x (n,) and y (m,), shape (m n, 2), with x running fastest.

    Values at these points, viewed as (m, n), are the rows and columns of a contour plot.
    """
    return torch.cartesian_prod(y, x).flip(1)
