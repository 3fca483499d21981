"""Early stopping by a metric that no longer improves."""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping as LightningEarlyStopping
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason
from torch import Tensor

from seedbed.callbacks.training_state import state_of
from seedbed.config.metrics import is_of_validation
from seedbed.errors import ConfigError, listed, nearest
from seedbed.training.early_stopping import early_stopping_reason, measured_by


class EarlyStopping(LightningEarlyStopping):
    """Lightning's early stopping, by what holds after the epoch in which it stops.

    Lightning's own remembers a stop that `trainer.min_epochs` forbids, and stops then whatever has
    become of the metric. This one only counts until then. A metric of the training rows is looked
    at after every epoch, one of the validation rows after every validation.

    Takes the arguments of pytorch_lightning.callbacks.EarlyStopping.
    """

    def __init__(self, *args: Any, **keys: Any) -> None:
        super().__init__(*args, **keys)
        self._too_early = False
        self._unit = "epoch"

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Count what the metric is measured by."""
        self._check_on_train_epoch_end = not is_of_validation(str(self.monitor))
        every = trainer.check_val_every_n_epoch or 1
        self._unit = measured_by(str(self.monitor), every)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what was counted; how long to wait is what the run says now."""
        patience = self.patience
        super().load_state_dict(state_dict)
        self.patience = patience

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop at once where a run goes on that this has stopped, and would stop again."""
        if self.stopping_reason is EarlyStoppingReason.NOT_STOPPED:
            return
        early = trainer.current_epoch < (trainer.min_epochs or 0)
        value = state_of(pl_module).epoch_metrics.get(self.monitor)
        if not early and (value is None or self._holds(torch.tensor(value))):
            trainer.should_stop = True
        else:
            self.stopping_reason = EarlyStoppingReason.NOT_STOPPED
            self.stopping_reason_message, self.stopped_epoch = None, 0

    def _holds(self, value: Tensor) -> bool:
        """Return whether what has stopped training would stop it now, at a value of the metric."""
        thresholds = {
            EarlyStoppingReason.STOPPING_THRESHOLD: self.stopping_threshold,
            EarlyStoppingReason.DIVERGENCE_THRESHOLD: self.divergence_threshold,
        }
        if self.stopping_reason in thresholds:
            threshold = thresholds[self.stopping_reason]
            is_stopping = self.stopping_reason is EarlyStoppingReason.STOPPING_THRESHOLD
            if threshold is None:
                return False
            return bool(self.monitor_op(value, threshold)) == is_stopping
        if self.stopping_reason is EarlyStoppingReason.NON_FINITE_METRIC:
            return bool(self.check_finite)
        return bool(self.wait_count >= self.patience)

    def _validate_condition_metric(self, logs: dict[str, Tensor]) -> bool:
        if self.monitor not in logs:
            logged = listed(sorted(logs), 30)
            hint = nearest(str(self.monitor), logs)
            raise ConfigError(
                f"early stopping: '{self.monitor}' is not logged.{hint} Logged: {logged}"
            )
        return True

    def _run_early_stopping_check(self, trainer: pl.Trainer) -> None:
        self._too_early = trainer.current_epoch + 1 < (trainer.min_epochs or 0)
        super()._run_early_stopping_check(trainer)

    def _evaluate_stopping_criteria(self, current: Tensor) -> tuple[bool, str | None]:
        stops, reason = super()._evaluate_stopping_criteria(current)
        if stops and self._too_early:
            self.stopping_reason = EarlyStoppingReason.NOT_STOPPED
            return False, None
        return stops, reason


def why_stopped(callback: LightningEarlyStopping) -> str | None:
    """Return why early stopping ended the run, and after which epoch; None where it did not."""
    why, epoch, monitor = callback.stopping_reason, callback.stopped_epoch + 1, callback.monitor
    if why is EarlyStoppingReason.NOT_STOPPED:
        return None
    if why in (EarlyStoppingReason.STOPPING_THRESHOLD, EarlyStoppingReason.DIVERGENCE_THRESHOLD):
        name = why.name.lower()
        return f"after epoch {epoch}: {monitor} has reached {name} {getattr(callback, name):g}"
    finite = why is not EarlyStoppingReason.NON_FINITE_METRIC
    waited = max(callback.patience, callback.wait_count)
    unit = getattr(callback, "_unit", "epoch")
    return early_stopping_reason(epoch, str(monitor), waited, finite, unit)
