"""Base class of the callbacks that draw figures."""

import sys
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from torch import nn

from seedbed.callbacks.checked_callback import CheckedCallback
from seedbed.callbacks.figures.rows import has_test_phase
from seedbed.callbacks.training_state import state_of
from seedbed.config.spec import RunSpec
from seedbed.errors import ConfigError
from seedbed.files import write_atomically
from seedbed.loggers.tensorboard import TensorBoard
from seedbed.runs.folder import RunFolder
from seedbed.runs.outcome import EpochState
from seedbed.training.evaluation_mode import evaluation_mode

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_NEEDS_A_MODEL = "needs a network and a task of Seedbed's, and module= has its own"


class FigureCallback(CheckedCallback):
    """Callback that draws a figure at the end of training and, if asked, every n epochs.

    The figure is written to the run folder as `figures/NAME.png`, those of single epochs as
    `figures/NAME-epoch-0012.png`, and to TensorBoard under Images. A figure of the test split is
    drawn after the test phase, with the weights that were tested.

    Args:
        every_n_epochs: Epochs between two figures; None (default) draws one, after training.

    Attributes:
        of_test_split: Whether the figure shows the test split, where there is one.
        shows_weights: Whether the figure shows what the weights of one epoch do, which it names,
            or else all epochs.
        of_own_modules: Whether it is drawn of a LightningModule of the user's, too.
        facts: What the config says of the data, set by `check`.
        weights_epoch: Epoch of the weights that are shown; None: that of the figure.
    """

    of_test_split = False
    shows_weights = True
    of_own_modules = False

    def __init__(self, every_n_epochs: int | None = None) -> None:
        self.every_n_epochs = every_n_epochs
        self.facts: Any = None
        self.weights_epoch: int | None = None
        self._last_logged_epoch = -1

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure after so many epochs; the network is in evaluation mode."""
        raise NotImplementedError

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Keep the facts of the data; raise ConfigError with the reason that `misfit` gives."""
        self.facts = spec.facts
        own = spec.module is not None and not self.of_own_modules
        reason = _NEEDS_A_MODEL if own else self.misfit(spec, net)
        if reason:
            raise ConfigError(f"callbacks.{self.name}: {reason}")

    def misfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Return why this run has no such figure: "needs ..."; empty where it has one."""
        return ""

    @property
    def state_key(self) -> str:
        """Key of the callback's state in checkpoints, by name: a run may hold two of a class."""
        return self._generate_state_key(name=self.name)

    def note(self, module: Any, epoch: int) -> None:
        """Keep what the figure shows of an epoch; called when its metrics are known."""

    def shown(self, epoch: int) -> str:
        """Return which epochs a figure drawn after so many shows, for its caption."""
        if self.shows_weights:
            return f"weights of epoch {epoch if self.weights_epoch is None else self.weights_epoch}"
        return "no epoch" if epoch < 1 else "epoch 1" if epoch == 1 else f"epochs 1 to {epoch:,}"

    # When to draw

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the figure of the epoch before, if it is due."""
        self.note(state_of(pl_module), trainer.current_epoch)
        self._publish_epoch(trainer, pl_module, trainer.current_epoch)

    def _publish_epoch(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int
    ) -> None:
        if self.every_n_epochs is not None and epoch > 0 and epoch % self.every_n_epochs == 0:
            self.publish(trainer, pl_module, epoch, f"{self.name}-epoch-{epoch:04d}")

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the figure of the last epoch, and the final one unless it waits for the test."""
        self.note(state_of(pl_module), trainer.current_epoch)
        self._publish_epoch(trainer, pl_module, trainer.current_epoch)
        if not (self.of_test_split and has_test_phase(trainer)):
            self.publish(trainer, pl_module, trainer.current_epoch, self.name)

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the figure of the test split, of the weights of the best epoch."""
        if self.of_test_split:
            kept = (getattr(callback, "best", None) for callback in trainer.callbacks)  # type: ignore[attr-defined]
            best = next((state for state in kept if isinstance(state, EpochState)), None)
            self.weights_epoch = best.epoch if best else None
            self.publish(trainer, pl_module, trainer.current_epoch, self.name)
            self.weights_epoch = None

    # Where to write

    def publish(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int, stem: str
    ) -> None:
        """Draw the figure and write it to the run folder and to TensorBoard.

        A failure is reported on stderr and does not end the run. Only the process of rank 0 draws.
        `epoch` is the step in TensorBoard, `stem` the name of the PNG file without its suffix.
        """
        if not trainer.is_global_zero:
            return
        from seedbed.figures import caption, png

        module = state_of(pl_module)
        try:
            with evaluation_mode(module.net), torch.no_grad():
                figure = self.draw(trainer, module, epoch)
                caption(figure, self.shown(epoch))
                content = png(figure)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            print(f"seedbed: callbacks.{self.name}: not drawn: {reason}", file=sys.stderr)
            return
        file = RunFolder(trainer.default_root_dir).figures / f"{stem}.png"
        write_atomically(file, content)
        # The final figure may show an epoch that has been logged already.
        for logger in trainer.loggers if epoch != self._last_logged_epoch else []:
            if isinstance(logger, TensorBoard):
                logger.log_image(self.name, content, epoch)
        self._last_logged_epoch = epoch
