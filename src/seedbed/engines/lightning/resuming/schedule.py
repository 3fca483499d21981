"""Learning rates of a run that goes on with another rate, schedule or length.

A checkpoint holds what its learning rates follow from. Where that is the same, the schedule is
restored as it was. Where it is not, the run has from there on the learning rates that the new
schedule has at those steps, counted from the start of the run.
"""

import json
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytorch_lightning as pl
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from seedbed.training.schedulers import RunLength, with_lengths

# Key of a checkpoint.
KEY = "schedule"
# What OneCycleLR keeps in the optimizer beside the learning rate, and what it cycles.
_CYCLES, _CYCLED = ("base_momentum", "max_momentum"), ("momentum", "betas")
# What ReduceLROnPlateau has counted.
_COUNTED = ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")

MakeSchedule = Callable[[Optimizer], dict[str, Any] | None]


def described(rate: Any, options: Mapping[str, Any], length: RunLength) -> str:
    """Return what learning rates follow from, as a text that can be compared.

    Args:
        rate: `optimizer.lr`.
        options: The options of `scheduler=`.
        length: Length of the run.
    """
    return json.dumps({"lr": rate, **with_lengths(options, length)}, sort_keys=True, default=str)


class ScheduleOfBefore:
    """The schedule that a run had before it goes on with another.

    Args:
        text: What `described` returned of it.
        states: Its state, as Lightning saves those of all schedules.
    """

    def __init__(self, text: str, states: list[dict[str, Any]]) -> None:
        self.options: dict[str, Any] = json.loads(text)
        self.states = states

    def replace(self, trainer: pl.Trainer, make: MakeSchedule) -> None:
        """Put the new schedule in force, which `make` makes; called when all is restored."""
        optimizer = trainer.optimizers[0]
        reached = [float(group["lr"]) for group in optimizer.param_groups]
        _reset(optimizer)
        entry = make(optimizer)
        if entry is None:
            return
        scheduler = entry["scheduler"]
        trainer.lr_scheduler_configs[0].scheduler = scheduler
        if isinstance(scheduler, ReduceLROnPlateau):
            self._take_over(scheduler, reached)
            return
        steps = trainer.global_step if entry["interval"] == "step" else trainer.current_epoch
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # That no step was taken in between.
            for _ in range(steps):
                scheduler.step()

    def _take_over(self, plateau: ReduceLROnPlateau, reached: list[float]) -> None:
        """Let a plateau go on from what another one has counted, and has reduced the rates by."""
        if not self.states or not {*_COUNTED} <= self.states[0].keys():
            return
        for name in _COUNTED:
            setattr(plateau, name, self.states[0][name])
        begun = self.options["lr"] or plateau.optimizer.defaults["lr"]
        for group, rate in zip(plateau.optimizer.param_groups, reached, strict=True):
            group["lr"] *= rate / begun if begun else 1.0


def _reset(optimizer: Optimizer) -> None:
    """Let the learning rate be that of the optimizer's options, as if no schedule had been."""
    for group in optimizer.param_groups:
        group.pop("initial_lr", None)
        if [group.pop(name, None) for name in _CYCLES] != [None, None]:
            group.update({k: v for k, v in optimizer.defaults.items() if k in _CYCLED})
        group["lr"] = optimizer.defaults["lr"]
