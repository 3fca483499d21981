"""Logging of the learning rate."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from seedbed.training.metrics import LEARNING_RATE


class LearningRate(Callback):
    """Callback that logs, with the metrics of an epoch, its learning rate at the start."""

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the learning rate to what the module logs at the end of the epoch."""
        rate = float(trainer.optimizers[0].param_groups[0]["lr"])
        pl_module.also_logged[LEARNING_RATE] = rate  # type: ignore[index,operator]
