"""Functions of their own parameters, for minimization without data.

A function of the user's is such a module too: its parameters start where the minimization starts,
and `forward`, without arguments, returns the value of the function.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Parabola(nn.Module):
    """Quadratic function of one variable, f(x) = quadratic x^2 + linear x + constant, in float64.

    Args:
        start: Initial value of x.
        quadratic: Coefficient of x^2.
        linear: Coefficient of x.
        constant: Constant term.
    """

    def __init__(self, start: float, quadratic: float, linear: float, constant: float) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor(float(start), dtype=torch.float64))
        self.quadratic = quadratic
        self.linear = linear
        self.constant = constant

    def forward(self) -> Tensor:
        """Return f(x), a scalar."""
        return self.quadratic * self.x**2 + self.linear * self.x + self.constant


class Bowl(nn.Module):
    """Quadratic function f(x, y) = a (x - x0)^2 + b (y - y0)^2, in float64.

    Args:
        start: Initial values of x and y.
        centre: The minimum, (x0, y0).
        steepness: The coefficients (a, b).
    """

    def __init__(
        self, start: Sequence[float], centre: Sequence[float], steepness: Sequence[float]
    ) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor(float(start[0]), dtype=torch.float64))
        self.y = nn.Parameter(torch.tensor(float(start[1]), dtype=torch.float64))
        self.centre = tuple(centre)
        self.steepness = tuple(steepness)

    def forward(self) -> Tensor:
        """Return f(x, y), a scalar."""
        along_x = self.steepness[0] * (self.x - self.centre[0]) ** 2
        along_y = self.steepness[1] * (self.y - self.centre[1]) ** 2
        return along_x + along_y
