"""Schema of the `callbacks`: one dataclass a callback."""

from collections.abc import Iterator
from dataclasses import dataclass

from omegaconf import MISSING, DictConfig

from seedbed.config.metrics import is_of_validation, watched_by_default
from seedbed.config.schema.field import Schema, key


@dataclass
class Callback(Schema, fuses=False):
    """Callback; it fuses where the fused engine does itself what it does in a single run."""

    _target_: str = key("class of the callback", MISSING)


@dataclass
class Checkpoint(Callback, target="seedbed.callbacks.Checkpoint", fuses=True):
    """Checkpoints of the best and the last epoch."""

    every_seconds: float = key(
        "minimum seconds between two checkpoints while training", 30.0, at_least=0
    )
    keep_best: bool = key(
        "keep the weights of the best epoch, too; false: of the last alone", True, fuses=(True,)
    )


@dataclass
class EarlyStopping(Callback, target="pytorch_lightning.callbacks.EarlyStopping", fuses=True):
    """Early stopping: pytorch_lightning.callbacks.EarlyStopping."""

    monitor: str | None = key("metric that is monitored; null: optimized_metric", None)
    mode: str | None = key("min or max; null: follows from the metric", None, one_of=("min", "max"))
    min_delta: float = key(
        "minimum change that counts as an improvement", 0.0, at_least=0, varies=True
    )
    patience: int = key(
        "epochs (or validations, if fewer) with no improvement after which training stops",
        10,
        at_least=0,
        varies=True,
    )

    @classmethod
    def out_of_reach(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a patience that the run is too short for."""
        monitor = node.monitor or watched_by_default(config)
        every = config.trainer.check_val_every_n_epoch
        first = first_stop(monitor, node.patience, every)
        yield from _never_asked(config, key, "patience", node.patience, first)


@dataclass
class LearningRate(Callback, target="seedbed.callbacks.LearningRate", fuses=True):
    """Log of the learning rate."""


@dataclass
class Progress(Callback, target="seedbed.callbacks.Progress", fuses=True):
    """Progress lines of a run."""

    bar: bool | None = key("progress bar, or plain lines; null: a bar on a terminal", None)
    lines: int = key("number of plain lines over the whole run", 10, at_least=1)


@dataclass
class ModelSummary(Callback, target="seedbed.callbacks.ModelSummary", fuses=True):
    """Table of the layers of the model."""

    max_depth: int = key("maximum depth of the nested modules shown", 2, at_least=1)


@dataclass
class StoppingRule(Callback):
    """Stopping rule: it ends the training at convergence."""

    min_epochs: int = key(
        "minimum number of epochs before the rule may stop the training", 1, at_least=1
    )

    @classmethod
    def out_of_reach(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a wait that the run is too short for."""
        yield from _never_asked(config, key, "min_epochs", node.min_epochs, node.min_epochs)


def _never_asked(
    config: DictConfig, key: str, name: str, value: int, first_epoch: int
) -> Iterator[str]:
    """Yield that a rule stops the run in no epoch, `first_epoch` being the first that it could."""
    last = config.trainer.max_epochs
    if last and first_epoch > last:
        every = config.trainer.check_val_every_n_epoch
        rare = f" validated every {every} epochs" if name == "patience" and every > 1 else ""
        yield never_stops(key, name, value, f"trainer.max_epochs={last}{rare}")


def never_stops(key: str, name: str, value: int, run: str) -> str:
    """Return what to say of a rule that can end a run in none of its epochs."""
    return (
        f"{key}.{name}: {value} can never stop a run of {run}; "
        f"lower it, or leave the rule out with ~{key}"
    )


def first_stop(monitor: str, patience: int, check_val_every_n_epoch: int) -> int:
    """Return the first epoch (from 1) after which a patience can be at its end.

    A metric of the validation rows is measured by every validation, any other after every epoch.
    The first measurement sets the mark, and each of the others may be without improvement.
    """
    every = check_val_every_n_epoch if is_of_validation(monitor) else 1
    return (max(patience, 1) + 1) * every


@dataclass
class LossConverged(StoppingRule, target="seedbed.callbacks.LossConverged"):
    """Stopping rule: the loss no longer changes and is small."""

    max_change: float = key("maximum change of the loss from one step to the next", 1e-3, above=0)
    max_loss: float = key("maximum loss of the last step", 0.1)

    @classmethod
    def out_of_reach(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a wait that the run is too short for, and a loss that no loss falls to."""
        yield from super().out_of_reach(node, config, key)
        if node.max_loss <= 0 and config.data.task != "minimize":
            yield f"{key}.max_loss: {node.max_loss} can never be reached: the loss is above 0"


@dataclass
class GradientConverged(StoppingRule, target="seedbed.callbacks.GradientConverged"):
    """Stopping rule: no parameter moves by more than a tolerance."""

    tolerance: float = key(
        "maximum absolute value of learning rate x gradient, of any parameter", 1e-6, above=0
    )


@dataclass
class ParameterValues(Callback, target="seedbed.callbacks.ParameterValues"):
    """Log of the values of parameters."""

    parameters: list[str] = key("glob patterns of parameter names", ["*"])


@dataclass
class Figure(Callback):
    """Figure, drawn at the end and every few epochs."""

    every_n_epochs: int | None = key(
        "epochs between two figures; null: only at the end", None, at_least=1
    )


@dataclass
class LossCurve(Figure, target="seedbed.callbacks.LossCurve"):
    """Figure of the loss per epoch."""


@dataclass
class Gradients(Figure, target="seedbed.callbacks.Gradients", fuses=True):
    """Log and figure of the gradients: their norms, and the numbers of those of small models."""

    every_n_steps: int | None = key(
        "optimizer steps between two points by step; null: means of each epoch alone",
        None,
        at_least=1,
        fuses=(None,),
    )
    parameters: list[str] = key("glob patterns of parameter names", ["*"])
    numbers: bool | None = key(
        "log each number of the gradient, too; null: where there are at most 20",
        None,
        fuses=(False,),
    )
    figure: bool = key(
        "draw a figure, too; without it and numbers, jobs train side by side", True, fuses=(False,)
    )


@dataclass
class Fit(Figure, target="seedbed.callbacks.Fit"):
    """Figure of the fitted line or curve over the data."""

    range: list[float] | None = key("[first, last] input; null: the range of the data", None)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a range without a first and a last number."""
        ends = None if node.range is None else list(node.range)
        if ends is not None and (len(ends) != 2 or ends[0] >= ends[1]):
            yield f"{key}.range: {ends} is not [first, last] with first below last"


@dataclass
class PredictedAgainstTrue(Figure, target="seedbed.callbacks.PredictedAgainstTrue"):
    """Figure of predicted against true values."""


@dataclass
class DecisionBoundary(Figure, target="seedbed.callbacks.DecisionBoundary"):
    """Figure of the decision boundary of a classification of two inputs."""

    points: int = key("maximum number of data points drawn", 1000, at_least=1)


@dataclass
class Path(Figure):
    """Figure with the path that parameters took."""

    every_n_steps: int | None = key(
        "optimizer steps between two points of the path; null: it has every step",
        None,
        at_least=1,
    )


@dataclass
class LossLandscape(Path, target="seedbed.callbacks.LossLandscape"):
    """Figure of the loss over two parameters."""

    parameters: list[str] = key("two scalar parameters of the model", ["weight", "bias"])
    points: int = key("grid points along each of the two", 60, at_least=2)
    log: bool = key("logarithmic colour scale of the loss", True)


@dataclass
class LineRecovery(Path, target="seedbed.callbacks.LineRecovery"):
    """Figure of the true line of the data and the fitted one."""

    points: int = key("grid points along weight and bias", 60, at_least=2)


@dataclass
class MinimizationPath(Path, target="seedbed.callbacks.MinimizationPath"):
    """Figure of the path of the parameters over the function minimized."""

    points: int = key("grid points along each parameter, where there are two", 80, at_least=2)


@dataclass
class ConfusionMatrix(Figure, target="seedbed.callbacks.ConfusionMatrix"):
    """Figure of the confusion matrix."""


@dataclass
class WorstMistakes(Figure, target="seedbed.callbacks.WorstMistakes"):
    """Figure of the misclassified images with the most confident predictions."""

    images: int = key("maximum number of images shown", 16, at_least=1, at_most=25)
