"""What each process of a run adds to the checkpoint, beside what Lightning saves of the first."""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor

from seedbed.callbacks import (
    EarlyStopping,
    StochasticWeightAveraging,
    StoppingRule,
    TrialStopping,
    why_stopped,
)
from seedbed.callbacks.training_state import state_of
from seedbed.data import global_draws
from seedbed.engines.lightning.resuming.logged_results import (
    metric_states,
    results_state,
    set_metric_states,
    set_results,
)
from seedbed.errors import RunFolderError


class ProcessState(Callback):
    """Callback that saves and restores what a process has of its own between two steps.

    That is the states of its random number generators, what it has summed up and logged of the
    running epoch, the gradients that wait for the rest of their window, and whether anybody but a
    rule of ours has stopped the training: tensors and plain values, a dictionary a process, in
    `processes`.

    Attributes:
        forget_stop: whether a rule that had stopped the training is asked again, since its limits
            or the length of the run have changed.
    """

    def __init__(self) -> None:
        self.forget_stop = False
        self._loaded: dict[str, Any] | None = None
        self._taken: list[dict[str, Any]] | None = None

    @property
    def stopped(self) -> bool:
        """Whether the run that is taken up was stopped by a rule."""
        loaded = self._loaded or {}
        return bool(loaded.get("should_stop")) and not self.forget_stop

    def take(self, trainer: pl.Trainer) -> None:
        """Take the states of all processes, which must all be here, for a write that comes next."""
        self._taken = None
        self._taken = _of_all(trainer)

    def forget(self) -> None:
        """Forget the states that were taken."""
        self._taken = None

    @property
    def is_taken(self) -> bool:
        """Whether the states of all processes were taken."""
        return self._taken is not None

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Put the states into the checkpoint."""
        checkpoint["processes"] = self._taken or _of_all(trainer)
        self._taken = None

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep the state of this process until training begins."""
        states = checkpoint.get("processes") or []
        if trainer.state.fn != "fit" or not states:
            return
        if len(states) != trainer.world_size:
            raise RunFolderError(
                f"last.ckpt: written by {len(states)} processes, and these are "
                f"{trainer.world_size}: give trainer.devices={len(states)}"
            )
        self._loaded = states[trainer.global_rank]

    def restore(self, trainer: pl.Trainer, in_epoch: bool) -> None:
        """Restore the state, at the last moment before the first step.

        `in_epoch` says whether it lies within an epoch.
        """
        state, self._loaded = self._loaded, None
        if state is None:
            return
        module, connector = trainer.lightning_module, trainer._logger_connector
        connector._callback_metrics = dict(state["callback_metrics"])
        state_of(module).step_losses.extend(loss.to(module.device) for loss in state["losses"])
        state_of(module).load_running_epoch(state["epoch"])
        set_metric_states(module, state["metrics"])
        set_results(trainer, state["results"])
        if in_epoch:  # The batches before were of this epoch.
            connector._first_loop_iter = True
        for name, gradient in state["gradients"].items():
            module.get_parameter(name).grad = gradient.to(module.device)
        global_draws.set_states(state["random"])


def _of_all(trainer: pl.Trainer) -> list[dict[str, Any]]:
    """Return the state of every process; of several, all must call this."""
    own = _of_this(trainer)
    if trainer.world_size == 1:
        return [own]
    states: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(states, own)
    return states


def _of_this(trainer: pl.Trainer) -> dict[str, Any]:
    module = trainer.lightning_module
    return {
        "random": global_draws.states(),
        "should_stop": bool(trainer.should_stop) and not _by_a_rule(trainer),
        "callback_metrics": _plain_metrics(trainer),
        "losses": [loss.detach().cpu() for loss in state_of(module).step_losses],
        "epoch": state_of(module).running_epoch(),
        "metrics": metric_states(module),
        "results": results_state(trainer),
        "gradients": _gradients(trainer),
    }


def _by_a_rule(trainer: pl.Trainer) -> bool:
    """Return whether a rule of ours has stopped the training: it asks again when it goes on."""
    rules = (StoppingRule, EarlyStopping)
    return any(
        callback.stopped
        if isinstance(callback, StoppingRule | TrialStopping)
        else why_stopped(callback)
        for callback in trainer.callbacks  # type: ignore[attr-defined]
        if isinstance(callback, rules)
    )


def _plain_metrics(trainer: pl.Trainer) -> dict[str, Tensor]:
    """Return what callbacks and schedules see, each number in a storage of its own."""
    metrics = trainer.callback_metrics.items()
    return {name: value.detach().cpu().clone() for name, value in metrics}


def _gradients(trainer: pl.Trainer) -> dict[str, Tensor]:
    """Return the gradients that the next step adds to, or may look at, by name of the parameter."""
    module: Any = trainer.lightning_module
    # Lightning's averaging makes its last step with the gradients of the step before.
    averages = any(isinstance(c, StochasticWeightAveraging) for c in trainer.callbacks)  # type: ignore[attr-defined]
    waits = averages or trainer.fit_loop.epoch_loop._should_accumulate()
    if module.automatic_optimization and not waits:
        return {}
    parameters = module.named_parameters()
    return {name: p.grad.cpu().clone() for name, p in parameters if p.grad is not None}
