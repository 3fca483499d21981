"""Classification: prediction of the probability of each class."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from seedbed.errors import DoesNotFit, listed
from seedbed.training.tasks.losses import binary_cross_entropy, cross_entropy, weighted_mean
from seedbed.training.tasks.task import Task


class Classification(Task):
    """Base class of classifications, whose classes may have weights in the loss.

    Loss and weights are those of torch.nn.CrossEntropyLoss(weight=...): the term of each class
    counts by its weight, and the sum is divided by the sum of the weights of the rows' classes. The
    weight of a row, where it has one, comes on top.

    Args:
        class_count: Number of classes.
        class_weights: Weight of each class; `balanced`, rows / (classes * rows of the class), of
            the training rows; None (default): each is 1.
        more: As in Task.
    """

    class_count: int

    def __init__(
        self, class_count: int, class_weights: str | Sequence[float] | None = None, **more: Any
    ) -> None:
        super().__init__(**more)
        self.class_count = class_count
        self._balanced = class_weights == "balanced"
        self.class_weights: Tensor | None = None
        if class_weights is not None and not isinstance(class_weights, str):
            self.class_weights = torch.tensor(list(class_weights), dtype=torch.float64)

    @property
    def fits_targets(self) -> bool:
        """Whether the class weights are to be balanced."""
        return self._balanced

    def fitted(self, targets: Tensor) -> dict[str, Tensor]:
        """Return the class weights where they are to be balanced.

        Raises:
            DoesNotFit: A class has no training row.
        """
        if not self._balanced:
            return {}
        if targets.is_floating_point() and targets.dim() == 2 and targets.shape[1] > 1:
            counts = targets.double().sum(dim=0)
        else:
            counts = torch.bincount(targets.reshape(-1).long(), minlength=self.class_count)
        if missing := (counts == 0).nonzero().flatten().tolist():
            raise DoesNotFit(
                f"task.class_weights=balanced: no training row is of class {listed(missing)}; "
                "give a list of weights"
            )
        return {"class_weights": counts.sum().double() / (len(counts) * counts)}

    def weights(self, target: Tensor, weight: Tensor | None = None) -> Tensor | None:
        """Return the weight of each row, times that of its class; None where all weigh the same.

        Of a row with probabilities of classes it is the mean of their weights.
        """
        if self.class_weights is None:
            return weight
        of_classes = self.class_weights.to(target.device)
        if target.dim() == 2:
            of_rows = target.to(of_classes.dtype) @ of_classes
        elif target.is_floating_point():
            of_rows = torch.lerp(of_classes[0], of_classes[1], target.to(of_classes.dtype))
        else:
            of_rows = of_classes[target]
        return of_rows if weight is None else of_rows * weight

    def loss(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Return the mean cross-entropy of the logits, by the weights of classes and rows."""
        if self.own_loss is not None:
            weights = self.weights(target, weight)
            own: Tensor = self.own_loss(*self._of_own_loss(output, target), weights)
            return own
        if weight is None and self.class_weights is None:
            return self._losses(output, target, "mean")
        losses = self._losses(output, target, "none")
        rows = torch.ones_like(losses) if weight is None else weight
        return weighted_mean(losses, rows, self.total_weight(target, weight))

    def _of_own_loss(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs and targets as torch's losses of such a task take them."""
        return output, target

    def _losses(self, output: Tensor, target: Tensor, reduction: str) -> Tensor:
        """Return the loss of each row, (rows,), times the weights of classes; or its mean."""
        raise NotImplementedError


class Binary(Classification):
    """Binary classification from one logit. Output: (rows, 1); target: (rows,) int64, 0 or 1.

    A target may also be the probability of class 1, (rows,) floats; metrics take the likelier
    class.
    Takes the arguments of Classification but for `class_count`; its own loss is `bce_with_logits`,
    the binary cross-entropy. One of the user's takes logits and classes, (rows,) floats both.
    """

    def __init__(self, class_weights: str | Sequence[float] | None = None, **more: Any) -> None:
        super().__init__(2, class_weights, **more)

    def target(self, target: Tensor, output: Tensor) -> Tensor:
        """Return the classes as (rows,) int64, probabilities as (rows,) floats."""
        flat = target.reshape(-1)
        return flat.to(output.dtype) if flat.is_floating_point() else flat.long()

    def measured(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and classes; of probabilities, the likelier class."""
        return output, (target > 0.5).long() if target.is_floating_point() else target

    def _of_own_loss(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and classes, (rows,) floats both."""
        return output.squeeze(-1), target.to(output.dtype)

    def _losses(self, output: Tensor, target: Tensor, reduction: str) -> Tensor:
        return binary_cross_entropy(output.squeeze(-1), target, self.class_weights, reduction)

    def prediction(self, output: Tensor) -> Tensor:
        """Return the probability of class 1, (rows,)."""
        return torch.sigmoid(output.squeeze(-1))


class Multiclass(Classification):
    """Classification from a logit per class. Output: (rows, classes); target: (rows,) int64.

    A target may also be the probability of each class, (rows, classes) floats; metrics take the
    likeliest class.

    Args:
        class_count: Number of classes.
        loss: `cross_entropy`, the cross-entropy of the softmax; or a loss of the user's own.
        label_smoothing: Probability in [0, 1] that is spread evenly over all classes of the target
            (Szegedy et al., "Rethinking the Inception architecture for computer vision", 2016).
        class_weights: As in Classification.
        more: As in Task.
    """

    def __init__(
        self,
        class_count: int,
        label_smoothing: float = 0.0,
        class_weights: str | Sequence[float] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(class_count, class_weights, **more)
        self.label_smoothing: float | Tensor = label_smoothing

    def target(self, target: Tensor, output: Tensor) -> Tensor:
        """Return the classes as (rows,) int64, probabilities as (rows, classes) floats."""
        soft = target.is_floating_point() and target.dim() == 2 and target.shape == output.shape
        return target.to(output.dtype) if soft else target.reshape(-1).long()

    def measured(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and classes; of probabilities, the likeliest class."""
        return output, target.argmax(dim=-1) if target.is_floating_point() else target

    def _losses(self, output: Tensor, target: Tensor, reduction: str) -> Tensor:
        return cross_entropy(output, target, self.label_smoothing, self.class_weights, reduction)

    def prediction(self, output: Tensor) -> Tensor:
        """Return the probability of each class, (rows, classes)."""
        return torch.softmax(output, dim=-1)
