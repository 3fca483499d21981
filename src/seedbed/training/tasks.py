"""What a model is trained for: the loss, the metrics, and what a prediction is."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional

from seedbed.config.instantiation import make
from seedbed.errors import ConfigError, DataError


class Task:
    """A loss on the network's outputs, names of metrics, and the meaning of an output.

    `torchmetrics` maps names to configs of further metrics from that library; they see predictions
    and targets.
    """

    def __init__(
        self, metrics: Sequence[str] = (), torchmetrics: Mapping[str, Any] | None = None
    ) -> None:
        self.metrics = list(metrics)
        self._torchmetrics = dict(torchmetrics or {})

    def make_torchmetrics(self) -> dict[str, Any]:
        """Return new objects of the further metrics, by name."""
        if not self._torchmetrics:
            return {}
        # Only here: it takes its time to import.
        from torchmetrics import Metric

        return {
            name: make(f"task.torchmetrics.{name}", Metric, node)
            for name, node in self._torchmetrics.items()
        }

    def with_numbers(self, numbers: Mapping[str, float | Tensor]) -> Self:
        """Return the same task with other numbers in its loss, by the names of the config.

        Such a number may be a tensor without dimensions, as each job's own is inside of
        torch.func.vmap.
        """
        own = copy(self)
        vars(own).update(numbers)
        return own

    def output(self, net: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Return what the network makes of a batch of inputs."""
        return net(inputs)

    def target(self, target: Tensor, output: Tensor) -> Tensor:
        """Return the targets in the shape that loss and metrics want."""
        return target

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss over the rows, a scalar."""
        raise NotImplementedError

    def prediction(self, output: Tensor) -> Tensor:
        """Return what a row's output says: values, or probabilities."""
        raise NotImplementedError


class Regression(Task):
    """Numbers to numbers. Output and target: (rows, targets)."""

    def __init__(
        self,
        loss: str = "mse",
        huber_delta: float = 1.0,
        metrics: Sequence[str] = (),
        torchmetrics: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metrics, torchmetrics)
        self.loss_name = loss
        self.huber_delta: float | Tensor = huber_delta

    def target(self, target: Tensor, output: Tensor) -> Tensor:
        """Return the targets as (rows, targets); raises DataError where their number differs."""
        if target.shape == output.shape and target.dtype == output.dtype:
            return target
        if len(target) != len(output) or target.numel() != output.numel():
            raise DataError(
                f"targets of shape {tuple(target.shape)} do not fit outputs of shape "
                f"{tuple(output.shape)}: check data.output_size"
            )
        return target.reshape(output.shape).to(output.dtype)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean over every element of squared, absolute or Huber error."""
        if self.loss_name == "mse":
            return functional.mse_loss(output, target)
        if self.loss_name == "mae":
            return functional.l1_loss(output, target)
        return _huber(output, target, self.huber_delta)

    def prediction(self, output: Tensor) -> Tensor:
        """Return the values themselves."""
        return output


class Binary(Task):
    """Class 0 or 1 from one logit. Output: (rows, 1); target: (rows,) int64."""

    def __init__(
        self,
        loss: str = "bce_with_logits",
        metrics: Sequence[str] = (),
        torchmetrics: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metrics, torchmetrics)

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
    """The network is a function of its own parameters; its value is the loss. Output: (1, 1)."""

    def output(self, net: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Return the function's value; raises ConfigError where it is not one number."""
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
        """Return the value itself."""
        return output


class Multiclass(Task):
    """One of several classes by a logit each. Output: (rows, classes); target: (rows,) int64."""

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


# torch's functions take no tensors as numbers: for these, their formulas.


def _huber(output: Tensor, target: Tensor, delta: float | Tensor) -> Tensor:
    """Return the mean of error² / 2 up to an error of `delta`, and of the tangent from there on."""
    if not isinstance(delta, Tensor):
        return functional.huber_loss(output, target, delta=delta)
    error = (output - target).abs()
    squared = torch.minimum(error, delta.to(error.dtype))
    return (squared * (error - 0.5 * squared)).mean()


def _cross_entropy(logits: Tensor, target: Tensor, smoothing: float | Tensor) -> Tensor:
    """Return the mean cross-entropy with targets of which a share is spread over all classes."""
    if not isinstance(smoothing, Tensor):
        return functional.cross_entropy(logits, target, label_smoothing=smoothing)
    log_probability = functional.log_softmax(logits, dim=-1)
    right, spread = functional.nll_loss(log_probability, target), -log_probability.mean()
    kept, smoothing = (1.0 - smoothing).to(logits.dtype), smoothing.to(logits.dtype)
    # Without smoothing, a class of probability 0 has no part in it: 0 times infinity is no number.
    return torch.where(smoothing == 0, right, kept * right + smoothing * spread)
