"""Metrics of ranks, which take all rows of an epoch at once.

What is put together over batches are the rows themselves, as columns: (numbers of a row, rows). The
last number tells whether the row is there at all. Equal values have the mean of their ranks.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from seedbed.training.metrics.metric import Metric, Present, Rows


def _joined(first: Tensor, second: Tensor) -> Tensor:
    return torch.cat((first, second), dim=-1)


def _there(values: Tensor, present: Present) -> Tensor:
    """Return whether each row of values (numbers, rows) is there, (1, rows)."""
    ones = torch.ones_like(values[:1])
    return ones if present is None else ones * present


def _scores(output: Tensor, target: Tensor, present: Present) -> Tensor:
    """Probability of each class, of a binary task that of class 1; the class; being there."""
    # In the type of the outputs: what a prediction cannot tell apart has equal ranks.
    scores = output.sigmoid() if output.shape[-1] == 1 else output.softmax(dim=-1)
    values = scores.double().T
    return torch.cat((values, target.double().unsqueeze(0), _there(values, present)))


def _pairs(output: Tensor, target: Tensor, present: Present) -> Tensor:
    """Outputs, targets, and being there, (2 targets + 1, rows)."""
    values = torch.cat((output, target), dim=-1).T
    return torch.cat((values, _there(values, present)))


class _Ranked(NamedTuple):
    """Values in order, lowest first, each row of values (rows of values, columns) for itself.

    Attributes:
        order: the columns in that order.
        start, end: place of the first and the last value that equals the one at each place.
    """

    order: Tensor
    start: Tensor
    end: Tensor


def _ranked(values: Tensor, there: Tensor) -> _Ranked:
    """Rank values; those that are not there come first."""
    ordered, order = torch.where(there > 0, values, -torch.inf).sort(dim=-1)
    places = torch.arange(values.shape[-1], device=values.device).expand(ordered.shape)
    differs = ordered[:, 1:] != ordered[:, :-1]
    # Neither the first nor the last value differs from one beside it.
    alike = torch.zeros_like(places[:, :1], dtype=torch.bool)
    start = torch.where(torch.cat((alike, differs), dim=-1), places, 0).cummax(dim=-1).values
    ends = torch.where(torch.cat((differs, alike), dim=-1), places, values.shape[-1] - 1)
    end = ends.flip(-1).cummin(dim=-1).values.flip(-1)
    return _Ranked(order, start, end)


def _ranks(values: Tensor, there: Tensor) -> Tensor:
    """Return the ranks from 1 on of values (rows of values, columns), those that are there."""
    ranked = _ranked(values, there)
    absent = (there <= 0).sum()
    middle = (ranked.start + ranked.end).double() / 2 + 1 - absent
    return torch.zeros_like(middle).scatter(-1, ranked.order, middle)


def _of_classes(sums: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return scores and whether a row is of the class, (classes, rows); being there, (1, rows)."""
    scores, target, there = sums[:-2], sums[-2:-1], sums[-1:]
    if len(scores) == 1:
        return scores, target * there, there
    classes = torch.arange(len(scores), device=sums.device).unsqueeze(1)
    return scores, (target == classes) * there, there


def _mean_over_classes(values: Tensor, own: Tensor, others: Tensor) -> Tensor:
    """Return the mean over the classes that some rows are of, and others not; nan without any."""
    told = (own > 0) & (others > 0)
    return torch.where(told, values, 0.0).sum() / told.sum() + 0.0 * own.sum()


def _auroc(sums: Tensor, rows: Rows) -> Tensor:
    """Share of pairs, of a row of the class and another, that the scores put in order.

    By the sum of ranks (Hanley and McNeil, "The meaning and use of the area under a receiver
    operating characteristic curve", 1982). Of several classes each against all others.
    """
    scores, of_class, there = _of_classes(sums)
    own = of_class.sum(dim=-1)
    others = there.sum() - own
    above = (_ranks(scores, there) * of_class).sum(dim=-1) - own * (own + 1) / 2
    return _mean_over_classes(above / (own * others), own, others)


def _average_precision(sums: Tensor, rows: Rows) -> Tensor:
    """Precision at the score of each row of the class, averaged over these rows."""
    scores, of_class, there = _of_classes(sums)
    own = of_class.sum(dim=-1)
    ranked = _ranked(scores, there)
    # Whole numbers, whose sums are the same in any order, on a GPU as well.
    hits, counted = (
        part.long().expand(scores.shape).gather(-1, ranked.order).flip(-1).cumsum(-1).flip(-1)
        for part in (of_class, there)
    )
    # All rows of that score and of higher ones.
    precision = (hits / counted.clamp(min=1)).gather(-1, ranked.start)
    at_rows = torch.zeros_like(precision).scatter(-1, ranked.order, precision)
    return _mean_over_classes((at_rows * of_class).sum(dim=-1) / own, own, there.sum() - own)


def _spearman(sums: Tensor, rows: Rows) -> Tensor:
    """Pearson's correlation of the ranks; nan where outputs or targets are constant."""
    values, there = sums[:-1], sums[-1:]
    ranks = _ranks(values, there)
    offset = (ranks - (there.sum() + 1) / 2) * there
    output, target = offset.tensor_split(2)
    scale = output.square().sum(dim=-1).sqrt() * target.square().sum(dim=-1).sqrt()
    return ((output * target).sum(dim=-1) / scale).clamp(-1.0, 1.0).mean()


RANKS_OF_NUMBERS = {
    "spearman": Metric(_pairs, _spearman, lower=-1, upper=1, merge=_joined, keeps_rows=True)
}
RANKS_OF_CLASSES = {
    "auroc": Metric(_scores, _auroc, lower=0, upper=1, merge=_joined, keeps_rows=True),
    "average_precision": Metric(
        _scores, _average_precision, lower=0, upper=1, merge=_joined, keeps_rows=True
    ),
}
