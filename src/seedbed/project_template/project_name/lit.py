"""A LightningModule, which trains as it says itself: its own loss, optimizers and metrics."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional


class Classifier(pl.LightningModule):
    """Classifier of two classes with two learning rates: its last layer learns faster.

    Args:
        net: A network with one output, made from the option `model=`.
        lr: Learning rate.
        faster: Factor on the learning rate of the last layer.
    """

    def __init__(self, net: nn.Module, lr: float = 0.003, faster: float = 3.0) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["net"])
        self.net = net
        self.lr, self.faster = lr, faster

    def forward(self, inputs: Tensor) -> Tensor:
        return self.net(inputs)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self._measured("train", batch)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self._measured("val", batch)

    def _measured(self, split: str, batch: Any) -> Tensor:
        inputs, targets = batch
        logits = self(inputs).squeeze(-1)
        loss = functional.binary_cross_entropy_with_logits(logits, targets.float())
        right = ((logits > 0) == (targets > 0)).float().mean()
        named = {f"{split}/loss": loss, f"{split}/accuracy": right}
        self.log_dict(named, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        *others, weight, bias = self.parameters()
        last = {"params": [weight, bias], "lr": self.lr * self.faster}
        return torch.optim.Adam([{"params": others}, last], lr=self.lr)
