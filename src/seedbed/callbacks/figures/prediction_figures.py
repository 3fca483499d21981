"""Figures of what the model says of rows: fitted values and decisions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from seedbed.callbacks.figures.figure import (
    FigureCallback,
    array,
    data_of,
    raw,
    rows_of,
    split_shown,
    will_test,
)
from seedbed.callbacks.figures.labels import class_names, feature_labels, target_labels
from seedbed.config.spec import RunSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Points of a curve, and along each side of a plane.
POINTS = 200
GRID = 100


class Fit(FigureCallback):
    """The model's curve over a range of its one input, the readings and the fitted values."""

    name = "fit"

    def __init__(
        self, every_n_epochs: int | None = None, range: Sequence[float] | None = None
    ) -> None:
        super().__init__(every_n_epochs)
        self.range = range

    def unfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Only one number against one number makes a curve."""
        facts = spec.facts
        sizes = (*facts.input_shape, facts.output_size)
        if facts.task == "regression" and sizes == (1, 1):
            return ""
        return "needs a regression with one input and one target; try predicted_against_true"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure; rows held out are marked."""
        from seedbed.figures import fit_on_range

        data = data_of(trainer)
        splits = [split for split in ("train", "val") if data.has_split(split)]
        parts = [rows_of(trainer, split) for split in splits]
        inputs, targets = (torch.cat(columns) for columns in zip(*parts, strict=True))
        held_out = torch.arange(len(inputs)) >= len(parts[0][0])
        readings = raw(trainer, inputs)
        first, last = self.range or with_margin(readings)
        curve = torch.linspace(first, last, POINTS, dtype=torch.float64).view(-1, 1)
        outputs = module.net(data.model_inputs(curve).to(inputs.device))
        return fit_on_range(
            array(readings).reshape(-1),
            array(targets).reshape(-1),
            array(module.net(inputs)).reshape(-1),
            array(curve).reshape(-1),
            array(outputs).reshape(-1),
            feature_labels(self.facts, 1)[0],
            target_labels(self.facts, 1)[0],
            held_out=array(held_out) if held_out.any() else None,
        )


class PredictedAgainstTrue(FigureCallback):
    """A panel a target: what the model says against what is true."""

    name = "predicted_against_true"
    of_test_split = True

    def unfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Only numbers can be plotted against each other."""
        return "" if spec.facts.task == "regression" else "needs a regression"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure of the test split, else of the validation or training rows."""
        from seedbed.figures import predicted_against_true

        inputs, targets = rows_of(trainer, measured_split(trainer))
        outputs = module.net(inputs)
        labels = target_labels(self.facts, outputs.shape[-1])
        return predicted_against_true(array(targets.view_as(outputs)), array(outputs), labels)


class DecisionBoundary(FigureCallback):
    """Points of two classes in the plane, the wrong ones filled, and where the model decides."""

    name = "decision_boundary"

    def __init__(self, every_n_epochs: int | None = None, points: int = 1000) -> None:
        super().__init__(every_n_epochs)
        self.points = points

    def unfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Only two inputs make a plane, only two classes one boundary."""
        if spec.facts.task == "binary" and list(spec.facts.input_shape) == [2]:
            return ""
        return "needs a binary task with two inputs"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure of the validation rows, else of the training rows."""
        from seedbed.figures import decision_boundary

        inputs, targets = rows_of(trainer, split_shown(trainer, ("val",)), self.points)
        readings, classes = raw(trainer, inputs), targets.view(-1).long()
        first, second = (
            torch.linspace(*with_margin(column), GRID, dtype=torch.float64)
            for column in readings.unbind(1)
        )
        plane = data_of(trainer).model_inputs(grid(first, second)).to(inputs.device)
        probability = module.task.prediction(module.net(plane)).view(GRID, GRID)
        predicted = (module.task.prediction(module.net(inputs)) > 0.5).view(-1).long()
        accuracy = float((predicted == classes).double().mean())
        return decision_boundary(
            array(readings),
            array(classes),
            array(predicted),
            array(first),
            array(second),
            array(probability),
            labels=pair(feature_labels(self.facts, 2)),
            class_names=pair(class_names(self.facts, 2)),
            title=f"epoch {epoch}: {accuracy:.1%} of {len(classes):,} points right",
        )


def measured_split(trainer: pl.Trainer) -> str:
    """Return the split that says most: test, else validation, else training."""
    return split_shown(trainer, ("test", "val") if will_test(trainer) else ("val",))


def grid(first: Tensor, second: Tensor) -> Tensor:
    """Return every pair of (n,) and (m,) numbers as (m n, 2), the first running fastest."""
    rows, columns = torch.meshgrid(second, first, indexing="ij")
    return torch.stack((columns, rows), dim=-1).view(-1, 2)


def pair(names: Sequence[str]) -> tuple[str, str]:
    """Return two names."""
    first, second = names
    return first, second


def with_margin(values: Tensor, share: float = 0.05) -> tuple[float, float]:
    """Return what the values span, and a little more at both ends."""
    low, high = float(values.min()), float(values.max())
    margin = share * (high - low or 1.0)
    return low - margin, high + margin
