"""Numbers of optimizer, loss and clipping that change at given epochs, as those of a population."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from torch.optim import Optimizer

from seedbed.callbacks.training_state import state_of
from seedbed.config.scheduled_numbers import CLIP, RATE, values_at


class ScheduledNumbers(Callback):
    """Callback that gives a run other numbers from given epochs on.

    The learning rate is the one before the run's own schedule, whose factor stays.

    Args:
        schedule: Entries `{epoch, values}`; the first is of epoch 0, and the run begins with it.
    """

    def __init__(self, schedule: Sequence[Mapping[str, Any]]) -> None:
        self.schedule = list(schedule)
        self._began = values_at(schedule, 0)
        self._rates: _ScaledRates | None = None
        self._unscaled: list[float] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give a run that goes on the numbers of the epoch that it is in."""
        if trainer.lr_scheduler_configs and RATE in self._began:
            [entry] = trainer.lr_scheduler_configs
            rates: Any = _ScaledRates(entry.scheduler, trainer.optimizers[0], self._unscaled)
            self._rates = entry.scheduler = rates
        self._set(trainer, pl_module)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Change the numbers where an entry begins."""
        self._set(trainer, pl_module)

    def _set(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        values = values_at(self.schedule, trainer.current_epoch)
        [optimizer] = trainer.optimizers
        for key, value in values.items():
            group, _, name = key.partition(".")
            if key == RATE and self._rates is not None:
                began = optimizer.defaults["lr"]  # What its own schedule began with.
                self._rates.scale(value / began if began else 1.0)
            elif group == "optimizer":
                for options in optimizer.param_groups:
                    options[name] = tuple(value) if isinstance(value, list) else value
            elif key == CLIP:
                trainer.gradient_clip_val = value
            elif group == "task":
                module: Any = pl_module
                module.task = module.task.with_numbers({name: value})
            else:
                _set_dropout(state_of(pl_module).net, value)

    def state_dict(self) -> dict[str, Any]:
        """Return the rates of the run's own schedule: the optimizer has those that are scaled."""
        return {"rates": [] if self._rates is None else list(self._rates.unscaled)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep them until training begins."""
        self._unscaled = [float(rate) for rate in state_dict.get("rates", [])]


class _ScaledRates:
    """Schedule of the learning rate, times a factor.

    Args:
        schedule: The schedule.
        optimizer: Its optimizer.
        unscaled: Rates of the schedule itself; empty: those that the optimizer has.
    """

    def __init__(self, schedule: Any, optimizer: Optimizer, unscaled: Sequence[float]) -> None:
        self.schedule = schedule
        self.groups = optimizer.param_groups
        self.unscaled = list(unscaled) or [float(group["lr"]) for group in self.groups]
        self.factor = 1.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.schedule, name)

    def scale(self, factor: float) -> None:
        """Multiply the rates of the schedule by this factor from now on."""
        self.factor = factor
        self._apply()

    def step(self, *arguments: Any, **options: Any) -> None:
        """Let the schedule change its rates."""
        for group, rate in zip(self.groups, self.unscaled, strict=True):
            group["lr"] = rate
        self.schedule.step(*arguments, **options)
        self.unscaled = [float(group["lr"]) for group in self.groups]
        self._apply()

    def _apply(self) -> None:
        for group, rate in zip(self.groups, self.unscaled, strict=True):
            group["lr"] = rate * self.factor


def _set_dropout(net: Any, value: float) -> None:
    """Give every layer of dropout another probability."""
    for layer in net.modules():
        if hasattr(layer, "p") and "Dropout" in type(layer).__name__:
            layer.p = value
