"""Base class of tasks."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Self

import torch
from torch import Tensor

from seedbed.config.instantiation import make
from seedbed.training.metrics import NAMED
from seedbed.training.metrics.by_torchmetrics import make_named
from seedbed.training.tasks.own_loss import OwnLoss


class Task:
    """Base class of tasks.

    Attributes:
        outputs: Numbers that the network puts out per row; 1 until the data have told it.

    Args:
        metrics: Names of metrics in METRICS or NAMED that are computed besides the loss.
        torchmetrics: Configs of further metrics, with a `_target_` each, by name; they are given
            predictions and targets.
        loss: Name of the loss, where a task has several; or a loss of the user's own.
    """

    class_count: int | None = None

    def __init__(
        self,
        metrics: Sequence[str] = (),
        torchmetrics: Mapping[str, Any] | None = None,
        loss: str | OwnLoss = "",
    ) -> None:
        # Those of Seedbed's own formulas, and those of torchmetrics.
        self.metrics = [name for name in metrics if name not in NAMED]
        self.named = [name for name in metrics if name in NAMED]
        self.outputs = 1
        self._torchmetrics = dict(torchmetrics or {})
        self.own_loss = loss if isinstance(loss, OwnLoss) else None
        self.loss_name = "" if isinstance(loss, OwnLoss) else loss

    def make_torchmetrics(self) -> dict[str, Any]:
        """Return new torchmetrics by name; raise ConfigError where a config is wrong."""
        named = make_named(self.named, self.class_count, self.outputs)
        if not self._torchmetrics:
            return named
        # Only here: it takes its time to import.
        from torchmetrics import Metric

        return named | {
            name: make(f"task.torchmetrics.{name}", Metric, node)
            for name, node in self._torchmetrics.items()
        }

    @property
    def has_torchmetrics(self) -> bool:
        """Whether there are metrics beside METRICS."""
        return bool(self._torchmetrics or self.named)

    def with_numbers(self, numbers: Mapping[str, float | Tensor]) -> Self:
        """Return a copy of the task with other hyperparameters of its loss.

        Args:
            numbers: Values by config key, such as `huber_delta`, or what `fitted` returns. A value
                may be a tensor without dimensions, as the hyperparameters of each job are under
                torch.func.vmap.
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

    @property
    def fits_targets(self) -> bool:
        """Whether anything follows from the targets of the training rows."""
        return False

    def fitted(self, targets: Tensor) -> dict[str, Tensor]:
        """Return what of the task follows from the training rows, for `with_numbers`.

        Args:
            targets: Targets of all training rows, as the data have them.
        """
        return {}

    def measured(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs and targets, those that `target` returned, as metrics take them."""
        return output, target

    def weights(self, target: Tensor, weight: Tensor | None = None) -> Tensor | None:
        """Return the weight of each row in the loss, (rows,); None where all rows weigh the same.

        Args:
            target: Targets as `target` returns them.
            weight: Weights of the rows themselves, (rows,), at least 0; None (default): all alike.
        """
        return weight

    def total_weight(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Return the sum of the weights of the rows in the loss, a scalar; of equal ones, rows."""
        weights = self.weights(target, weight)
        if weights is None:
            return torch.tensor(float(len(target)), dtype=torch.float64, device=target.device)
        return weights.double().sum()

    def loss(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Return the mean loss over the rows, a scalar; by weights, sum(w l) / sum(w).

        Rows that all weigh nothing have the loss 0.

        Args:
            output: Output of the network, as documented in each task.
            target: Targets as `target` returns them.
            weight: Weights of the rows, (rows,), at least 0; None (default): all alike.
        """
        raise NotImplementedError

    def prediction(self, output: Tensor) -> Tensor:
        """Return the prediction from an output: values, or probabilities."""
        raise NotImplementedError
