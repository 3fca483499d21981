"""Parts of the training: a loss, a metric, an optimizer, a schedule and a callback."""

from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torchmetrics import Metric


class Focal(nn.Module):
    """Focal loss of one logit (Lin et al., "Focal loss for dense object detection", 2017).

    Args:
        gamma: How much less a row counts that is classified well; 0 is the cross-entropy.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        losses = functional.binary_cross_entropy_with_logits(output, target, reduction="none")
        return (losses * (1.0 - (-losses).exp()) ** self.gamma).mean()


class BrierScore(Metric):
    """Mean squared distance of the probability from what was the case."""

    higher_is_better = False

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("rows", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, probability: Tensor, target: Tensor) -> None:
        self.total += (probability - target).square().sum()
        self.rows += len(target)

    def compute(self) -> Tensor:
        return self.total / self.rows


class Lion(Optimizer):
    """Lion (Chen et al., "Symbolic discovery of optimization algorithms", 2023).

    Args:
        params: Parameters.
        lr: Learning rate.
        beta1, beta2: Shares of the running mean in a step, and in itself.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.99
    ) -> None:
        super().__init__(params, {"lr": lr, "beta1": beta1, "beta2": beta2})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                mean = self.state[parameter].setdefault("mean", torch.zeros_like(parameter))
                direction = torch.lerp(parameter.grad, mean, group["beta1"]).sign()
                parameter.sub_(direction, alpha=group["lr"])
                mean.lerp_(parameter.grad, 1.0 - group["beta2"])
        return loss


class Harmonic(LRScheduler):
    """Learning rate divided by 1 + slope x intervals.

    Args:
        optimizer: Optimizer whose learning rate it is.
        slope: How fast it falls.
    """

    def __init__(self, optimizer: Optimizer, slope: float = 0.1) -> None:
        self.slope = slope
        super().__init__(optimizer)

    def get_lr(self) -> list[float]:
        return [rate / (1.0 + self.slope * self.last_epoch) for rate in self.base_lrs]


class WeightNorm(pl.Callback):
    """Callback that logs the norm of all weights after each epoch."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        weights = [parameter.detach() for parameter in pl_module.parameters()]
        pl_module.log("weight_norm", torch.nn.utils.get_total_norm(weights))
