"""Convergence rules that stop training."""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch.optim import Optimizer

from seedbed.callbacks.training_state import state_of


class StoppingRule(Callback):
    """Callback that stops training after the first epoch in which its rule holds.

    Args:
        min_epochs: First epoch (from 1) after which the rule is checked.

    Attributes:
        stopped: Reason why training was stopped, for the record; empty if it was not.
    """

    def __init__(self, min_epochs: int = 1) -> None:
        self.min_epochs = min_epochs
        self.stopped = ""

    @property
    def state_key(self) -> str:
        """The name of its state in a checkpoint: a rule with other numbers is another one."""
        return self._generate_state_key(**self._numbers())

    def _numbers(self) -> dict[str, float]:
        """Return what the rule is told."""
        return {"min_epochs": self.min_epochs}

    def state_dict(self) -> dict[str, Any]:
        """Return why training was stopped, for the checkpoint."""
        return {"stopped": self.stopped} if self.stopped else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore why training was stopped."""
        self.stopped = str(state_dict.get("stopped", ""))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop at once where a run goes on that this rule has stopped."""
        if self.stopped and trainer.current_epoch >= (trainer.min_epochs or 0):
            trainer.should_stop = True
        else:
            self.stopped = ""

    def reason_to_stop(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> str:
        """Return why training has converged; empty if it has not."""
        raise NotImplementedError

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Ask Lightning to stop where the rule holds."""
        epoch = trainer.current_epoch + 1
        # Lightning would remember a stop that comes before its own least number of epochs.
        if epoch < max(self.min_epochs, trainer.min_epochs or 0):
            return
        reason = self.reason_to_stop(trainer, pl_module)
        if trainer.strategy.reduce_boolean_decision(bool(reason), all=False):
            self.stopped = f"after epoch {epoch}: {reason}"
            trainer.should_stop = True


class LossConverged(StoppingRule):
    """Rule that holds when the training loss is low and no longer changes.

    The losses compared are those of the last two steps, each of a batch before its update, averaged
    over devices.

    Args:
        min_epochs: As in StoppingRule.
        max_change: Largest absolute difference of the two losses.
        max_loss: Largest loss of the last step.
    """

    def __init__(self, min_epochs: int, max_change: float, max_loss: float) -> None:
        super().__init__(min_epochs)
        self.max_change = max_change
        self.max_loss = max_loss

    def _numbers(self) -> dict[str, float]:
        return {
            **super()._numbers(),
            "max_change": self.max_change,
            "max_loss": self.max_loss,
        }

    def reason_to_stop(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> str:
        """Compare the losses of the last two steps."""
        losses: list[torch.Tensor] = list(state_of(pl_module).step_losses)
        if len(losses) < 2:
            return ""
        mean = trainer.strategy.reduce(torch.stack(losses).double(), reduce_op="mean")
        assert isinstance(mean, torch.Tensor)
        previous, last = mean.tolist()
        if last > self.max_loss or abs(last - previous) > self.max_change:
            return ""
        return f"the loss is {last:.6g}, {abs(last - previous):.2g} from the step before"


class GradientConverged(StoppingRule):
    """Rule that holds when no element of the parameters would move by more than a tolerance.

    What is compared is the learning rate times the absolute gradient of the last step, after any
    clipping, of every trained element.

    Args:
        min_epochs: As in StoppingRule.
        tolerance: Largest learning rate times gradient.
    """

    def __init__(self, min_epochs: int, tolerance: float) -> None:
        super().__init__(min_epochs)
        self.tolerance = tolerance
        self._rates: list[float] = []

    def _numbers(self) -> dict[str, float]:
        return {**super()._numbers(), "tolerance": self.tolerance}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Record the learning rates of every step: a schedule changes them within an epoch."""
        super().on_train_start(trainer, pl_module)
        trainer.optimizers[0].register_step_pre_hook(self._record_rates)

    def _record_rates(self, optimizer: Optimizer, *args: Any) -> None:
        self._rates = [float(group["lr"]) for group in optimizer.param_groups]

    def reason_to_stop(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> str:
        """Compare the largest scaled gradient with the tolerance."""
        groups = trainer.optimizers[0].param_groups
        scaled = [
            rate * float(parameter.grad.abs().max())
            for rate, group in zip(self._rates, groups, strict=True)
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        # Written so that a NaN gradient does not count as converged.
        if not scaled or not all(largest <= self.tolerance for largest in scaled):
            return ""
        return f"the largest scaled gradient is {max(scaled):.2g}"
