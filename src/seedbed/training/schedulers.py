"""Learning-rate schedules, built from the config."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, SequentialLR

from seedbed.config.instantiation import make_factory, reworded
from seedbed.config.metrics import is_of_validation
from seedbed.errors import ConfigError

# Keys that may be null for "the whole run".
_LENGTHS = ("T_max", "total_steps", "total_iters")
# The schedules that have such a key, and what is beyond their end.
_BEYOND_THE_END = {
    "CosineAnnealingLR": "the learning rate would rise again",
    "OneCycleLR": "there is no learning rate for the others",
    "warmup_cosine": "the learning rate would rise again",
}


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


@dataclass(frozen=True)
class RunLength:
    """Length of a run, as far as it is known before it starts.

    Attributes:
        epochs: epochs to train; None: no limit.
        steps: optimizer steps to train; None: no limit.
        steps_per_epoch: optimizer steps of an epoch; None where the data have no length.
        epochs_between_validations: epochs between two validations.
    """

    epochs: int | None
    steps: int | None = None
    steps_per_epoch: int | None = None
    epochs_between_validations: int = 1

    def intervals(self, interval: str) -> int | None:
        """Return how many `epoch`s or `step`s the run takes; None where that is not known."""
        epochs = inf if self.epochs is None else self.epochs
        steps = inf if self.steps is None else self.steps
        if self.steps_per_epoch is not None:
            steps = min(steps, epochs * self.steps_per_epoch)
            epochs = min(epochs, steps / self.steps_per_epoch)
        length = steps if interval == "step" else epochs
        return None if length == inf else max(1, ceil(length))


def lasts_as_long_as_the_run(options: Mapping[str, Any]) -> bool:
    """Return whether the length of a schedule is that of the run."""
    return any(name in options and options[name] is None for name in _LENGTHS)


def length_problem(options: Mapping[str, Any], length: RunLength, cut_short: bool = False) -> str:
    """Return what is wrong with the length of a schedule; empty where nothing is.

    Args:
        options: The options of `scheduler=`.
        length: Length of the run.
        cut_short: Whether the run is shorter than meant on purpose, to debug it.
    """
    target = str(options["_target_"]).rpartition(".")[2]
    interval = options.get("interval", "epoch")
    run = length.intervals(interval)
    known = f"and the run has {run} {interval}{'s' * (run != 1)}"
    key = next((name for name in _LENGTHS if options.get(name) is not None), None)
    if target not in _BEYOND_THE_END or key is None:
        return ""
    given, advice = options[key], f"scheduler.{key}=null is the whole run"
    if run is None and target == "OneCycleLR":
        return f"scheduler.{key}: {given}, and the run's length is not known: trainer.max_epochs"
    if run is not None and given < run:
        return f"scheduler.{key}: {given}, {known}: {_BEYOND_THE_END[target]}; {advice}"
    if run is not None and given > run and not cut_short:
        return f"scheduler.{key}: {given}, {known}: it would not come to its end; {advice}"
    return ""


def with_lengths(options: Mapping[str, Any], length: RunLength) -> dict[str, Any]:
    """Return the options of `scheduler=`, with the length of the run where they say null for it."""
    intervals = length.intervals(options.get("interval", "epoch"))
    return {
        name: intervals if name in _LENGTHS and value is None else value
        for name, value in options.items()
    }


def _require_schedule(kind: Any, target: str) -> None:
    """Raise ConfigError where a class is no learning-rate schedule; a function is none yet."""
    if isinstance(kind, type) and not issubclass(kind, LRScheduler):
        raise ConfigError(f"scheduler._target_: {target} is not a torch learning-rate schedule")


def make_scheduler(
    options: Mapping[str, Any], optimizer: Optimizer, length: RunLength
) -> dict[str, Any] | None:
    """Return Lightning's scheduler dictionary for the options of `scheduler=`, or None.

    Raises ConfigError where a length is null and the run's own is not known.
    """
    options = dict(options)
    if options["_target_"] is None:
        return None
    for name, value in with_lengths(options, length).items():
        if name in _LENGTHS and value is None:
            raise ConfigError(f"scheduler.{name}: the run's length is not known; give a number")
        options[name] = value
    interval = options.pop("interval", "epoch")
    monitor = options.pop("monitor", None)
    factory, target = make_factory("scheduler", options), options["_target_"]
    _require_schedule(factory.func, target)
    try:
        scheduler = factory(optimizer)
    except Exception as error:  # It may be of the user's own.
        raise reworded("scheduler", target, error) from error
    _require_schedule(type(scheduler), target)
    entry = {"scheduler": scheduler, "interval": interval, "frequency": 1}
    if monitor is None:
        return entry
    # A metric of the validation rows is new after a validation alone.
    rare = length.epochs_between_validations if is_of_validation(str(monitor)) else 1
    return {**entry, "monitor": monitor, "frequency": rare}
