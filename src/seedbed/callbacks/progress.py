"""Progress of training: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from seedbed.callbacks.training_state import state_of
from seedbed.terminal.listener import current_listener

# Where the number of epochs is not known beforehand.
SECONDS_BETWEEN_LINES = 5.0


class Progress(Callback):
    """Callback that shows a progress bar, refreshed ten times a second, or prints lines on stderr.

    Neither listens to batches, so neither slows them down.

    Args:
        bar: Whether to show a bar; None (default): where stderr is a terminal.
        lines: Number of lines over the run, where there is no bar; a run without a known number of
            epochs prints one every five seconds.
    """

    def __init__(self, bar: bool | None = None, lines: int = 10) -> None:
        self.bar = sys.stderr.isatty() if bar is None else bar
        self.lines = lines
        self._display: Any = None
        self._started = self._printed = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the bar."""
        self._started = self._printed = time.monotonic()
        if self.bar and trainer.is_global_zero and current_listener() is None:
            self._display = _open_bar(trainer, pl_module)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print the line of the epoch before, if one is due."""
        if (listener := current_listener()) is not None:
            listener(trainer.current_epoch, trainer.max_epochs, state_of(pl_module).epoch_metrics)
        elif not self.bar and trainer.is_global_zero and self._due(trainer):
            self._line(trainer, pl_module, trainer.current_epoch)

    def _due(self, trainer: pl.Trainer) -> bool:
        """Return whether a line is due, by the number of epochs or else by the clock."""
        epoch, last = trainer.current_epoch, trainer.max_epochs or -1
        if last > 0:
            return epoch > 0 and epoch % max(1, last // self.lines) == 0
        return epoch > 0 and time.monotonic() - self._printed >= SECONDS_BETWEEN_LINES

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the bar, or print the last line."""
        self._close()
        if not self.bar and trainer.is_global_zero and current_listener() is None:
            self._line(trainer, pl_module, trainer.current_epoch)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Close the bar."""
        self._close()

    def _close(self) -> None:
        if self._display is not None:
            self._display.stop()
            self._display = None

    def _line(self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int) -> None:
        self._printed = time.monotonic()
        last = trainer.max_epochs
        of = f"/{last}" if last and last > 0 else ""
        seconds = self._printed - self._started
        numbers = metrics_text(state_of(pl_module).epoch_metrics)
        print(f"epoch {epoch}{of}  {numbers}  {seconds:.1f} s", file=sys.stderr, flush=True)


def metrics_text(metrics: dict[str, float]) -> str:
    """Return the metrics of an epoch in one line."""
    return "  ".join(f"{name} {value:.6g}" for name, value in metrics.items())


def _open_bar(trainer: pl.Trainer, pl_module: pl.LightningModule) -> Any:
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    started = time.monotonic()

    def render() -> Table:
        loop = trainer.fit_loop
        batches = max(1, int(min(trainer.num_training_batches, 1 << 40)))
        done = trainer.current_epoch + loop.epoch_loop.batch_progress.current.completed / batches
        epochs = trainer.max_epochs if trainer.max_epochs and trainer.max_epochs > 0 else None
        if trainer.max_steps > 0:
            total, done = float(trainer.max_steps), float(trainer.global_step)
        else:
            total = float(epochs or 0)
        seconds = time.monotonic() - started
        left = f"{seconds / done * (total - done):.0f} s left" if done and total else ""
        of = f"/{epochs}" if epochs else ""
        shown = min(trainer.current_epoch + 1, epochs or sys.maxsize)
        row = Table.grid(padding=(0, 1))
        row.add_row(
            f"epoch {shown}{of}",
            ProgressBar(total=total or None, completed=done, width=24, pulse=not total),
            metrics_text(state_of(pl_module).epoch_metrics),
            left,
        )
        return row

    display = Live(get_renderable=render, console=Console(stderr=True), refresh_per_second=10)
    display.start()
    return display
