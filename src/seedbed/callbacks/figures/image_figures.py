"""Figures of a classification: which classes are taken for which, and the worst mistakes."""

from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from seedbed.callbacks.figures.figure import FigureCallback, array, rows_of
from seedbed.callbacks.figures.labels import class_names
from seedbed.callbacks.figures.prediction_figures import measured_split
from seedbed.config.spec import RunSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS_AT_ONCE = 1000
CLASSIFICATIONS = ("binary", "multiclass")


class ConfusionMatrix(FigureCallback):
    """How often each class was taken for each other one."""

    name = "confusion_matrix"
    of_test_split = True

    def unfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Only classes can be confused."""
        return "" if spec.facts.task in CLASSIFICATIONS else "needs a classification"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure of the test split, else of the validation or training rows."""
        from seedbed.figures import confusion_matrix

        _, classes, probability = classified(trainer, module)
        size = probability.shape[1]
        pairs = classes * size + probability.argmax(1)
        counts = torch.bincount(pairs, minlength=size * size).view(size, size)
        return confusion_matrix(array(counts), class_names(self.facts, size))


class WorstMistakes(FigureCallback):
    """The wrongly classified images of which the model was surest."""

    name = "worst_mistakes"
    of_test_split = True

    def __init__(self, every_n_epochs: int | None = None, images: int = 16) -> None:
        super().__init__(every_n_epochs)
        self.images = images

    def unfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Only images of classes can be shown as such."""
        shape = list(spec.facts.input_shape)
        if spec.facts.task in CLASSIFICATIONS and len(shape) == 3 and shape[0] in (1, 3):
            return ""
        return "needs a classification of images: one or three channels x height x width"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure of the test split, else of the validation or training rows."""
        from seedbed.figures import worst_mistakes

        inputs, classes, probability = classified(trainer, module)
        certain, predicted = probability.max(1)
        wrong = (predicted != classes).nonzero().view(-1)
        worst = wrong[certain[wrong].argsort(descending=True)][: self.images]
        names = class_names(self.facts, probability.shape[1])
        return worst_mistakes(
            array(between_0_and_1(inputs[worst])),
            [names[one] for one in classes[worst].tolist()],
            [names[one] for one in predicted[worst].tolist()],
            array(certain[worst]),
        )


def classified(trainer: pl.Trainer, module: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs, classes (rows,) and probabilities (rows, classes), all on the CPU."""
    inputs, targets = rows_of(trainer, measured_split(trainer))
    parts = [
        module.task.prediction(module.net(part)).float() for part in inputs.split(ROWS_AT_ONCE)
    ]
    probability = torch.cat(parts).cpu()
    if probability.dim() == 1:
        probability = torch.stack((1 - probability, probability), dim=1)
    return inputs.cpu(), targets.view(-1).long().cpu(), probability


def between_0_and_1(inputs: Tensor) -> Tensor:
    """Return images as (images, height, width) or (images, height, width, 3)."""
    images = inputs.float()
    if len(images):
        low, high = images.min(), images.max()
        images = (images - low) / (high - low).clamp(min=torch.finfo(images.dtype).tiny)
    return images[:, 0] if images.shape[1] == 1 else images.movedim(1, -1)
