"""Figure of the losses by epoch."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytorch_lightning as pl

from seedbed.analysis.reference_lines import least_squares_line
from seedbed.callbacks.figures.figure_callback import FigureCallback
from seedbed.callbacks.figures.rows import data_module
from seedbed.callbacks.training_state import state_of
from seedbed.errors import Diverged

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class LossCurve(FigureCallback):
    """Training and validation loss by epoch, with the loss of least squares where it exists.

    Also drawn when the run diverges.

    Args:
        every_n_epochs: As in FigureCallback.
    """

    name = "loss_curve"
    shows_weights = False
    of_own_modules = True

    def __init__(self, every_n_epochs: int | None = None) -> None:
        super().__init__(every_n_epochs)
        # Metric, epoch (from 1) and value.
        self._curves: dict[str, dict[int, float]] = {}

    def note(self, module: Any, epoch: int) -> None:
        """Add the losses of the epoch."""
        for name, value in module.epoch_metrics.items():
            if name.endswith(("/loss", "_loss")) and epoch > 0:
                self._curves.setdefault(name, {})[epoch] = value

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Draw the losses of a run that has diverged."""
        if isinstance(exception, Diverged):
            self.note(state_of(pl_module), trainer.current_epoch)
            self.publish(trainer, pl_module, trainer.current_epoch, self.name)

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Draw a line for each loss."""
        from seedbed.figures import loss_curve

        curves = {
            name: (np.array(list(values)), np.array(list(values.values())))
            for name, values in self._curves.items()
        }
        has_task = module.task is not None
        data = data_module(trainer)
        exact = least_squares_line(data, module.net, module.task) if has_task else None
        loss = None if exact is None else exact.metrics["train/loss"]
        return loss_curve(curves, reference=loss, reference_name="least squares")

    def state_dict(self) -> dict[str, Any]:
        """Return the losses so far, for the checkpoint."""
        return {"curves": self._curves}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the losses of a resumed run."""
        self._curves = state_dict["curves"]
