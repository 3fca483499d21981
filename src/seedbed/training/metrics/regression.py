"""Metrics of a regression; of several targets the mean over them.

The rows of two batches have their sums about a first value of each, since of values far from zero
the squares themselves have no digits left for their differences.
"""

from collections.abc import Callable
from math import log

import torch
from torch import Tensor
from torch.nn import functional

from seedbed.training.metrics.metric import Metric, Present, Rows, kept, mean

# Smallest value that an error is divided by, as torchmetrics has it.
_SMALLEST = 1.17e-06


def _squared_error(output: Tensor, target: Tensor, present: Present) -> Tensor:
    if present is None:
        return functional.mse_loss(output, target, reduction="sum") / target.shape[-1]
    return kept((output - target).square(), present).sum() / target.shape[-1]


def _absolute_error(output: Tensor, target: Tensor, present: Present) -> Tensor:
    if present is None:
        return functional.l1_loss(output, target, reduction="sum") / target.shape[-1]
    return kept((output - target).abs(), present).sum() / target.shape[-1]


def _root_mean(sums: Tensor, rows: Rows) -> Tensor:
    return (sums / rows).sqrt()


def _r2_sums(output: Tensor, target: Tensor, present: Present) -> Tensor:
    """Rows, first value, offsets from it, their squares and squared errors, (targets, 5).

    Of targets far from zero the squares themselves have no digits left for their differences. With
    the first value left out, equal targets are equal to the last digit, and others keep all digits
    but those of the number of rows.
    """
    if len(target) == 0:
        return target.new_zeros(target.shape[-1], 5)
    # With the rows last, which is three times as fast.
    values = target.T.contiguous()
    error, first = output.T - values, values[:, :1]
    if present is None:
        count, offset = torch.full_like(first, len(target)), values - first
    else:
        place = present.long().argmax().expand(first.shape)
        first = values.gather(1, place)
        count = present.sum().to(values.dtype).expand(first.shape)
        offset, error = (torch.where(present, each, 0.0) for each in (values - first, error))
    sums = torch.stack((offset, offset * offset, error * error), dim=1).sum(dim=-1)
    return torch.cat((count, first, sums), dim=-1)


def _r2_merge(first: Tensor, second: Tensor) -> Tensor:
    """Add sums up, those of the second as they would be from the first value of the first."""
    rows, start, *sums = first.unbind(dim=-1)
    more, other, offsets, squares, residual = second.unbind(dim=-1)
    # Where there was no row yet, the other's first value is the first one.
    start = torch.where(rows == 0, other, start)
    apart = torch.where(more == 0, 0.0, other - start)
    moved = offsets + more * apart
    squares = squares + apart * (offsets + moved)
    rows, *sums = map(torch.add, (rows, *sums), (more, moved, squares, residual))
    return torch.stack((rows, start, *sums), dim=-1)


def _r2(sums: Tensor, rows: Rows) -> Tensor:
    """1 - residual / total sum of squares, averaged over targets; nan below two rows.

    Of a target that is constant, 1 where it is met to the last digit and else 0, as scikit-learn
    and torchmetrics have it.
    """
    _, _, offsets, squares, residual = sums.unbind(dim=-1)
    total = squares - offsets * offsets / rows
    constant = torch.where(residual == 0, 1.0, residual)
    score = 1.0 - (residual / torch.where(total == 0, constant, total)).mean()
    return torch.where(torch.as_tensor(rows, device=score.device) < 2, torch.nan, score)


def _relative_squared_error(sums: Tensor, rows: Rows) -> Tensor:
    """Squared errors over those of the mean: 1 - r2."""
    return 1.0 - _r2(sums, rows)


def _normalized_error(sums: Tensor, rows: Rows) -> Tensor:
    """Root of the mean squared error over the size of the mean."""
    _, first, offsets, _, residual = sums.unbind(dim=-1)
    return ((residual / rows).sqrt() / (first + offsets / rows).abs()).mean()


