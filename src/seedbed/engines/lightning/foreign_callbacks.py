"""Callbacks of Lightning's own: those that ours replace, and those that cannot work here."""

from importlib.util import find_spec

import pytorch_lightning as pl
from pytorch_lightning import callbacks

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import RunSpec

# Callbacks that do their work in ours.
OURS = {
    "pytorch_lightning.callbacks.EarlyStopping": "seedbed.callbacks.EarlyStopping",
    "pytorch_lightning.callbacks.early_stopping.EarlyStopping": "seedbed.callbacks.EarlyStopping",
    "pytorch_lightning.callbacks.StochasticWeightAveraging": (
        "seedbed.callbacks.StochasticWeightAveraging"
    ),
}
# What each of the others lacks, and what to do instead.
_REFUSED: dict[type, str] = {
    callbacks.BackboneFinetuning: (
        "thaws the `backbone` of a LightningModule, which there is none; "
        "freeze.parameters and freeze.until_epoch do that for any parameter"
    ),
    callbacks.ModelPruning: "renames the weights, so that no checkpoint could be loaded again",
    callbacks.BatchSizeFinder: "has no batch size to change; sweep data.batch_size instead",
    callbacks.LearningRateFinder: "has no learning rate to change; sweep optimizer.lr instead",
}
_NEED_A_LOGGER = (callbacks.LearningRateMonitor, callbacks.DeviceStatsMonitor)


def why_not(callback: pl.Callback, spec: RunSpec) -> str:
    """Return why a callback of Lightning's cannot be used in a run; empty where it can."""
    for kind, reason in _REFUSED.items():
        # A LightningModule of the user's may have a backbone.
        may = kind is callbacks.BackboneFinetuning and spec.module is not None
        if isinstance(callback, kind) and not may:
            return reason
    if isinstance(callback, _NEED_A_LOGGER) and not spec.logger:
        return "needs a logger: logger=tensorboard"
    if isinstance(callback, callbacks.DeviceStatsMonitor) and find_spec("psutil") is None:
        return "needs the package psutil, which is not installed"
    accumulates = spec.trainer.accumulate_grad_batches
    if isinstance(callback, callbacks.GradientAccumulationScheduler):
        if accumulates > 1:
            return f"and trainer.accumulate_grad_batches={accumulates} say the same; leave one out"
        if keys_of(spec.scheduler).get("interval") == "step":
            return "changes how many steps an epoch has: scheduler.interval=epoch"
    return ""
