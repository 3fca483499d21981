"""Stopping of a trial of a search that trains by itself, by the rule of `stop`."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping

from seedbed.callbacks.training_state import state_of
from seedbed.config.metrics import PARAMETERS
from seedbed.runs.outcome import StoppedEarly
from seedbed.training.parameters import trained_count
from seedbed.training.trial_stopping.judge import Judge

_ARRAYS = ("looked", "measured", "reported", "latest", "best", "stopped")


class TrialStopping(EarlyStopping):
    """Callback that lets a judge stop the training after an epoch.

    It is an EarlyStopping to Lightning alone, which calls those when the metrics of an epoch are
    known. Of several processes the first one has the judge, and all stop with it.

    Args:
        judge: Judge of the one job; None: nothing stops it here.

    Attributes:
        stopped: how the trial was stopped; None where it was not.
    """

    def __init__(self, judge: Judge | None) -> None:
        super().__init__(monitor="")
        self.judge = judge
        self.stopped: StoppedEarly | None = None

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Nothing is monitored."""

    @property
    def state_key(self) -> str:
        """The name of its state in a checkpoint."""
        return "TrialStopping"

    def state_dict(self) -> dict[str, Any]:
        """Return what the judge has seen, and how the trial was stopped, as plain values."""
        state: dict[str, Any] = {"stopped": self.stopped}
        if self.judge is not None:
            seen = self.judge.state()
            arrays = {name: seen[name].tolist() for name in _ARRAYS}
            state["judge"] = {"epochs": seen["epochs"], **arrays}
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what was seen; raises ValueError where it is not of such a trial."""
        seen = state_dict.get("judge")
        if self.judge is None or seen is None:
            return
        looks, watched = len(seen["epochs"]), len(self.judge.watched)
        shapes: dict[str, tuple[int, ...]] = {"reported": (1, looks), "stopped": (1,)}
        shapes |= dict.fromkeys(("looked", "measured"), (1, looks, watched))
        kinds = {"reported": bool, "stopped": np.int64}
        arrays = {
            name: np.array(seen[name], dtype=kinds.get(name, float)).reshape(
                shapes.get(name, (1, watched))
            )
            for name in _ARRAYS
        }
        self.judge.restore({"epochs": seen["epochs"], **arrays})
        self.stopped = state_dict["stopped"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop at once where a trial goes on that was stopped."""
        if self.judge is not None:
            count = trained_count(state_of(pl_module).net)
            self.judge.known[PARAMETERS] = np.array([count], dtype=float)
        if self.stopped is not None:
            trainer.should_stop = True

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The epoch is looked at when it is over."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Ask the judge; all processes stop where it says so."""
        epoch, stops = trainer.current_epoch + 1, False
        last = epoch == trainer.max_epochs
        if self.judge is not None:
            metrics = state_of(pl_module).epoch_metrics
            values = {name: np.array([value], dtype=float) for name, value in metrics.items()}
            running = np.array([not last and not trainer.should_stop])
            stop = self.judge.after_epoch(epoch, values, running, np.array([False])).get(0)
            if stop is not None:
                rule = self.judge.rule.name
                self.stopped = StoppedEarly(
                    rule=rule, rung=stop.rung, epoch=epoch, reason=stop.reason
                )
                stops = True
        if trainer.world_size > 1:
            stops = trainer.strategy.reduce_boolean_decision(stops, all=False)
        trainer.should_stop |= stops

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hand on what was reported."""
        self._hand_on()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Hand on what was reported of a trial that diverged or failed."""
        self._hand_on()

    def _hand_on(self) -> None:
        if self.judge is not None and self.judge.hand_on is not None:
            self.judge.hand_on(self.judge)
