"""Metrics of a classification.

Those of a binary task are of class 1; those of several classes the mean over the classes that occur
among targets or predictions, where no more is said.
"""

import torch
from torch import Tensor
from torch.nn import functional

from seedbed.training.metrics.metric import Metric, Present, Rows, kept, mean

# Bins of the calibration error; a probability of 1 has one of its own.
_BINS = 15


def _classes(output: Tensor) -> Tensor:
    """Return the predicted class: the largest logit, or whether the only one is above 0."""
    return (output.squeeze(-1) > 0).long() if output.shape[-1] == 1 else output.argmax(-1)


def _correct(output: Tensor, target: Tensor, present: Present) -> Tensor:
    return kept(_classes(output) == target, present).sum().double()


def _wrong(sums: Tensor, rows: Rows) -> Tensor:
    return 1.0 - sums / rows


def _counts(output: Tensor, target: Tensor, present: Present) -> Tensor:
    """True positives, predicted and actual rows of each class, (3, classes); binary, of class 1."""
    count = max(2, output.shape[-1])
    predicted = kept(functional.one_hot(_classes(output), count), present)
    actual = kept(functional.one_hot(target, count), present)
    sums = torch.stack(((predicted * actual).sum(0), predicted.sum(0), actual.sum(0))).double()
    return sums[:, 1:] if output.shape[-1] == 1 else sums


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    """Return part / whole, counts; 0 of nothing."""
    return part / whole.clamp(min=1)


def _over_classes(scores: Tensor, counts: Tensor) -> Tensor:
    """Return the mean of scores over the classes that occur at all."""
    _, predicted, actual = counts
    seen = predicted + actual > 0
    score: Tensor = (scores * seen).sum() / seen.sum().clamp(min=1)
    return score


def _both_classes(counts: Tensor, rows: Rows) -> Tensor:
    """Return the counts of all classes, also of a binary task, (3, classes)."""
    if counts.shape[-1] > 1:
        return counts
    right, predicted, actual = counts
    negative = torch.stack((rows - predicted - actual + right, rows - predicted, rows - actual))
    return torch.cat((negative, counts), dim=-1)


def _f1(counts: Tensor, rows: Rows) -> Tensor:
    """2 TP / (predicted + actual)."""
    right, predicted, actual = counts
    return _over_classes(_ratio(2 * right, predicted + actual), counts)


def _precision(counts: Tensor, rows: Rows) -> Tensor:
    """TP / predicted."""
    return _over_classes(_ratio(counts[0], counts[1]), counts)


def _recall(counts: Tensor, rows: Rows) -> Tensor:
    """TP / actual."""
    return _over_classes(_ratio(counts[0], counts[2]), counts)


def _jaccard(counts: Tensor, rows: Rows) -> Tensor:
    """TP / (predicted or actual)."""
    right, predicted, actual = counts
    return _over_classes(_ratio(right, predicted + actual - right), counts)


def _specificity(counts: Tensor, rows: Rows) -> Tensor:
    """TN / not actual."""
    right, predicted, actual = counts
    return _over_classes(_ratio(rows - predicted - actual + right, rows - actual), counts)


def _negative_predictive_value(counts: Tensor, rows: Rows) -> Tensor:
    """TN / not predicted."""
    right, predicted, actual = counts
    return _over_classes(_ratio(rows - predicted - actual + right, rows - predicted), counts)


def _balanced_accuracy(counts: Tensor, rows: Rows) -> Tensor:
    """Recall, averaged over the classes that have rows, both classes of a binary task."""
    right, _, actual = _both_classes(counts, rows)
    there = actual > 0
    score: Tensor = _ratio(right, actual).sum() / there.sum().clamp(min=1)
    return score


def _cohen_kappa(counts: Tensor, rows: Rows) -> Tensor:
    """Agreement beyond chance (Cohen, "A coefficient of agreement for nominal scales", 1960)."""
    right, predicted, actual = _both_classes(counts, rows)
    chance = (predicted * actual).sum() / rows
    kappa: Tensor = (right.sum() - chance) / (rows - chance)
    return kappa


def _matthews(counts: Tensor, rows: Rows) -> Tensor:
    """Correlation of predicted and actual classes; 0 where either is constant.

    Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004.
    """
    right, predicted, actual = _both_classes(counts, rows)
    both = right.sum() * rows - (predicted * actual).sum()
    spread = (rows * rows - predicted.square().sum()) * (rows * rows - actual.square().sum())
    return torch.where(spread == 0, 0.0, both / torch.where(spread == 0, 1.0, spread).sqrt())


def _log_losses(output: Tensor, target: Tensor, present: Present) -> Tensor:
    logits = output.double()
    if output.shape[-1] == 1:
        losses = functional.binary_cross_entropy_with_logits(
            logits.squeeze(-1), target.double(), reduction="none"
        )
    else:
        losses = functional.cross_entropy(logits, target, reduction="none")
    return kept(losses, present).sum()


def _calibration_sums(output: Tensor, target: Tensor, present: Present) -> Tensor:
    """Rows, confidence and right rows of each bin of confidence, (3, bins).

    The confidence is the probability of the predicted class; of a binary task that of class 1,
    whose rows are the right ones.
    """
    if output.shape[-1] == 1:
        confidence, right = output.squeeze(-1).sigmoid(), target == 1
    else:
        confidence, predicted = output.softmax(dim=-1).max(dim=-1)
        right = predicted == target
    edges = torch.linspace(0, 1, _BINS + 1, dtype=confidence.dtype, device=confidence.device)
    places = (confidence.unsqueeze(-1) >= edges).sum(dim=-1) - 1
    bins = kept(functional.one_hot(places.clamp(min=0), _BINS + 1), present).double()
    columns = torch.stack((torch.ones_like(confidence), confidence, right)).double()
    return kept(columns.T, present).T @ bins


def _calibration_error(sums: Tensor, rows: Rows) -> Tensor:
    """Distance of confidence and accuracy over the bins, by their rows.

    Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning", 2015.
    """
    _, confidence, right = sums
    error: Tensor = (confidence - right).abs().sum() / rows
    return error


CLASSIFICATION = {
    "accuracy": Metric(_correct, mean, lower=0, upper=1),
    "f1": Metric(_counts, _f1, lower=0, upper=1),
    "balanced_accuracy": Metric(_counts, _balanced_accuracy, lower=0, upper=1),
    "precision": Metric(_counts, _precision, lower=0, upper=1),
    "recall": Metric(_counts, _recall, lower=0, upper=1),
    "specificity": Metric(_counts, _specificity, lower=0, upper=1),
    "negative_predictive_value": Metric(_counts, _negative_predictive_value, lower=0, upper=1),
    "jaccard": Metric(_counts, _jaccard, lower=0, upper=1),
    "hamming_distance": Metric(_correct, _wrong, lower=0, upper=1),
    "cohen_kappa": Metric(_counts, _cohen_kappa, lower=-1, upper=1),
    "matthews_corrcoef": Metric(_counts, _matthews, lower=-1, upper=1),
    "log_loss": Metric(_log_losses, mean, lower=0),
    "calibration_error": Metric(_calibration_sums, _calibration_error, lower=0, upper=1),
}
