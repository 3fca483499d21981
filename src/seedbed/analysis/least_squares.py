"""The exact solution of a linear regression, in float64 on the CPU."""

import torch
from torch import Tensor

from seedbed.models.linear_map import LinearMap


def least_squares(inputs: Tensor, targets: Tensor, bias: bool = True) -> LinearMap:
    """Return the line of the lowest mean squared error; of several the one of least norm.

    inputs: (rows, *input_shape). targets: (rows, targets). Solved by singular values (LAPACK's
    gelsd), so that inputs that depend on each other do no harm.
    """
    rows = inputs.double().cpu().flatten(1)
    wanted = targets.double().cpu()
    features = rows.shape[1]
    if bias:
        rows = torch.cat((rows, torch.ones(len(rows), 1, dtype=torch.float64)), dim=1)
    solution = torch.linalg.lstsq(rows, wanted, driver="gelsd").solution.T
    zeros = torch.zeros(wanted.shape[1], dtype=torch.float64)
    return LinearMap(solution[:, :features], solution[:, features] if bias else zeros)
