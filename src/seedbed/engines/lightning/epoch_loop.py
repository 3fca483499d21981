"""Lightning's training epoch without the hooks that nobody listens to.

Around every batch Lightning calls some twenty hooks through a generic dispatcher. For a network of
eight parameters that takes longer than the training itself. `LeanTrainingEpochLoop` asks once which
hooks anybody has overridden. Where it is none of those around a batch, and one device trains in
plain precision on batches that already lie there, it runs the same steps in the same order without
the dispatch. In every other case it is Lightning's own loop, untouched.
"""

from inspect import Parameter, signature
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, StochasticWeightAveraging
from pytorch_lightning.core.datamodule import LightningDataModule
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop
from pytorch_lightning.plugins.precision import Precision
from pytorch_lightning.profilers import PassThroughProfiler
from pytorch_lightning.strategies import SingleDeviceStrategy
from pytorch_lightning.utilities.exceptions import SIGTERMException
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch.optim import Optimizer

from seedbed.callbacks import Checkpoint
from seedbed.data.loader import BatchLoader, StreamLoader
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.resuming.process_state import ProcessState
from seedbed.process.signals import SignalHandler

CALLBACK_HOOKS = (
    "on_train_batch_start",
    "on_train_batch_end",
    "on_before_zero_grad",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
)
MODULE_HOOKS = (
    *CALLBACK_HOOKS,
    "optimizer_step",
    "optimizer_zero_grad",
    "lr_scheduler_step",
    "on_before_batch_transfer",
    "transfer_batch_to_device",
    "on_after_batch_transfer",
)


class LeanTrainingEpochLoop(_TrainingEpochLoop):
    """One epoch of batches.

    Attributes:
        lean: whether the short way is taken; None: not yet decided.
        stop: handler of signals, which each of several processes asks before every batch.
        checkpoint: what is written between two steps where it is due; None: nothing.
        state: state of this process that goes into the checkpoint.
        is_whole: whether no step and no end of an epoch is under way, so that the state could be
            taken up.
    """

    lean: bool | None = None
    stop: SignalHandler
    checkpoint: Checkpoint | None = None
    state: ProcessState
    is_whole = False

    def reset(self) -> None:
        """Begin an epoch, or go on in one that was interrupted between two steps."""
        if not self.restarting:
            super().reset()
            return
        self.batch_progress.reset_on_restart()
        self.scheduler_progress.reset_on_restart()
        self.automatic_optimization.optim_progress.reset_on_restart()

    def run(self, data_fetcher: Any) -> None:
        """Train on the batches of an epoch, or on those that are left of it."""
        taken_up = self.restarting
        self.reset()
        self.on_run_start(data_fetcher)
        if taken_up and self._num_ready_batches_reached():
            # It was interrupted in what comes after the last batch: the validation.
            self.on_advance_end(data_fetcher)
        while not self.done:
            try:
                self.advance(data_fetcher)
                self.on_advance_end(data_fetcher)
            except StopIteration:
                break
            finally:
                self.on_iteration_done()

    def on_run_start(self, data_fetcher: Any) -> None:
        """Get ready for the batches that are left."""
        super().on_run_start(data_fetcher)
        self.restarting = False

    def on_advance_end(self, data_fetcher: Any) -> None:
        """Validate if needed, and write the checkpoint if it is due and the epoch goes on."""
        try:
            super().on_advance_end(data_fetcher)
        except SIGTERMException:  # The last thing that it does.
            self.is_whole = self._may_write
            raise
        writes = self.checkpoint
        # Several processes agree on it where they ask each other for signals.
        if writes is not None and writes.is_due and self.trainer.world_size == 1:
            self._write()

    def _write(self) -> None:
        """Write the checkpoint between two steps; at the end of an epoch the outer loop does."""
        if self.checkpoint is not None and self._may_write and not self._is_training_done:
            self.checkpoint.write(self.trainer)

    def hold(self) -> None:
        """Take the state of all processes, for a write of the first one where they are stopped."""
        self.state.take(self.trainer)
        self.is_whole = True

    def release(self) -> None:
        """Forget the state that was taken: the epoch goes on."""
        self.is_whole = False
        self.state.forget()

    @property
    def _may_write(self) -> bool:
        """Whether the running epoch trains: averaged weights have one more for batch norm alone."""
        return not self.automatic_optimization._skip_backward

    def _broadcast_sigterm_tensor(self) -> None:
        """Let all processes stop, or write, before the same batch when any is to.

        Lightning calls this where there are several. Its own version also lets the first process
        leave a step earlier than the others, which then wait for it for ever.
        """
        trainer, writes = self.trainer, self.checkpoint
        # The clock of the first one decides when a write is due.
        due = writes is not None and trainer.is_global_zero and writes.is_due
        device = trainer.strategy.root_device
        asked = torch.tensor([self.stop.received or 0, int(due)], device=device)
        torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX)
        number, due = asked.tolist()
        if number:
            self.stop.received = number
            self.state.take(trainer)
            self.is_whole = self._may_write
            raise SIGTERMException
        if due and self.batch_progress.current.ready:
            self._write()

    def advance(self, data_fetcher: Any) -> None:
        """Train on one batch."""
        if self.lean is None:
            self.lean = nobody_listens(self.trainer)
        if not self.lean:
            super().advance(data_fetcher)
            return
        trainer = self.trainer
        module: Any = trainer.lightning_module
        optimizer = trainer.optimizers[0]
        batches = self.batch_progress
        progress = self.automatic_optimization.optim_progress.optimizer

        batch, _, _ = next(data_fetcher)
        batch_idx = self.batch_idx + 1
        batches.is_last_batch = data_fetcher.done
        batches.increment_ready()
        batches.increment_started()

        steps = not self._should_accumulate()
        if steps:
            progress.step.increment_ready()
        loss = module.training_step(batch, batch_idx)
        if batch_idx % trainer.accumulate_grad_batches == 0:
            progress.zero_grad.increment_ready()
            progress.zero_grad.increment_started()
            optimizer.zero_grad()
            progress.zero_grad.increment_completed()
        if trainer.accumulate_grad_batches > 1:
            loss = loss / trainer.accumulate_grad_batches
        module.backward(loss)
        if steps:
            if trainer.gradient_clip_val is not None:
                module.configure_gradient_clipping(
                    optimizer,
                    gradient_clip_val=trainer.gradient_clip_val,
                    gradient_clip_algorithm=trainer.gradient_clip_algorithm,
                )
            optimizer.step()
            progress.step.increment_completed()

        batches.increment_processed()
        if trainer.lr_scheduler_configs:
            self.update_lr_schedulers("step", update_plateau_schedulers=False)
            if self._num_ready_batches_reached():
                self.update_lr_schedulers("epoch", update_plateau_schedulers=False)
        batches.increment_completed()


