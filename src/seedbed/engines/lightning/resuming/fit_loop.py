"""Loop over the epochs that takes up a run exactly where its checkpoint was written.

Lightning saves in the middle of what it does at the end of an epoch, and guesses on a restart how
far it had come. This loop writes at two places alone, where the state is whole: between two steps,
and when all is done that belongs to an epoch.
"""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loops.fit_loop import RestartStage, _FitLoop
from pytorch_lightning.loops.loop import _Loop
from pytorch_lightning.utilities.exceptions import SIGTERMException

from seedbed.callbacks import Checkpoint
from seedbed.data.loader import ResumableLoader
from seedbed.engines.lightning.epoch_loop import LeanTrainingEpochLoop
from seedbed.engines.lightning.resuming.process_state import ProcessState
from seedbed.process.signals import SignalHandler


def use_resumable_loops(trainer: pl.Trainer, stop: SignalHandler, state: ProcessState) -> None:
    """Put loops that can be taken up into a trainer that has not started yet.

    Each of several processes asks `stop` before every batch; `state` is one of its callbacks.
    """
    before = trainer.fit_loop
    epochs = ResumableFitLoop(trainer, before.min_epochs, before.max_epochs)
    steps = before.epoch_loop
    lean = LeanTrainingEpochLoop(trainer, min_steps=steps.min_steps, max_steps=steps.max_steps)
    lean.stop = stop
    checkpoints: list[Any] = [c for c in trainer.callbacks if isinstance(c, Checkpoint)]  # type: ignore[attr-defined]
    lean.checkpoint = checkpoints[0] if checkpoints else None
    lean.state = state
    epochs.epoch_loop = lean
    trainer.fit_loop = epochs


class ResumableFitLoop(_FitLoop):
    """Loop over epochs; `epoch_loop` is a `LeanTrainingEpochLoop`."""

    epoch_loop: LeanTrainingEpochLoop

    @property
    def restarting(self) -> bool:
        """Whether a state was loaded; Lightning's own loop asks how far an epoch had come."""
        return self._restarting

    @restarting.setter
    def restarting(self, restarting: bool) -> None:
        _Loop.restarting.fset(self, restarting)  # type: ignore[attr-defined]

    def run(self) -> None:
        """Train from where the checkpoint was written; of a run that was at its end, end it."""
        taken_up = self._loaded_from_state_dict
        in_epoch = taken_up and self._is_within_an_epoch()
        if taken_up:
            current: Any = self.epoch_progress.current
            current.completed = current.processed
            # The first process alone knows what has changed.
            stopped = self.trainer.strategy.broadcast(self.epoch_loop.state.stopped)
            self.trainer.should_stop |= stopped
        self.setup_data()
        if self.skip and not (taken_up and self.max_batches):
            return
        torch.set_grad_enabled(True)
        self.restarting = in_epoch
        if in_epoch:  # What comes before an epoch was done.
            self._restart_stage = RestartStage.RESTARTED_MID_EPOCH
        self.on_run_start()
        self._restarting = False  # Its own alone: what else an epoch ends with is to be done.
        if taken_up:
            self.epoch_loop.state.restore(self.trainer, in_epoch)
        self.epoch_loop.is_whole = taken_up
        while not self.done:
            try:
                self.on_advance_start()
                self.advance()
                self.on_advance_end()
            except StopIteration:
                break
            finally:
                self.on_iteration_done()
        self._restarting = False
        self.on_run_end()

    def _is_within_an_epoch(self) -> bool:
        """Return whether the state that was loaded lies between two steps of an epoch."""
        total: Any = self.epoch_progress.total
        return bool(total.started > total.processed)

    def _load_combined_loader_states(self) -> None:
        """Let loaders go on: our own from the batch that is due, others as they say themselves."""
        super()._load_combined_loader_states()
        if not self.restarting or self._combined_loader is None:
            return
        if not self._is_within_an_epoch():
            return
        done = self.epoch_loop.batch_progress.current.completed
        for loader in self._combined_loader.flattened:
            if isinstance(loader, ResumableLoader):
                # More may have been handed out, to see whether there is another one.
                loader.go_on_after(self.trainer.current_epoch, done)

    def on_advance_start(self) -> None:
        """Begin an epoch."""
        self.epoch_loop.is_whole = False
        super().on_advance_start()

    def on_advance_end(self) -> None:
        """End an epoch, and write the checkpoint if it is due."""
        try:
            super().on_advance_end()
        except SIGTERMException:  # The last thing that it does.
            self.epoch_loop.is_whole = True
            raise
        self.epoch_loop.is_whole = True
        if self.epoch_loop.checkpoint is not None:
            self.epoch_loop.checkpoint.write_if_due(self.trainer)
