"""Tasks: the loss, the metrics and the predictions of a kind of problem."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional

from seedbed.config.instantiation import make
from seedbed.errors import ConfigError, DataError


class Task:
    """Base class of tasks.

    Args:
        metrics: Names of metrics in METRICS that are computed besides the loss.
        torchmetrics: Configs of further metrics, with a `_target_` each, by name; they are given
            predictions and targets.
        loss: Name of the loss, where a task has several.
    """

    def __init__(
        self,
        metrics: Sequence[str] = (),
        torchmetrics: Mapping[str, Any] | None = None,
        loss: str = "",
    ) -> None:
        self.metrics = list(metrics)
        self._torchmetrics = dict(torchmetrics or {})
        self.loss_name = loss

    def make_torchmetrics(self) -> dict[str, Any]:
        """Return new torchmetrics by name; raise ConfigError where a config is wrong."""
        if not self._torchmetrics:
            return {}
        # Only here: it takes its time to import.
        from torchmetrics import Metric

        return {
            name: make(f"task.torchmetrics.{name}", Metric, node)
            for name, node in self._torchmetrics.items()
        }

    @property
    def has_torchmetrics(self) -> bool:
        """Whether there are metrics beside METRICS."""
        return bool(self._torchmetrics)

    def with_numbers(self, numbers: Mapping[str, float | Tensor]) -> Self:
        """Return a copy of the task with other hyperparameters of its loss.

        Args:
            numbers: Values by config key, such as `huber_delta`. A value may be a tensor without
                dimensions, as the hyperparameters of each job are under torch.func.vmap.
        """
        task = copy(self)
        vars(task).update(numbers)
        return task

    def output(self, net: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Return the output of the network for a batch of inputs."""
        return net(inputs)

    def target(self, target: Tensor, output: Tensor) -> Tensor:
        """Return targets in the shape and dtype that loss and metrics take, given the output."""
        return target

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss over the rows, a scalar.

        Args:
            output: Output of the network, as documented in each task.
            target: Targets as `target` returns them.
        """
        raise NotImplementedError

    def prediction(self, output: Tensor) -> Tensor:
        """Return the prediction from an output: values, or probabilities."""
        raise NotImplementedError


class Regression(Task):
    """Regression: prediction of real numbers. Output and target have the shape (rows, targets).

    Args:
        loss: `mse`, the mean squared error; `mae`, the mean absolute error; or `huber`, the Huber
            loss (Huber, "Robust estimation of a location parameter", 1964).
        huber_delta: Error at which the Huber loss becomes linear, in the units of the targets.
        metrics: As in Task.
        torchmetrics: As in Task.
    """

    def __init__(
        self,
        loss: str = "mse",
        huber_delta: float = 1.0,
        metrics: Sequence[str] = (),
        torchmetrics: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metrics, torchmetrics, loss)
        self.huber_delta: float | Tensor = huber_delta

    def target(self, target: Tensor, output: Tensor) -> Tensor:
        """Return the targets in the shape and dtype of the output; raise DataError on a misfit."""
        if target.shape == output.shape and target.dtype == output.dtype:
            return target
        if len(target) != len(output) or target.numel() != output.numel():
            raise DataError(
                f"targets of shape {tuple(target.shape)} do not fit outputs of shape "
                f"{tuple(output.shape)}: check data.output_size"
            )
        return target.reshape(output.shape).to(output.dtype)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss over all elements, (rows x targets)."""
        if self.loss_name == "mse":
            return functional.mse_loss(output, target)
        if self.loss_name == "mae":
            return functional.l1_loss(output, target)
        return _huber(output, target, self.huber_delta)

    def prediction(self, output: Tensor) -> Tensor:
        """Return the output itself, (rows, targets)."""
        return output


class Binary(Task):
    """Binary classification from one logit. Output: (rows, 1); target: (rows,) int64, 0 or 1.

    Takes the arguments of Task; its only loss is `bce_with_logits`, the binary cross-entropy.
    """

    def target(self, target: Tensor, output: Tensor) -> Tensor:
        """Return the classes as (rows,) int64."""
        return target.reshape(-1).long()

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean binary cross-entropy of the logits."""
        logits = output.squeeze(-1)
        return functional.binary_cross_entropy_with_logits(logits, target.to(logits.dtype))

    def prediction(self, output: Tensor) -> Tensor:
        """Return the probability of class 1, (rows,)."""
        return torch.sigmoid(output.squeeze(-1))


class Minimize(Task):
    """Minimization of a function: a network without inputs. Output: (1, 1), its value."""

    def output(self, net: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Return the value of the function; raise ConfigError where it is not one number."""
        value = net()
        if not isinstance(value, Tensor):
            raise ConfigError(f"model: forward() gave a {type(value).__name__}, not a tensor")
        if value.numel() != 1:
            shape = tuple(value.shape)
            raise ConfigError(f"model: forward() gave shape {shape}, and one number is minimized")
        return value.reshape(1, 1)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the value, a scalar."""
        return output.mean()

    def prediction(self, output: Tensor) -> Tensor:
        """Return the value, (1, 1)."""
        return output


class Multiclass(Task):
    """Classification from a logit per class. Output: (rows, classes); target: (rows,) int64.

    Args:
        class_count: Number of classes.
        loss: `cross_entropy`, the cross-entropy of the softmax.
        label_smoothing: Probability in [0, 1] that is spread evenly over all classes of the target
            (Szegedy et al., "Rethinking the Inception architecture for computer vision", 2016).
        metrics: As in Task.
        torchmetrics: As in Task.
    """

    def __init__(
        self,
        class_count: int,
        loss: str = "cross_entropy",
        label_smoothing: float = 0.0,
        metrics: Sequence[str] = (),
        torchmetrics: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metrics, torchmetrics)
        self.class_count = class_count
        self.label_smoothing: float | Tensor = label_smoothing

    def target(self, target: Tensor, output: Tensor) -> Tensor:
        """Return the classes as (rows,) int64."""
        return target.reshape(-1).long()

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean cross-entropy of the logits."""
        return _cross_entropy(output, target, self.label_smoothing)

    def prediction(self, output: Tensor) -> Tensor:
        """Return the probability of each class, (rows, classes)."""
        return torch.softmax(output, dim=-1)


class Auto(Task):
    """Task that the data pose, as a config names it; a spec has the task itself in its place."""


# torch's functions take no tensors as numbers: for these, their formulas.


def _huber(output: Tensor, target: Tensor, delta: float | Tensor) -> Tensor:
    """Return the mean Huber loss: error^2 / 2 up to `delta`, delta (|error| - delta / 2) beyond."""
    if not isinstance(delta, Tensor):
        return functional.huber_loss(output, target, delta=delta)
    error = (output - target).abs()
    squared = torch.minimum(error, delta.to(error.dtype))
    return (squared * (error - 0.5 * squared)).mean()


def _cross_entropy(logits: Tensor, target: Tensor, smoothing: float | Tensor) -> Tensor:
    """Return the mean cross-entropy with label smoothing."""
    if not isinstance(smoothing, Tensor):
        return functional.cross_entropy(logits, target, label_smoothing=smoothing)
    log_probability = functional.log_softmax(logits, dim=-1)
    right, spread = functional.nll_loss(log_probability, target), -log_probability.mean()
    kept, smoothing = (1.0 - smoothing).to(logits.dtype), smoothing.to(logits.dtype)
    # Without smoothing, a class of probability 0 has no part in it: 0 times infinity is no number.
    return torch.where(smoothing == 0, right, kept * right + smoothing * spread)
