"""What the `callbacks` hold: one dataclass a callback."""

from dataclasses import dataclass

from omegaconf import MISSING

from seedbed.schema.field import key


@dataclass
class Callback:
    """Keys that every callback has."""

    _target_: str = key("class of the callback", MISSING)


@dataclass
class Checkpoint(Callback):
    """Keys of `callbacks.checkpoint`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.Checkpoint")
    every_seconds: float = key("least time between two writes while training", 30.0, at_least=0)


@dataclass
class EarlyStopping(Callback):
    """Keys of `callbacks.early_stopping`."""

    _target_: str = key("class of the callback", "pytorch_lightning.callbacks.EarlyStopping")
    monitor: str | None = key("metric watched; null: optimized_metric", None)
    mode: str | None = key("min or max; null: follows from the metric", None, one_of=("min", "max"))
    min_delta: float = key("smallest change that counts as an improvement", 0.0, at_least=0)
    patience: int = key("epochs without improvement before stopping", 10, at_least=0)


@dataclass
class LearningRate(Callback):
    """Keys of `callbacks.learning_rate`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.LearningRate")


@dataclass
class Progress(Callback):
    """Keys of `callbacks.progress`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.Progress")
    bar: bool | None = key("bar, or plain lines; null: a bar on a terminal", None)
    lines: int = key("plain lines over the whole run", 10, at_least=1)


@dataclass
class ModelSummary(Callback):
    """Keys of `callbacks.model_summary`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.ModelSummary")
    max_depth: int = key("levels of modules shown", 2, at_least=1)
