"""Learning-rate schedules, built from the config."""

from math import ceil, inf
from typing import Any

import pytorch_lightning as pl
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

from seedbed.config.instantiation import make_factory, reworded
from seedbed.errors import ConfigError

# Keys that may be null for "the whole run".
_LENGTHS = ("T_max", "total_steps", "total_iters")


def warmup_cosine(
    optimizer: Optimizer, start_factor: float, warmup_iters: int, total_iters: int, eta_min: float
) -> SequentialLR:
    """Return a schedule of linear warmup followed by cosine annealing.

    The annealing is that of Loshchilov and Hutter, "SGDR: Stochastic gradient descent with warm
    restarts" (2017), without restarts.

    Args:
        optimizer: Optimizer whose learning rate is scheduled.
        start_factor: Factor of the learning rate at the start, in (0, 1].
        warmup_iters: Steps of the linear warmup.
        total_iters: Steps of the whole schedule, warmup included.
        eta_min: Learning rate at the end.
    """
    rise = LinearLR(optimizer, start_factor=start_factor, total_iters=warmup_iters)
    fall = CosineAnnealingLR(optimizer, T_max=max(1, total_iters - warmup_iters), eta_min=eta_min)
    return SequentialLR(optimizer, [rise, fall], milestones=[warmup_iters])


def make_scheduler(
    options: dict[str, Any], optimizer: Optimizer, trainer: pl.Trainer
) -> dict[str, Any] | None:
    """Return Lightning's scheduler dictionary for the options of `scheduler=`, or None.

    Raises ConfigError where a length is null and the run's own is not known.
    """
    options = dict(options)
    if options["_target_"] is None:
        return None
    interval = options.pop("interval", "epoch")
    monitor = options.pop("monitor", None)
    for name in _LENGTHS:
        if name in options and options[name] is None:
            options[name] = _run_length(trainer, interval, name)
    try:
        scheduler = make_factory("scheduler", options)(optimizer)
    except (TypeError, ValueError) as error:
        raise reworded("scheduler", options["_target_"], error) from error
    found = {"scheduler": scheduler, "interval": interval, "frequency": 1}
    return found if monitor is None else {**found, "monitor": monitor}


def _run_length(trainer: pl.Trainer, interval: str, name: str) -> int:
    """Return the steps or epochs of the whole run."""
    per_epoch = _steps_per_epoch(trainer)
    epochs = trainer.max_epochs if trainer.max_epochs and trainer.max_epochs > 0 else inf
    steps = min(
        trainer.max_steps if trainer.max_steps > 0 else inf,
        epochs * per_epoch if per_epoch else inf,
    )
    length = steps if interval == "step" else min(epochs, steps / per_epoch if per_epoch else inf)
    if length == inf:
        raise ConfigError(f"scheduler.{name}: the run's length is not known; give a number")
    return max(1, ceil(length))


def _steps_per_epoch(trainer: pl.Trainer) -> int | None:
    """Return the optimizer steps of an epoch; None where the data have no length.

    `trainer.estimated_stepping_batches` would tell too, but it makes Lightning set up the training
    data before a checkpoint is restored, and the loader then forgets where the epoch stopped.
    """
    data: Any = trainer.datamodule  # type: ignore[attr-defined]
    try:
        batches = len(data.train_dataloader())
    except TypeError:
        return None
    limit: Any = trainer.overfit_batches or trainer.limit_train_batches  # type: ignore[attr-defined]
    batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
    return ceil(batches / trainer.accumulate_grad_batches)
