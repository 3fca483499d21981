"""Logging of the learning rate."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from seedbed.callbacks.training_state import state_of
from seedbed.training.metrics import LEARNING_RATE


class LearningRate(Callback):
    """Callback that logs, with the metrics of an epoch, its learning rate at the start."""

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the learning rate to what the module logs at the end of the epoch."""
        groups = trainer.optimizers[0].param_groups if trainer.optimizers else []
        if groups:  # A LightningModule of the user's may have no optimizer.
            state_of(pl_module).also_logged[LEARNING_RATE] = float(groups[0]["lr"])
