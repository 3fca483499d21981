"""Figures of classifiers: confusion matrix, worst mistakes and decision boundary."""

from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from seedbed.callbacks.figures.axis_labels import class_names, feature_labels
from seedbed.callbacks.figures.figure_callback import FigureCallback
from seedbed.callbacks.figures.grid import grid_points, padded_range
from seedbed.callbacks.figures.rows import (
    SPLIT_NAMES,
    data_module,
    evaluated_split,
    rows_of,
    unscaled,
    validation_split,
)
from seedbed.config.spec import RunSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLASSIFICATION_TASKS = ("binary", "multiclass")
# Rows of one forward pass.
BATCH_SIZE = 1000
# Points along each axis at which a decision boundary is computed.
GRID_POINTS = 100


class ConfusionMatrix(FigureCallback):
    """Confusion matrix of the test split, else of the validation or training rows."""

    name = "confusion_matrix"
    of_test_split = True

    def misfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Require a classification."""
        return "" if spec.facts.task in CLASSIFICATION_TASKS else "needs a classification"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Count predicted classes by true class and draw them."""
        from seedbed.figures import confusion_matrix

        split = evaluated_split(trainer)
        _, classes, probability = _predictions(trainer, module, split)
        size = probability.shape[1]
        cells = classes * size + probability.argmax(1)
        counts = torch.bincount(cells, minlength=size * size).view(size, size)
        names = class_names(self.facts, size)
        return confusion_matrix(counts.numpy(), names, SPLIT_NAMES[split])


class WorstMistakes(FigureCallback):
    """Misclassified images with the highest predicted probability, of the split as above.

    Args:
        every_n_epochs: As in FigureCallback.
        images: Largest number of images shown, from 1 to 25.
    """

    name = "worst_mistakes"
    of_test_split = True

    def __init__(self, every_n_epochs: int | None = None, images: int = 16) -> None:
        super().__init__(every_n_epochs)
        self.images = images

    def misfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Require a classification of images with one or three channels."""
        shape = list(spec.facts.input_shape)
        if spec.facts.task in CLASSIFICATION_TASKS and len(shape) == 3 and shape[0] in (1, 3):
            return ""
        return "needs a classification of images: one or three channels x height x width"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Rank the misclassified images by probability and draw the first of them."""
        from seedbed.figures import worst_mistakes

        split = evaluated_split(trainer)
        inputs, classes, probability = _predictions(trainer, module, split)
        confidence, predicted = probability.max(1)
        wrong = (predicted != classes).nonzero().view(-1)
        worst = wrong[confidence[wrong].argsort(descending=True)][: self.images]
        names = class_names(self.facts, probability.shape[1])
        return worst_mistakes(
            _images(inputs[worst]).numpy(),
            [names[label] for label in classes[worst].tolist()],
            [names[label] for label in predicted[worst].tolist()],
            confidence[worst].numpy(),
            title=f"{len(wrong):,} of {len(inputs):,} {SPLIT_NAMES[split]} wrong",
        )


class DecisionBoundary(FigureCallback):
    """Decision boundary of a binary classifier of two inputs, with the validation rows.

    Without a validation split the training rows are drawn.

    Args:
        every_n_epochs: As in FigureCallback.
        points: Largest number of rows drawn.
    """

    name = "decision_boundary"

    def __init__(self, every_n_epochs: int | None = None, points: int = 1000) -> None:
        super().__init__(every_n_epochs)
        self.points = points

    def misfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Require a binary classification of two inputs."""
        if spec.facts.task == "binary" and list(spec.facts.input_shape) == [2]:
            return ""
        return "needs a binary task with two inputs"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Compute the probability of class 1 on a grid around the rows and draw both."""
        from seedbed.figures import decision_boundary

        split = validation_split(trainer)
        inputs, targets = rows_of(trainer, split, self.points)
        points, classes = unscaled(trainer, inputs), targets.view(-1).long()
        x, y = (
            torch.linspace(*padded_range(column), GRID_POINTS, dtype=torch.float64)
            for column in points.unbind(1)
        )
        grid = data_module(trainer).model_inputs(grid_points(x, y)).to(inputs.device)
        probability = module.task.prediction(module.net(grid)).view(GRID_POINTS, GRID_POINTS)
        predicted = (module.task.prediction(module.net(inputs)) > 0.5).view(-1).long()
        accuracy = float((predicted == classes).double().mean())
        return decision_boundary(
            points.numpy(force=True),
            classes.numpy(force=True),
            predicted.numpy(force=True),
            x.numpy(),
            y.numpy(),
            probability.numpy(force=True),
            labels=feature_labels(self.facts, 2),
            class_names=class_names(self.facts, 2),
            title=f"epoch {epoch}: {accuracy:.1%} of {len(classes):,} {SPLIT_NAMES[split]} right",
        )


def _predictions(trainer: pl.Trainer, module: Any, split: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs, classes (rows,) and probabilities (rows, classes) of a split, on the CPU."""
    inputs, targets = rows_of(trainer, split)
    outputs = torch.cat([module.net(batch) for batch in inputs.split(BATCH_SIZE)])
    _, classes = module.task.measured(outputs, module.task.target(targets, outputs))
    probability = module.task.prediction(outputs).float().cpu()
    if probability.dim() == 1:
        probability = torch.stack((1 - probability, probability), dim=1)
    return inputs.cpu(), classes.cpu(), probability


def _images(inputs: Tensor) -> Tensor:
    """Return inputs scaled to [0, 1], (images, height, width) or (images, height, width, 3)."""
    images = inputs.float()
    if len(images):
        low, high = images.min(), images.max()
        images = (images - low) / (high - low).clamp(min=torch.finfo(images.dtype).tiny)
    return images[:, 0] if images.shape[1] == 1 else images.movedim(1, -1)
