"""What the `callbacks` hold: one dataclass a callback."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from omegaconf import MISSING

from seedbed.config.schema.field import key


@dataclass
class Callback:
    """Keys that every callback has.

    `fuses` tells whether the fused engine does itself what the callback does in a single run.
    """

    fuses: ClassVar[bool] = False

    _target_: str = key("class of the callback", MISSING)


@dataclass
class Checkpoint(Callback):
    """Keys of `callbacks.checkpoint`."""

    fuses: ClassVar[bool] = True

    _target_: str = key("class of the callback", "seedbed.callbacks.Checkpoint")
    every_seconds: float = key(
        "minimum seconds between two checkpoints while training", 30.0, at_least=0
    )


@dataclass
class EarlyStopping(Callback):
    """Keys of `callbacks.early_stopping`."""

    fuses: ClassVar[bool] = True

    _target_: str = key("class of the callback", "pytorch_lightning.callbacks.EarlyStopping")
    monitor: str | None = key("metric that is monitored; null: optimized_metric", None)
    mode: str | None = key("min or max; null: follows from the metric", None, one_of=("min", "max"))
    min_delta: float = key(
        "minimum change that counts as an improvement", 0.0, at_least=0, varies=True
    )
    patience: int = key(
        "epochs with no improvement after which training stops", 10, at_least=0, varies=True
    )

    @classmethod
    def out_of_reach(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield a patience that the run is too short for."""
        # The first epoch sets the mark, so patience runs out one epoch later.
        yield from _never_asked(config, key, "patience", node.patience, node.patience + 1)


@dataclass
class LearningRate(Callback):
    """Keys of `callbacks.learning_rate`."""

    fuses: ClassVar[bool] = True

    _target_: str = key("class of the callback", "seedbed.callbacks.LearningRate")


@dataclass
class Progress(Callback):
    """Keys of `callbacks.progress`."""

    fuses: ClassVar[bool] = True

    _target_: str = key("class of the callback", "seedbed.callbacks.Progress")
    bar: bool | None = key("progress bar, or plain lines; null: a bar on a terminal", None)
    lines: int = key("number of plain lines over the whole run", 10, at_least=1)


@dataclass
class ModelSummary(Callback):
    """Keys of `callbacks.model_summary`."""

    fuses: ClassVar[bool] = True

    _target_: str = key("class of the callback", "seedbed.callbacks.ModelSummary")
    max_depth: int = key("maximum depth of the nested modules shown", 2, at_least=1)


@dataclass
class StoppingRule(Callback):
    """Keys of the rules that stop the training at convergence."""

    min_epochs: int = key(
        "minimum number of epochs before the rule may stop the training", 1, at_least=1
    )

    @classmethod
    def out_of_reach(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield a wait that the run is too short for."""
        yield from _never_asked(config, key, "min_epochs", node.min_epochs, node.min_epochs)


def _never_asked(config: Any, key: str, name: str, value: int, first_epoch: int) -> Iterator[str]:
    """Yield that a rule stops the run in no epoch, `first_epoch` being the first that it could."""
    last = config.trainer.max_epochs
    if last is not None and first_epoch > last:
        yield (
            f"{key}.{name}: {value} can never stop a run of trainer.max_epochs={last}; "
            f"lower it, or leave the rule out with ~{key}"
        )


@dataclass
class LossConverged(StoppingRule):
    """Keys of `callbacks.loss_converged`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.LossConverged")
    max_change: float = key("maximum change of the loss from one step to the next", 1e-3, above=0)
    max_loss: float = key("maximum loss of the last step", 0.1)

    @classmethod
    def out_of_reach(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield a wait that the run is too short for, and a loss that no loss falls to."""
        yield from super().out_of_reach(node, config, key)
        if node.max_loss <= 0 and config.data.task != "minimize":
            yield f"{key}.max_loss: {node.max_loss} can never be reached: the loss is above 0"


@dataclass
class GradientConverged(StoppingRule):
    """Keys of `callbacks.gradient_converged`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.GradientConverged")
    tolerance: float = key(
        "maximum absolute value of learning rate x gradient, of any parameter", 1e-6, above=0
    )


@dataclass
class ParameterValues(Callback):
    """Keys of `callbacks.parameter_values`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.ParameterValues")
    parameters: list[str] = key("glob patterns of parameter names", ["*"])


@dataclass
class Figure(Callback):
    """Keys that every figure has."""

    every_n_epochs: int | None = key(
        "epochs between two figures; null: only at the end", None, at_least=1
    )


@dataclass
class LossCurve(Figure):
    """Keys of `callbacks.loss_curve`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.LossCurve")


@dataclass
class Fit(Figure):
    """Keys of `callbacks.fit`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.Fit")
    range: list[float] | None = key("[first, last] input; null: the range of the data", None)

    @classmethod
    def problems(cls, node: Any, config: Any, key: str) -> Iterator[str]:
        """Yield a range without a first and a last number."""
        ends = None if node.range is None else list(node.range)
        if ends is not None and (len(ends) != 2 or ends[0] >= ends[1]):
            yield f"{key}.range: {ends} is not [first, last] with first below last"


@dataclass
class PredictedAgainstTrue(Figure):
    """Keys of `callbacks.predicted_against_true`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.PredictedAgainstTrue")


@dataclass
class DecisionBoundary(Figure):
    """Keys of `callbacks.decision_boundary`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.DecisionBoundary")
    points: int = key("maximum number of data points drawn", 1000, at_least=1)


@dataclass
class LossLandscape(Figure):
    """Keys of `callbacks.loss_landscape`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.LossLandscape")
    parameters: list[str] = key("two scalar parameters of the model", ["weight", "bias"])
    points: int = key("grid points along each of the two", 60, at_least=2)
    log: bool = key("logarithmic colour scale of the loss", True)


@dataclass
class LineRecovery(Figure):
    """Keys of `callbacks.line_recovery`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.LineRecovery")
    points: int = key("grid points along weight and bias", 60, at_least=2)


@dataclass
class MinimizationPath(Figure):
    """Keys of `callbacks.minimization_path`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.MinimizationPath")
    points: int = key("grid points along each parameter, where there are two", 80, at_least=2)


@dataclass
class ConfusionMatrix(Figure):
    """Keys of `callbacks.confusion_matrix`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.ConfusionMatrix")


@dataclass
class WorstMistakes(Figure):
    """Keys of `callbacks.worst_mistakes`."""

    _target_: str = key("class of the callback", "seedbed.callbacks.WorstMistakes")
    images: int = key("maximum number of images shown", 16, at_least=1, at_most=25)
