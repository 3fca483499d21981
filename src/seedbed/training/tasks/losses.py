"""Losses by rows and by the weights of rows and classes, under torch.func.vmap as well.

`reduction` is `mean`, the mean over all elements, or `none`.
"""

import torch
from torch import Tensor
from torch.nn import functional


def weighted_mean(losses: Tensor, weight: Tensor, total: Tensor | None = None) -> Tensor:
    """Return sum(w l) / sum(w), a scalar; 0 where no row weighs anything.

    Args:
        losses: Loss of each row, (rows,), or of each element of a row, (rows, ...).
        weight: Weight of each row, (rows,), at least 0.
        total: What the sum is divided by, a scalar; None (default): the sum of the weights.
    """
    per_row = losses.flatten(1).mean(dim=1) if losses.dim() > 1 else losses
    weight = weight.to(per_row.dtype)
    total = weight.sum() if total is None else total.to(per_row.dtype)
    return (weight * per_row).sum() / torch.where(total == 0, 1.0, total)


# torch's functions take no tensors as numbers: for these, their formulas.


def huber(output: Tensor, target: Tensor, delta: float | Tensor, reduction: str) -> Tensor:
    """Return the Huber loss: error^2 / 2 up to `delta`, delta (|error| - delta / 2) beyond."""
    if not isinstance(delta, Tensor):
        return functional.huber_loss(output, target, delta=delta, reduction=reduction)
    error = (output - target).abs()
    squared = torch.minimum(error, delta.to(error.dtype))
    return _reduced(squared * (error - 0.5 * squared), reduction)


def binary_cross_entropy(
    logits: Tensor, target: Tensor, class_weights: Tensor | None, reduction: str
) -> Tensor:
    """Return the binary cross-entropy of logits (rows,); each class's term times its weight.

    Args:
        logits: Logits, (rows,).
        target: Classes, or probabilities of class 1, (rows,).
        class_weights: Weights of both classes, (2,); None: each is 1.
        reduction: As above.
    """
    target = target.to(logits.dtype)
    if class_weights is None:
        return functional.binary_cross_entropy_with_logits(logits, target, reduction=reduction)
    negative, positive = class_weights.to(logits).unbind()
    losses = -positive * target * functional.logsigmoid(logits)
    losses = losses - negative * (1.0 - target) * functional.logsigmoid(-logits)
    return _reduced(losses, reduction)


def cross_entropy(
    logits: Tensor,
    target: Tensor,
    smoothing: float | Tensor,
    class_weights: Tensor | None,
    reduction: str,
) -> Tensor:
    """Return the cross-entropy with label smoothing; each class's term times its weight.

    Args:
        logits: Logits, (rows, classes).
        target: Classes (rows,), or the probability of each, (rows, classes).
        smoothing: Probability that is spread evenly over all classes.
        class_weights: Weight of each class, (classes,); None: each is 1.
        reduction: As above.
    """
    if class_weights is None and not isinstance(smoothing, Tensor):
        return functional.cross_entropy(
            logits, target, label_smoothing=smoothing, reduction=reduction
        )
    log_probability = functional.log_softmax(logits, dim=-1)
    if class_weights is not None:
        log_probability = log_probability * class_weights.to(logits)
    if target.is_floating_point():
        right = _reduced(-(target * log_probability).sum(dim=-1), reduction)
    else:
        right = functional.nll_loss(log_probability, target, reduction=reduction)
    spread = _reduced(-log_probability.mean(dim=-1), reduction)
    smoothing = torch.as_tensor(smoothing, dtype=logits.dtype, device=logits.device)
    # Without smoothing, a class of probability 0 has no part in it: 0 times infinity is no number.
    return torch.where(smoothing == 0, right, (1.0 - smoothing) * right + smoothing * spread)


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    return losses.mean() if reduction == "mean" else losses
