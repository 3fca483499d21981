"""LightningModules as users write them, which the tests name by `module._target_`."""

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

Batch = tuple[Tensor, Tensor]


class Line(pl.LightningModule):
    """A line that minimizes half of the squared error, with its own optimizer and schedule."""

    def __init__(self, lr: float = 0.1, width: int = 1, net: nn.Module | None = None) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["net"])
        self.net = net or nn.Linear(width, 1)
        self.lr = lr

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.net(inputs)
        return outputs

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        loss = 0.5 * functional.mse_loss(self(batch[0]), batch[1])
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.log("val/loss", 0.5 * functional.mse_loss(self(batch[0]), batch[1]))

    def configure_optimizers(self) -> object:
        optimizer = torch.optim.SGD(self.parameters(), lr=self.lr)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]


class Underscored(Line):
    """One that calls its metrics as Lightning's own examples do, and logs one at steps alone."""

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        loss = functional.mse_loss(self(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.log("val_loss", functional.mse_loss(self(batch[0]), batch[1]))

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        self.log("test_error", functional.l1_loss(self(batch[0]), batch[1]))


class TwoOptimizers(Line):
    """One that steps by hand: the weight by one optimizer, the bias by another."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        loss = functional.mse_loss(self(batch[0]), batch[1])
        optimizers = self.optimizers()
        for optimizer in optimizers:
            optimizer.zero_grad()
        self.manual_backward(loss)
        for optimizer in optimizers:
            optimizer.step()
        self.log("train/loss", loss, on_step=False, on_epoch=True)

    def configure_optimizers(self) -> object:
        rates = {self.net.weight: 0.1, self.net.bias: 0.01}
        return [torch.optim.SGD([parameter], lr=rate) for parameter, rate in rates.items()]


class Diverging(Line):
    """One whose loss is no number in its third step."""

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        loss = super().training_step(batch, batch_idx)
        return loss * float("nan") if self.global_step == 2 else loss


class WithoutOptimizer(pl.LightningModule):
    """One that is not done."""

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        return batch[0].sum()


class KeepingItsNet(Line):
    """One that saves its network among its hyperparameters, against Lightning's advice."""

    def __init__(self, net: nn.Module, width: int = 1) -> None:
        super().__init__(net=net, width=width)
        self.save_hyperparameters()


class Predicting(Line):
    """One that predicts by a step of its own."""

    def predict_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        return 100.0 + self(batch)


class Lion(torch.optim.Optimizer):
    """Lion (Chen et al., "Symbolic discovery of optimization algorithms", 2023)."""

    def __init__(self, params: object, lr: float = 1e-4, beta: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "beta": beta})

    @torch.no_grad()
    def step(self, closure: object = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                mean = self.state[parameter].setdefault("mean", torch.zeros_like(parameter))
                mean.lerp_(parameter.grad, 1.0 - group["beta"])
                parameter.sub_(group["lr"] * mean.sign())


class Harmonic(torch.optim.lr_scheduler.LRScheduler):
    """Learning rate that falls as 1 / (1 + slope x intervals)."""

    def __init__(self, optimizer: torch.optim.Optimizer, slope: float = 1.0) -> None:
        self.slope = slope
        super().__init__(optimizer)

    def get_lr(self) -> list[float]:
        return [rate / (1.0 + self.slope * self.last_epoch) for rate in self.base_lrs]
