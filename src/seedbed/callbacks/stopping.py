"""Rules that end the training when it has arrived, looked at after every epoch."""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch.optim import Optimizer


class StoppingRule(Callback):
    """Stops the training after the first epoch, from `min_epochs` on, that has arrived.

    `stopped` then says why.
    """

    def __init__(self, min_epochs: int = 1) -> None:
        self.min_epochs = min_epochs
        self.stopped = ""

    def arrived(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> str:
        """Return why the training is done, or nothing."""
        raise NotImplementedError

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Ask Lightning to stop where the rule says so."""
        epoch = trainer.current_epoch + 1
        if epoch < self.min_epochs:
            return
        reason = self.arrived(trainer, pl_module)
        if trainer.strategy.reduce_boolean_decision(bool(reason), all=False):
            self.stopped = f"after epoch {epoch}: {reason}"
            trainer.should_stop = True


class LossConverged(StoppingRule):
    """The loss of the last step is at most `max_loss`, and within `max_change` of the step before.

    Both are losses of a batch before its update.
    """

    def __init__(self, min_epochs: int, max_change: float, max_loss: float) -> None:
        super().__init__(min_epochs)
        self.max_change = max_change
        self.max_loss = max_loss

    def arrived(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> str:
        """Compare the losses of the last two steps."""
        losses: list[torch.Tensor] = list(pl_module.step_losses)  # type: ignore[arg-type]
        if len(losses) < 2:
            return ""
        mean = trainer.strategy.reduce(torch.stack(losses).double(), reduce_op="mean")
        assert isinstance(mean, torch.Tensor)
        before, last = mean.tolist()
        if last > self.max_loss or abs(last - before) > self.max_change:
            return ""
        return f"the loss is {last:.6g}, {abs(last - before):.2g} from the step before"


class GradientConverged(StoppingRule):
    """The learning rate times the gradient is at most `tolerance` for every number.

    The gradient is that of the last step, as the optimizer got it.
    """

    def __init__(self, min_epochs: int, tolerance: float) -> None:
        super().__init__(min_epochs)
        self.tolerance = tolerance
        self._rates: list[float] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the rates of every step: by the end of the epoch a schedule has changed them."""
        trainer.optimizers[0].register_step_pre_hook(self._note_rates)

    def _note_rates(self, optimizer: Optimizer, *args: Any) -> None:
        self._rates = [float(group["lr"]) for group in optimizer.param_groups]

    def arrived(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> str:
        """Look for the largest scaled gradient."""
        groups = trainer.optimizers[0].param_groups
        scaled = [
            rate * float(parameter.grad.abs().max())
            for rate, group in zip(self._rates, groups, strict=True)
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        # A gradient that is not a number has not arrived either.
        if not all(largest <= self.tolerance for largest in scaled):
            return ""
        return f"the largest scaled gradient is {max(scaled):.2g}"