def _summed(error: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """Return the sums of a metric that is the mean of an error over all rows and targets."""

    def sums(output: Tensor, target: Tensor, present: Present) -> Tensor:
        return kept(error(output, target), present).sum() / target.shape[-1]

    return sums


def _percentage(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).abs() / target.abs().clamp(min=_SMALLEST)


def _symmetric_percentage(output: Tensor, target: Tensor) -> Tensor:
    return 2.0 * (output - target).abs() / (output.abs() + target.abs()).clamp(min=_SMALLEST)


def _squared_log(output: Tensor, target: Tensor) -> Tensor:
    return (output.log1p() - target.log1p()).square()


def _log_cosh(output: Tensor, target: Tensor) -> Tensor:
    error = (output - target).abs()
    return error + functional.softplus(-2.0 * error) - log(2.0)


def _weighted_percentage_sums(output: Tensor, target: Tensor, present: Present) -> Tensor:
    """Absolute errors and absolute targets, (2,)."""
    both = torch.stack(((output - target).abs(), target.abs()), dim=-1)
    return kept(both, present).sum(dim=(0, 1))


def _weighted_percentage(sums: Tensor, rows: Rows) -> Tensor:
    error, total = sums
    share: Tensor = error / total.clamp(min=_SMALLEST)
    return share


def _cosines(output: Tensor, target: Tensor, present: Present) -> Tensor:
    return kept(functional.cosine_similarity(output, target, dim=-1), present).sum()


def _largest_error(output: Tensor, target: Tensor, present: Present) -> Tensor:
    if len(target) == 0:
        return target.new_zeros(())
    return kept((output - target).abs(), present).amax()


def _largest(sums: Tensor, rows: Rows) -> Tensor:
    return sums


def _moments(output: Tensor, target: Tensor, present: Present) -> Tensor:
    """Rows, first output and target, offsets from both, and their squares and product.

    (targets, 8).
    """
    if len(target) == 0:
        return target.new_zeros(target.shape[-1], 8)
    x, y = output.T.contiguous(), target.T.contiguous()
    place = torch.zeros_like(x[:, :1], dtype=torch.long)
    count = torch.full_like(y[:, :1], len(target))
    if present is not None:
        place = present.long().argmax().expand(place.shape)
        count = present.sum().to(y.dtype).expand(count.shape)
    first_x, first_y = x.gather(1, place), y.gather(1, place)
    dx, dy = x - first_x, y - first_y
    if present is not None:
        dx, dy = (torch.where(present, each, 0.0) for each in (dx, dy))
    sums = torch.stack((dx, dy, dx * dx, dy * dy, dx * dy), dim=1).sum(dim=-1)
    return torch.cat((count, first_x, first_y, sums), dim=-1)


def _merged_moments(first: Tensor, second: Tensor) -> Tensor:
    """Add sums up, those of the second as they would be from the first values of the first."""
    rows, x, y, *sums = first.unbind(dim=-1)
    more, other_x, other_y, dx, dy, xx, yy, xy = second.unbind(dim=-1)
    x, y = torch.where(rows == 0, other_x, x), torch.where(rows == 0, other_y, y)
    by_x, by_y = (torch.where(more == 0, 0.0, part) for part in (other_x - x, other_y - y))
    moved_x, moved_y = dx + more * by_x, dy + more * by_y
    xx, yy = xx + by_x * (dx + moved_x), yy + by_y * (dy + moved_y)
    xy = xy + by_x * dy + by_y * moved_x
    rows, *sums = map(torch.add, (rows, *sums), (more, moved_x, moved_y, xx, yy, xy))
    return torch.stack((rows, x, y, *sums), dim=-1)


def _deviations(sums: Tensor, rows: Rows) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return, by target, squares and products of deviations from the means, and their distance.

    Those of the output, of the target, of both, (targets,); and mean output - mean target.
    """
    _, x, y, dx, dy, xx, yy, xy = sums.unbind(dim=-1)
    apart = (x - y) + (dx - dy) / rows
    return xx - dx * dx / rows, yy - dy * dy / rows, xy - dx * dy / rows, apart


def _explained_variance(sums: Tensor, rows: Rows) -> Tensor:
    """1 - variance of the errors / variance of the targets; of a constant one as r2 has it."""
    of_output, of_target, of_both, _ = _deviations(sums, rows)
    left = (of_output + of_target - 2.0 * of_both).clamp(min=0)
    constant = torch.where(left == 0, 1.0, left)
    share = left / torch.where(of_target == 0, constant, of_target)
    return (1.0 - share).mean()


def _pearson(sums: Tensor, rows: Rows) -> Tensor:
    """Pearson's correlation; nan where outputs or targets are constant."""
    of_output, of_target, of_both, _ = _deviations(sums, rows)
    scale = of_output.clamp(min=0).sqrt() * of_target.clamp(min=0).sqrt()
    return (of_both / scale).clamp(-1.0, 1.0).mean()


def _concordance(sums: Tensor, rows: Rows) -> Tensor:
    """Concordance (Lin, "A concordance correlation coefficient to evaluate reproducibility", 1989).

    By the unbiased variances, as torchmetrics has it.
    """
    of_output, of_target, of_both, apart = _deviations(sums, rows)
    distance = (rows - 1) * apart.square()
    return (2.0 * of_both / (of_output + of_target + distance)).clamp(-1.0, 1.0).mean()


REGRESSION = {
    "rmse": Metric(_squared_error, _root_mean, lower=0),
    "nrmse": Metric(_r2_sums, _normalized_error, lower=0, merge=_r2_merge),
    "mse": Metric(_squared_error, mean, lower=0),
    "mae": Metric(_absolute_error, mean, lower=0),
    "max_error": Metric(_largest_error, _largest, lower=0, merge=torch.maximum),
    "r2": Metric(_r2_sums, _r2, upper=1, merge=_r2_merge),
    "relative_squared_error": Metric(_r2_sums, _relative_squared_error, lower=0, merge=_r2_merge),
    "explained_variance": Metric(_moments, _explained_variance, upper=1, merge=_merged_moments),
    "pearson": Metric(_moments, _pearson, lower=-1, upper=1, merge=_merged_moments),
    "concordance": Metric(_moments, _concordance, lower=-1, upper=1, merge=_merged_moments),
    "mape": Metric(_summed(_percentage), mean, lower=0),
    "smape": Metric(_summed(_symmetric_percentage), mean, lower=0, upper=2),
    "wmape": Metric(_weighted_percentage_sums, _weighted_percentage, lower=0),
    "msle": Metric(_summed(_squared_log), mean, lower=0),
    "cosine_similarity": Metric(_cosines, mean, lower=-1, upper=1),
    "log_cosh": Metric(_summed(_log_cosh), mean, lower=0),
}
