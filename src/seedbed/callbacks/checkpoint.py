"""Checkpoints of the best and the last epoch."""

import time
from collections.abc import Mapping
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint as LightningCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO

from seedbed.callbacks.training_state import state_of
from seedbed.errors import ConfigError, Diverged
from seedbed.files import atomic_file
from seedbed.runs.checkpoints import PREFIX, epoch_state, read_checkpoint, weights_checkpoint
from seedbed.runs.outcome import EpochState, copied_weights
from seedbed.runs.preparation import with_preparation
from seedbed.training.best_epoch import improved


class AtomicCheckpointIO(TorchCheckpointIO):
    """Checkpoint writer that writes a temporary file in the same folder and renames it.

    Lightning's own writes it in TMPDIR, which may be small or on another disk.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint to the file `path`; raise OSError where the disk is full."""
        with atomic_file(Path(path)) as file:
            torch.save(checkpoint, file)

    def load_checkpoint(self, path: str | Path, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return a checkpoint; raise RunFolderError where it is damaged."""
        content: dict[str, Any] = read_checkpoint(Path(path))
        return content


class Checkpoint(LightningCheckpoint):
    """Callback that writes `last.ckpt`, for an exact resumption, and `best.ckpt`, the best weights.

    Weights are copied in memory after every epoch; files are written at the end of the run, and
    every `every_seconds`. When the run diverges, `last.ckpt` holds the weights of the last epoch
    whose loss was finite.

    Args:
        folder: Folder of the checkpoints.
        monitor: Metric that picks the best epoch, such as `val/loss`.
        mode: `min` or `max`, the better direction of the metric.
        every_seconds: Seconds between two writes.
        keep_best: Whether the best epoch is kept at all; False keeps the last alone.

    Attributes:
        best: State after the best epoch so far.
        last: State after the last epoch.
        last_is_measured: Whether the metrics of `last` are those of its weights.
    """

    def __init__(
        self,
        folder: Path,
        monitor: str,
        mode: str,
        every_seconds: float = 30.0,
        keep_best: bool = True,
    ) -> None:
        self.folder = folder
        self.monitor = monitor
        self.mode = mode
        self.every_seconds = every_seconds
        self.keep_best = keep_best
        # What was fitted to the training rows, as plain values; it goes into each checkpoint.
        self.preparation: Mapping[str, Any] | None = None
        self.best: EpochState | None = None
        self.last: EpochState | None = None
        self.last_is_measured = True
        # What last.ckpt holds: the state of an epoch, or one between two steps, without metrics.
        self.written: EpochState | None = None
        self._state: EpochState | None = None
        self._best_written = False
        self._due_at = time.monotonic() + every_seconds
        self._prefix = PREFIX
        self._more: dict[str, Any] = {}

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Make the trainer write atomically, unless it has a plugin of its own."""
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
            trainer.strategy.checkpoint_io = AtomicCheckpointIO()
        module = state_of(pl_module)
        self._note(module)
        module.keeps_validated_weights = any(map(_may_change_weights, trainer.callbacks))  # type: ignore[attr-defined]

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Copy the weights."""
        module = state_of(pl_module)
        metrics: dict[str, float] = dict(module.epoch_metrics)
        weights = module.validated_weights or copied_weights(module.net)
        self.last = EpochState(trainer.current_epoch + 1, trainer.global_step, metrics, weights)
        if self._improved(metrics):
            self.best = self.last
            self._best_written = False

    @property
    def is_due(self) -> bool:
        """Whether a write is due."""
        return time.monotonic() >= self._due_at

    def write_if_due(self, trainer: pl.Trainer) -> None:
        """Write the state if it is due, which must be whole: an epoch is wholly done."""
        due = self.is_due
        # All processes take part in a write, so the clock of the first one decides for all.
        if trainer.strategy.broadcast(due) if trainer.world_size > 1 else due:
            self.write(trainer)

    def _improved(self, metrics: dict[str, float]) -> bool:
        if not self.keep_best or self.monitor not in metrics:
            return False
        before = nan if self.best is None else self.best.metrics[self.monitor]
        return bool(improved(metrics[self.monitor], before, self.mode))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the final state, whose weights a callback may just have replaced by averages."""
        module = state_of(pl_module)
        net = module.net.state_dict()
        if self.last is not None and any(
            not torch.equal(value, net[name]) for name, value in self.last.weights.items()
        ):
            self.last = replace(self.last, weights=copied_weights(module.net))
            self.last_is_measured = False
        self.write(trainer)

    def measured(self, trainer: pl.Trainer, metrics: dict[str, float]) -> None:
        """Take the metrics of the last weights, measured after the training."""
        assert self.last is not None
        self.last = self.written = replace(self.last, metrics=metrics)
        self.last_is_measured = True
        if self._improved(metrics):
            self.best, self._best_written = self.last, False
        if trainer.is_global_zero:
            self._write_best()

    def untrained(self, trainer: pl.Trainer, module: Any, metrics: dict[str, float]) -> None:
        """Keep and write the weights that a run without epochs begins and ends with."""
        self._note(module)
        self.last = EpochState(0, 0, metrics, copied_weights(module.net))
        self.best = self.last if self.keep_best else None
        if trainer.is_global_zero:
            self._write_best()
            self._write_last()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Write the state if it is whole; after a divergence that of the last finite epoch.

        In the middle of a step it is not, and what was written before is what can be taken up. The
        first process writes it alone: the others may have gone.
        """
        if isinstance(exception, ConfigError) or not trainer.is_global_zero:
            return  # Of a run that is refused nothing is kept.
        self._write_best()
        if isinstance(exception, Diverged):
            self._write_last()
        elif trainer.state.fn == "fit" and _is_whole(trainer):
            content = trainer._checkpoint_connector.dump_checkpoint(weights_only=False)
            trainer.strategy.save_checkpoint(content, self.folder / "last.ckpt")
            self.written = self._state
        else:
            self.write_kept()

    def write_kept(self) -> None:
        """Write what is kept in memory: the best epoch, and the last one where no file has any."""
        self._write_best()
        if self.written is None:
            self._write_last()

    def _write_last(self) -> None:
        if self.last is not None:
            self._save(self.last, "last")
            self.written = self.last

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Note what is written, and count its epochs from 1, as everywhere; Lightning does not."""
        self._state, step = self.last, trainer.global_step
        if self._state is None or self._state.step != step:
            self._state = EpochState(trainer.current_epoch + 1, step, {})
        checkpoint["epoch"] = self._state.epoch
        checkpoint["metrics"] = dict(self._state.metrics)
        checkpoint["metrics_epoch"] = state_of(pl_module).metrics_epoch
        checkpoint |= with_preparation({}, self.preparation)

    def write(self, trainer: pl.Trainer) -> None:
        """Write the state, which must be whole, and the best epoch before it.

        Every process takes part in collecting the state; the first one writes it.
        """
        # What is logged by now is of the state that a run goes on from.
        for logger in trainer.loggers:
            logger.save()
        if trainer.is_global_zero:
            self._write_best()
        trainer.save_checkpoint(self.folder / "last.ckpt")
        self.written = self._state
        self._due_at = time.monotonic() + self.every_seconds

    def _write_best(self) -> None:
        if self.best is not None and not self._best_written:
            self._save(self.best, "best")
            self._best_written = True

    def _note(self, module: Any) -> None:
        self._prefix, self._more = module.prefix, dict(module.kept_with_weights)

    def _save(self, state: EpochState, name: str) -> None:
        with atomic_file(self.folder / f"{name}.ckpt") as file:
            content = weights_checkpoint(state, self._prefix) | self._more
            torch.save(with_preparation(content, self.preparation), file)

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the last epoch, where the run was not stopped within the next one."""
        self._note(state_of(pl_module))
        self.written = EpochState(checkpoint["epoch"], checkpoint["global_step"], {})
        if checkpoint.get("metrics"):
            self.last = self.written = epoch_state(checkpoint, self._prefix)

    def state_dict(self) -> dict[str, Any]:
        """Return the best epoch so far; its weights are in `best.ckpt`."""
        measured = {"last_is_measured": self.last_is_measured}
        if self.best is None:
            return measured
        best = self.best
        metrics = {name: float(value) for name, value in best.metrics.items()}
        return {**measured, "epoch": best.epoch, "global_step": best.step, "metrics": metrics}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best epoch of a resumed run.

        Where it was killed after a write of `best.ckpt` and before that of `last.ckpt`, the former
        is ahead: it is the best of epochs that come again.
        """
        self.last_is_measured = state_dict.get("last_is_measured", True)
        if "epoch" not in state_dict or not self.keep_best:
            return
        kept = read_checkpoint(self.folder / "best.ckpt")
        if kept["global_step"] <= state_dict["global_step"]:
            kept = {**state_dict, "state_dict": kept["state_dict"]}
        self.best = epoch_state(kept, self._prefix)
        self._best_written = True


def _is_whole(trainer: pl.Trainer) -> bool:
    """Tell whether the state of the training could be taken up, and is known of all processes."""
    loop: Any = trainer.fit_loop.epoch_loop
    if not getattr(loop, "is_whole", False):
        return False
    return trainer.world_size == 1 or bool(loop.state.is_taken)


def _may_change_weights(callback: pl.Callback) -> bool:
    """Tell whether a callback that is not ours acts where a validation begins."""
    hooks = ("on_validation_start", "on_validation_epoch_start")
    return not type(callback).__module__.startswith("seedbed.") and any(
        getattr(type(callback), hook) is not getattr(pl.Callback, hook) for hook in hooks
    )
