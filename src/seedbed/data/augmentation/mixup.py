"""Mixup: each image mixed with another one, and their targets with them.

Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond empirical risk minimization" (2018). The other
image is any training image, each as likely, and both have the share of their own that the Beta
distribution draws for this image and epoch.
"""

from math import log, pi

import torch
from torch import Tensor
from torch.nn import functional

from seedbed.data.augmentation.draws import Draws, Stream

# Of one gamma number: proposals of three numbers each, of which the first that is accepted counts.
# All are refused once in 10^10 times.
_PROPOSALS = 8
_NUMBERS = 3 * _PROPOSALS + 1


def partners(draws: Draws, rows: int) -> Tensor:
    """Return the place of the other image among so many training images, (images,) int64."""
    return draws.whole(Stream.PARTNER, rows)


def shares(draws: Draws, alpha: float) -> Tensor:
    """Return each image's own share, from Beta(alpha, alpha), (images,) float64.

    It is G / (G + G') of two gamma numbers of shape alpha, by their logarithms, since of a small
    alpha the numbers themselves are too small for floats.
    """
    numbers = draws.several(Stream.SHARE, 2 * _NUMBERS)
    first, second = (_log_gamma(part, alpha) for part in numbers.split(_NUMBERS))
    return torch.sigmoid(first - second)


def _log_gamma(uniform: Tensor, alpha: float) -> Tensor:
    """Return the logarithms of numbers from Gamma(alpha, 1), (images,).

    Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), made of uniform
    numbers (numbers, images); with G(alpha) = G(alpha + 1) U^(1 / alpha).
    """
    first, second, third, (last,) = uniform.split([_PROPOSALS, _PROPOSALS, _PROPOSALS, 1])
    normal = (-2.0 * torch.log1p(-first)).sqrt() * torch.cos(2.0 * pi * second)
    d = alpha + 2.0 / 3.0
    cube = (1.0 + normal / (9.0 * d) ** 0.5) ** 3
    log_cube = cube.clamp(min=1e-300).log()
    bound = 0.5 * normal * normal + d - d * cube + d * log_cube
    accepted = (cube > 0) & (torch.log1p(-third) < bound)
    chosen = accepted.to(torch.uint8).argmax(dim=0, keepdim=True)
    logarithm: Tensor = log_cube.gather(0, chosen).squeeze(0) + log(d)
    return logarithm + torch.log1p(-last) / alpha


def mixed(own: Tensor, others: Tensor, shares: Tensor) -> Tensor:
    """Return own values (images, ...) and others', each with its share (images,) of the own."""
    share = shares.to(own).view(-1, *[1] * (own.dim() - 1))
    return share * own + (1 - share) * others


def soft(targets: Tensor, classes: int, dtype: torch.dtype) -> Tensor:
    """Return classes as numbers that can be mixed.

    Args:
        targets: Classes, (images,) int64; real numbers are returned as they are.
        classes: Number of outputs: a column of 0 and 1 each, and one column for two classes.
        dtype: Type of the result, (images, classes).
    """
    if targets.is_floating_point():
        return targets
    if classes == 1:
        return targets.view(-1, 1).to(dtype)
    return functional.one_hot(targets.view(-1), classes).to(dtype)
