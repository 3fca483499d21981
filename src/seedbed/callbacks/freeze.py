"""Keep parameters as they are, for the whole run or for its first epochs."""

from collections.abc import Sequence

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from torch import nn


class Freeze(Callback):
    """Takes the gradient from the named parameters until an epoch, or for good.

    The optimizer holds them all the same: it leaves a parameter without a gradient as it is, weight
    decay included, and takes it up when it thaws.
    """

    def __init__(self, names: Sequence[str], until_epoch: int | None = None) -> None:
        self.names = list(names)
        self.until_epoch = until_epoch

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Freeze before the optimizer is made."""
        self._set(pl_module, trainer.current_epoch)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take up an interrupted epoch as it was."""
        self._set(pl_module, trainer.current_epoch)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Thaw in the epoch that the config names."""
        self._set(pl_module, trainer.current_epoch)

    def _set(self, pl_module: pl.LightningModule, epochs_done: int) -> None:
        thawed = self.until_epoch is not None and epochs_done + 1 >= self.until_epoch
        net = pl_module.net
        assert isinstance(net, nn.Module)
        for name in self.names:
            net.get_parameter(name).requires_grad_(thawed)
