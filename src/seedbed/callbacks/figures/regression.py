"""Figures of regressions: the fitted curve, and predictions against true values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from torch import nn

from seedbed.callbacks.figures.axis_labels import feature_labels, target_labels
from seedbed.callbacks.figures.equation import linear_equations
from seedbed.callbacks.figures.figure_callback import FigureCallback
from seedbed.callbacks.figures.grid import padded_range
from seedbed.callbacks.figures.rows import (
    SPLIT_NAMES,
    data_module,
    evaluated_split,
    rows_of,
    unscaled,
)
from seedbed.config.spec import RunSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVE_POINTS = 200


class Fit(FigureCallback):
    """Curve of a model of one input and one target, with the training and validation rows.

    Args:
        every_n_epochs: As in FigureCallback.
        range: First and last input of the curve, in the units of the data; None (default) takes
            the range of the rows, widened by 5 % at each end.
    """

    name = "fit"

    def __init__(
        self, every_n_epochs: int | None = None, range: Sequence[float] | None = None
    ) -> None:
        super().__init__(every_n_epochs)
        self.range = range

    def misfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Require a regression of one target on one input."""
        data = spec.facts
        if data.task == "regression" and list(data.input_shape) == [1] and data.output_size == 1:
            return ""
        return "needs a regression with one input and one target; try predicted_against_true"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Evaluate the model along the range and draw it with the rows of both splits."""
        from seedbed.figures import fit_on_range

        data = data_module(trainer)
        splits = [split for split in ("train", "val") if data.has_split(split)]
        tables = [rows_of(trainer, split) for split in splits]
        inputs, targets = (torch.cat(columns) for columns in zip(*tables, strict=True))
        held_out = torch.arange(len(inputs)) >= len(tables[0][0])
        readings = unscaled(trainer, inputs)
        first, last = self.range or padded_range(readings)
        curve = torch.linspace(first, last, CURVE_POINTS, dtype=torch.float64).view(-1, 1)
        outputs = module.task.prediction(module.net(data.model_inputs(curve).to(inputs.device)))
        predicted, targets = module.task.measured(module.net(inputs), targets.view(-1, 1))
        equations = linear_equations(data, module.net, module.task, self.facts)
        return fit_on_range(
            readings.flatten().numpy(force=True),
            targets.flatten().numpy(force=True),
            predicted.flatten().numpy(force=True),
            curve.flatten().numpy(),
            outputs.flatten().numpy(force=True),
            feature_labels(self.facts, 1)[0],
            target_labels(self.facts, 1)[0],
            held_out=held_out.numpy() if held_out.any() else None,
            title=" and ".join(SPLIT_NAMES[split] for split in splits),
            equation=next(iter(equations), ""),
        )


class PredictedAgainstTrue(FigureCallback):
    """Predicted against true values, of the test split, else the validation or training rows."""

    name = "predicted_against_true"
    of_test_split = True

    def misfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Require a regression."""
        return "" if spec.facts.task == "regression" else "needs a regression"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Predict the rows and draw a panel for each target."""
        from seedbed.figures import predicted_against_true

        split = evaluated_split(trainer)
        inputs, targets = rows_of(trainer, split)
        outputs = module.net(inputs)
        outputs, targets = module.task.measured(outputs, targets.view_as(outputs))
        return predicted_against_true(
            targets.numpy(force=True),
            outputs.numpy(force=True),
            target_labels(self.facts, outputs.shape[-1]),
            SPLIT_NAMES[split],
            linear_equations(data_module(trainer), module.net, module.task, self.facts),
        )
