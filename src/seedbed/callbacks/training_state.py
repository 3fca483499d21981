"""What callbacks look at and add to: the metrics of the epoch, the network, what is logged."""

from typing import Any

import pytorch_lightning as pl

# Attribute of a LightningModule of the user's that holds what Seedbed's own has itself.
COMPANION = "_seedbed_training"


def state_of(pl_module: pl.LightningModule) -> Any:
    """Return the state of the training that a module is in.

    It is a `SupervisedModule`, or the companion of a LightningModule of the user's, which has the
    same attributes: `epoch_metrics`, `also_logged`, `step_losses`, `net` and others.
    """
    return getattr(pl_module, COMPANION, pl_module)
