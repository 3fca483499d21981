"""Functions of their own parameters, for minimization without data.

A function of the user's is made in the same way: a module whose parameters start where the descent
is to start, and whose `forward`, without arguments, returns the value.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Parabola(nn.Module):
    """f(x) = quadratic x^2 + linear x + constant, from `start`."""

    def __init__(self, start: float, quadratic: float, linear: float, constant: float) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor(float(start), dtype=torch.float64))
        self.quadratic = quadratic
        self.linear = linear
        self.constant = constant

    def forward(self) -> Tensor:
        """Return f, a scalar."""
        return self.quadratic * self.x**2 + self.linear * self.x + self.constant


class Bowl(nn.Module):
    """f(x, y) = steepness_x (x - centre_x)^2 + steepness_y (y - centre_y)^2, from `start`."""

    def __init__(
        self, start: Sequence[float], centre: Sequence[float], steepness: Sequence[float]
    ) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor(float(start[0]), dtype=torch.float64))
        self.y = nn.Parameter(torch.tensor(float(start[1]), dtype=torch.float64))
        self.centre = tuple(centre)
        self.steepness = tuple(steepness)

    def forward(self) -> Tensor:
        """Return f, a scalar."""
        along_x = self.steepness[0] * (self.x - self.centre[0]) ** 2
        along_y = self.steepness[1] * (self.y - self.centre[1]) ** 2
        return along_x + along_y