def nobody_listens(trainer: pl.Trainer) -> bool:
    """Tell whether a step of this trainer needs nothing that the lean loop leaves out."""
    module = trainer.lightning_module
    loaders = trainer.fit_loop._combined_loader
    assert loaders is not None
    data: Any = trainer.datamodule or LightningDataModule()  # type: ignore[attr-defined]
    return (
        isinstance(module, SupervisedModule)
        and type(trainer.strategy) is SingleDeviceStrategy
        and type(trainer.precision_plugin) is Precision
        and type(trainer.profiler) is PassThroughProfiler  # type: ignore[attr-defined]
        and module.automatic_optimization
        and len(trainer.optimizers) == 1
        and not _needs_closure(trainer.optimizers[0])
        and all(isinstance(loader, BatchLoader | StreamLoader) for loader in loaders.flattened)
        # It skips the backward pass in an epoch of its own.
        and not any(
            isinstance(callback, StochasticWeightAveraging)
            for callback in trainer.callbacks  # type: ignore[attr-defined]
        )
        and not any(_overrides(module, pl.LightningModule, hook) for hook in MODULE_HOOKS)
        and not any(is_overridden(hook, data, LightningDataModule) for hook in MODULE_HOOKS[-3:])
        and not any(
            _overrides(callback, Callback, hook)
            for callback in trainer.callbacks  # type: ignore[attr-defined]
            for hook in CALLBACK_HOOKS
        )
    )


def _needs_closure(optimizer: Optimizer) -> bool:
    """Tell whether an optimizer evaluates a batch itself, as L-BFGS does."""
    closure = signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is Parameter.empty


def _overrides(instance: object, base: type, hook: str) -> bool:
    return getattr(type(instance), hook, None) is not getattr(base, hook, None)
