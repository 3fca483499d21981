"""Freezing of parameters, for the whole run or its first epochs."""

from collections.abc import Sequence

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from torch import nn


class Freeze(Callback):
    """Callback that freezes parameters: it clears `requires_grad` until a given epoch, or for good.

    The optimizer holds frozen parameters too, but skips those without a gradient, weight decay
    included.

    Args:
        names: Names of the parameters.
        until_epoch: Epoch (from 1) that unfreezes the parameters; None (default) for never.
    """

    def __init__(self, names: Sequence[str], until_epoch: int | None = None) -> None:
        self.names = list(names)
        self.until_epoch = until_epoch

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Freeze the parameters before the optimizer is built."""
        self._set(pl_module, trainer.current_epoch)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the state of a resumed epoch."""
        self._set(pl_module, trainer.current_epoch)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Unfreeze the parameters in the given epoch."""
        self._set(pl_module, trainer.current_epoch)

    def _set(self, pl_module: pl.LightningModule, epochs_done: int) -> None:
        trained = self.until_epoch is not None and epochs_done + 1 >= self.until_epoch
        net = pl_module.net
        assert isinstance(net, nn.Module)
        for name in self.names:
            net.get_parameter(name).requires_grad_(trained)
