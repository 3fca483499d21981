"""Sample weights: how much the loss of a row counts."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from seedbed.errors import DoesNotFit


def require_weights(name: str | None, column: Any, whose: str) -> Tensor:
    """Return a column of sample weights as float64, (rows,).

    Args:
        name: Name of the column; None for weights that a dataset brings.
        column: The weights.
        whose: The rows, in messages.

    Raises:
        DoesNotFit: They are no numbers, not one a row, not finite, below 0, or all 0.
    """
    values = column.to_numpy() if hasattr(column, "to_numpy") else np.asarray(column)
    where = "the sample weights" if name is None else f"data.weight={name}"
    try:
        weights = values.astype(np.float64)
    except (TypeError, ValueError):
        raise DoesNotFit(f"{where}: a weight is a number, and {_first_word(values)}") from None
    if weights.ndim != 1:
        raise DoesNotFit(f"{where}: it has {list(values.shape[1:])} values a row, not one")
    for wrong, what in ((~np.isfinite(weights), "is not finite"), (weights < 0, "is below 0")):
        rows = wrong.nonzero()[0]
        if len(rows):
            more = f", and {len(rows) - 1:,} more" if len(rows) > 1 else ""
            raise DoesNotFit(
                f"{where}: the weight of row {rows[0]} (counted from 0) of {whose} {what}: "
                f"{weights[rows[0]]:g}{more}"
            )
    if not weights.any():
        raise DoesNotFit(f"{where}: all {len(weights):,} weights of {whose} are 0")
    return torch.from_numpy(weights)


def _first_word(values: np.ndarray) -> str:
    for row, value in enumerate(values.tolist()):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"row {row} (counted from 0) has {value!r}"
    return "these are not"
