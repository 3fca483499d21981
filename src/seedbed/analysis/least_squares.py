"""Exact solution of a linear regression."""

import torch
from torch import Tensor

from seedbed.models.linear_map import LinearMap


def least_squares(
    inputs: Tensor, targets: Tensor, bias: bool = True, weights: Tensor | None = None
) -> LinearMap:
    """Return the linear map of the lowest mean squared error; of several, that of least norm.

    Solved in float64 on the CPU by a singular value decomposition (LAPACK's gelsd), so that
    collinear inputs do no harm.

    Args:
        inputs: Inputs, (rows, *input_shape).
        targets: Targets, (rows, targets).
        bias: Whether the map has a bias.
        weights: Weight of each row's error, (rows,); None (default): all alike.
    """
    rows = inputs.double().cpu().flatten(1)
    outputs = targets.double().cpu()
    features = rows.shape[1]
    if bias:
        rows = torch.cat((rows, torch.ones(len(rows), 1, dtype=torch.float64)), dim=1)
    if weights is not None:
        roots = weights.double().cpu().sqrt().unsqueeze(1)
        rows, outputs = roots * rows, roots * outputs
    solution = torch.linalg.lstsq(rows, outputs, driver="gelsd").solution.T
    zeros = torch.zeros(outputs.shape[1], dtype=torch.float64)
    return LinearMap(solution[:, :features], solution[:, features] if bias else zeros)
