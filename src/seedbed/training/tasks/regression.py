"""Regression: prediction of real numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional

from seedbed.errors import DataError
from seedbed.training.tasks.losses import huber, weighted_mean
from seedbed.training.tasks.own_loss import OwnLoss
from seedbed.training.tasks.task import Task


class Regression(Task):
    """Regression: prediction of real numbers. Output and target have the shape (rows, targets).

    The targets of the batches may be scaled, (t - shift) / scale: losses are those of the scaled
    ones, metrics and predictions are in the units of the targets themselves.

    Attributes:
        target_shift, target_scale: shift and scale of each target, (targets,); None: not scaled.

    Args:
        loss: `mse`, the mean squared error; `mae`, the mean absolute error; or `huber`, the Huber
            loss (Huber, "Robust estimation of a location parameter", 1964); or a loss of the user's
            own, a function of outputs and targets.
        huber_delta: Error at which the Huber loss becomes linear, in the units of the targets as
            the batches have them.
        metrics: As in Task.
        torchmetrics: As in Task.
    """

    def __init__(
        self,
        loss: str | OwnLoss = "mse",
        huber_delta: float = 1.0,
        metrics: Sequence[str] = (),
        torchmetrics: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metrics, torchmetrics, loss)
        self.huber_delta: float | Tensor = huber_delta
        self.target_shift: Tensor | None = None
        self.target_scale: Tensor | None = None

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

    def loss(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Return the mean loss over all elements, (rows x targets), by the weights of the rows."""
        if self.own_loss is not None:
            own: Tensor = self.own_loss(output, target, weight)
            return own
        reduction = "mean" if weight is None else "none"
        if self.loss_name == "mse":
            loss = functional.mse_loss(output, target, reduction=reduction)
        elif self.loss_name == "mae":
            loss = functional.l1_loss(output, target, reduction=reduction)
        else:
            loss = huber(output, target, self.huber_delta, reduction)
        return loss if weight is None else weighted_mean(loss, weight)

    def measured(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs and targets in the units of the targets, in float64 where scaled."""
        return self._unscaled(output), self._unscaled(target)

    def prediction(self, output: Tensor) -> Tensor:
        """Return the output in the units of the targets, (rows, targets)."""
        return self._unscaled(output).to(output.dtype)

    def _unscaled(self, values: Tensor) -> Tensor:
        if self.target_shift is None or self.target_scale is None:
            return values
        shift, scale = (each.to(values.device) for each in (self.target_shift, self.target_scale))
        return values.double() * scale + shift
