"""Base of the callbacks that draw: when, from what, and where the picture goes."""

import sys
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from seedbed.callbacks.checked import CheckedCallback
from seedbed.errors import ConfigError
from seedbed.files import write_atomically
from seedbed.loggers.tensorboard import TensorBoard
from seedbed.runs.folder import RunFolder
from seedbed.training.evaluation_mode import evaluating

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What a figure shows at most of a split.
MOST_ROWS = 10_000


class FigureCallback(CheckedCallback):
    """Draws a figure at the end of the training, and every so many epochs before.

    It lies in the run folder as `figures/NAME.png`, those of single epochs as
    `figures/NAME-epoch-0012.png`, and in TensorBoard under Images. A figure of the test split is
    drawn when that has been measured, by the weights that were.
    """

    of_test_split = False

    def __init__(self, every_n_epochs: int | None = None) -> None:
        self.every_n_epochs = every_n_epochs
        self.data_config: Any = None
        self._shown_epoch = -1

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure of a SupervisedModule in evaluation mode, after `epoch` epochs."""
        raise NotImplementedError

    def check(self, config: DictConfig, net: nn.Module) -> None:
        """Keep what the config says of the data; raises ConfigError with the reason of `unfit`."""
        self.data_config = config.data
        reason = self.unfit(config, net)
        if reason:
            raise ConfigError(f"callbacks.{self.name}: {reason}")

    def unfit(self, config: DictConfig, net: nn.Module) -> str:
        """Return why the figure cannot be drawn of such a run, or nothing."""
        return ""

    @property
    def state_key(self) -> str:
        """Name of the state in checkpoints: there may be several figures of a kind."""
        return self._generate_state_key(name=self.name)

    # When

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the figure of the epoch before where one is due: its metrics are known by now."""
        self._publish_epoch(trainer, pl_module, trainer.current_epoch)

    def _publish_epoch(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int
    ) -> None:
        if self.every_n_epochs is not None and epoch > 0 and epoch % self.every_n_epochs == 0:
            self.publish(trainer, pl_module, epoch, f"{self.name}-epoch-{epoch:04d}")

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the last figures."""
        self._publish_epoch(trainer, pl_module, trainer.current_epoch)
        if not (self.of_test_split and will_test(trainer)):
            self.publish(trainer, pl_module, trainer.current_epoch, self.name)

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the figure of the test split."""
        if self.of_test_split:
            self.publish(trainer, pl_module, trainer.current_epoch, self.name)

    # Where to

    def publish(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int, stem: str
    ) -> None:
        """Draw, and write the PNG to the run folder and to TensorBoard."""
        if not trainer.is_global_zero:
            return
        from seedbed.figures import png

        module: Any = pl_module
        try:
            with evaluating(module.net), torch.no_grad():
                picture = png(self.draw(trainer, module, epoch))
        except Exception as error:  # A picture must not cost the run.
            reason = f"{type(error).__name__}: {error}"
            print(f"seedbed: callbacks.{self.name}: not drawn: {reason}", file=sys.stderr)
            return
        file = RunFolder(trainer.default_root_dir).figures / f"{stem}.png"
        write_atomically(file, picture)
        # The last figure may be that of an epoch too.
        for logger in trainer.loggers if epoch != self._shown_epoch else []:
            if isinstance(logger, TensorBoard):
                logger.log_image(self.name, picture, epoch)
        self._shown_epoch = epoch


def data_of(trainer: pl.Trainer) -> Any:
    """Return the run's data module."""
    return trainer.datamodule  # type: ignore[attr-defined]


def will_test(trainer: pl.Trainer) -> bool:
    """Tell whether the best weights are measured on a test split after the training."""
    return bool(data_of(trainer).has_split("test") and trainer.limit_test_batches != 0)


def split_shown(trainer: pl.Trainer, preferred: tuple[str, ...]) -> str:
    """Return the first of the splits that the data have; else the training rows."""
    data = data_of(trainer)
    return next(split for split in (*preferred, "train") if data.has_split(split))


def rows_of(trainer: pl.Trainer, split: str, most: int = MOST_ROWS) -> tuple[Tensor, Tensor]:
    """Return the first rows of a split as the model takes them: inputs and targets."""
    inputs, targets, count = [], [], 0
    for batch in data_of(trainer).all_rows(split):
        batch_inputs, batch_targets = trainer.precision_plugin.convert_input(batch)
        inputs.append(batch_inputs)
        targets.append(batch_targets)
        count += len(batch_inputs)
        if count >= most:
            break
    device = trainer.strategy.root_device
    return torch.cat(inputs)[:most].to(device), torch.cat(targets)[:most].to(device)


def raw(trainer: pl.Trainer, inputs: Tensor) -> Tensor:
    """Return inputs of the model in the units of the data: before scaling."""
    return inputs / float(data_of(trainer).input_scale)


def array(values: Tensor) -> Any:
    """Return the numbers as a numpy array."""
    return values.detach().cpu().numpy()
