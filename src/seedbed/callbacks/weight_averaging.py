"""Averaging of weights over the last epochs, in runs that may be taken up in any step."""

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import StochasticWeightAveraging as LightningAveraging


class StochasticWeightAveraging(LightningAveraging):
    """Lightning's stochastic weight averaging, which goes on where a run is taken up.

    Lightning's own waits for the next epoch, forgets its schedule if the run is interrupted before
    that, and sets the learning rates to those that the schedule began with.

    Takes the arguments of pytorch_lightning.callbacks.StochasticWeightAveraging.
    """

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go on with the schedule of the averaging, where it had begun."""
        begun = self._scheduler_state is not None
        if not begun or not self.swa_start <= trainer.current_epoch <= self.swa_end:
            return
        groups = trainer.optimizers[0].param_groups
        kept = [{key: group[key] for key in group if key != "params"} for group in groups]
        self.on_train_epoch_start(trainer, pl_module)
        for group, options in zip(groups, kept, strict=True):
            group.update(options)

    def state_dict(self) -> dict[str, Any]:
        """Return average and schedule, also those that were loaded and are not in use yet."""
        state = super().state_dict()
        if self._swa_scheduler is None:
            state["scheduler_state"] = self._scheduler_state
        if self.n_averaged is None:
            state["n_averaged"] = self._init_n_averaged
        return state
