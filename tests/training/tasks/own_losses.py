"""Losses of a user's own."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Focal(nn.Module):
    """Focal loss of a binary task; it takes the weights of rows."""

    def __init__(self, gamma: float = 1.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        losses = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        probability = torch.sigmoid(logits)
        right = probability * target + (1 - probability) * (1 - target)
        losses = (1 - right) ** self.gamma * losses
        return losses.mean() if weight is None else (weight * losses).sum() / weight.sum()


def quantile(output: Tensor, target: Tensor, share: float = 0.9) -> Tensor:
    error = target - output
    return torch.maximum(share * error, (share - 1) * error).mean()


def by_rows(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).square()


def a_float(output: Tensor, target: Tensor) -> float:
    return float((output - target).square().mean())


def hard(output: Tensor, target: Tensor) -> Tensor:
    return ((output > 0).float() - target).abs().mean()


def of_three(output: Tensor, target: Tensor, third: Tensor) -> Tensor:
    return output.mean()


class Learns(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        return self.scale * (output - target).square().mean()


class Counting(nn.Module):
    """A loss that changes with the number of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        self.calls += 1
        return (output - target).square().mean() / self.calls
