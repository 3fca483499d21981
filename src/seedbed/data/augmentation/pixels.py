"""Changes of the values of pixels: brightness, contrast, cutout."""

import torch
from torch import Tensor

from seedbed.config.schema.data.augmentation import Augment
from seedbed.data.augmentation.draws import Draws, Stream

# Parts of red, green and blue in the grey that they look like (ITU-R BT.601).
_GREY = (0.299, 0.587, 0.114)


def recoloured(images: Tensor, options: Augment, draws: Draws) -> Tensor:
    """Return images with another brightness, then another contrast, then a square cut out.

    Brightness b multiplies all pixels by a factor uniform in [1 - b, 1 + b]; contrast c multiplies
    their distances from the mean grey of the image by one in [1 - c, 1 + c]; after each, pixels are
    cut to 0 to 1 (as torchvision's ColorJitter). The square of `cutout` pixels a side has its
    centre at any pixel with the same probability, and may reach over the edge (DeVries and Taylor,
    "Improved regularization of convolutional neural networks with cutout", 2017).

    Args:
        images: Images, (images, channels, height, width), floats from 0 to 1.
        options: What is changed, and how far.
        draws: Random numbers of the images.
    """
    if options.brightness:
        factor = _factor(images, draws, Stream.BRIGHTNESS, options.brightness)
        images = (images * factor).clamp(0, 1)
    if options.contrast:
        factor = _factor(images, draws, Stream.CONTRAST, options.contrast)
        grey = _mean_grey(images)
        images = torch.lerp(grey, images, factor).clamp(0, 1)
    if options.cutout:
        images = images * ~_square(images, options.cutout, draws)
    return images


def _factor(images: Tensor, draws: Draws, stream: Stream, farthest: float) -> Tensor:
    factor = draws.between(stream, 1 - farthest, 1 + farthest)
    return factor.to(images.dtype).view(-1, 1, 1, 1)


def _mean_grey(images: Tensor) -> Tensor:
    """Return the mean of the grey of each image, (images, 1, 1, 1)."""
    means = images.mean(dim=(2, 3), keepdim=True)
    if images.shape[1] != len(_GREY):
        return means.mean(dim=1, keepdim=True)
    parts = torch.tensor(_GREY, dtype=images.dtype, device=images.device)
    return (means * parts.view(1, -1, 1, 1)).sum(dim=1, keepdim=True)


def _square(images: Tensor, side: int, draws: Draws) -> Tensor:
    """Return which pixels are cut out, (images, 1, height, width)."""
    height, width = images.shape[-2:]
    down = _covered(draws.whole(Stream.CUTOUT_DOWN, height), height, side)
    right = _covered(draws.whole(Stream.CUTOUT_RIGHT, width), width, side)
    return (down.unsqueeze(2) & right.unsqueeze(1)).unsqueeze(1)


def _covered(centre: Tensor, size: int, side: int) -> Tensor:
    start = (centre - side // 2).unsqueeze(1)
    places = torch.arange(size, device=centre.device)
    return (places >= start) & (places < start + side)
