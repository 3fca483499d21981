"""Difference between the answers of an exported model and those of its run."""

import math

import torch
from torch import Tensor

# Of an exported model from its run.
MOST_DIFFERENCE = 1e-5


def largest_difference(exported: Tensor, run: Tensor, *, absolute: bool) -> float:
    """Return the largest difference of answers, (rows, answers); inf where nan is not in both.

    Args:
        exported: Answers of the exported model.
        run: Answers of the run.
        absolute: Whether the difference is taken as it is, as that of probabilities; else it is
            divided by the largest answer of the run of the same column, in absolute value.
    """
    if exported.shape != run.shape:
        return math.inf
    ours, theirs = exported.double(), run.double()
    unknown = theirs.isnan()
    if not torch.equal(unknown, ours.isnan()):
        return math.inf
    difference = (ours - theirs).abs().masked_fill(unknown | (ours == theirs), 0.0)
    if not absolute:
        largest = theirs.abs().masked_fill(unknown, 0.0).amax(dim=0, keepdim=True)
        difference = difference / largest.masked_fill(largest == 0, 1.0)
    return float(difference.max()) if difference.numel() else 0.0
