"""Changes of where pixels are: flip, crop of a padded image, translation.

They are one look-up: of each pixel of the result, the row and the column that it is taken from.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from seedbed.config.schema.data.augmentation import Augment
from seedbed.data.augmentation.draws import Draws, Stream


def moved(images: Tensor, options: Augment, draws: Draws) -> Tensor:
    """Return images flipped, then cropped, then translated.

    The crop of an image with `crop` pixels around it begins at a whole number of pixels from 0 to
    2 `crop`, the translation is one from -`translate` to `translate`, both in each direction, and
    all are equally likely.

    Args:
        images: Images, (images, channels, height, width), of any type.
        options: What is changed, and how far.
        draws: Random numbers of the images.
    """
    height, width = images.shape[-2:]
    if not (options.crop or options.translate):
        if options.flip is None:
            return images
        return torch.where(_flips(options, draws).view(-1, 1, 1, 1), images.flip(-1), images)
    down, seen_down = _sources(height, options, draws, Stream.CROP_DOWN, Stream.MOVE_DOWN)
    right, seen_right = _sources(width, options, draws, Stream.CROP_RIGHT, Stream.MOVE_RIGHT)
    if options.flip is not None:
        right = torch.where(_flips(options, draws).unsqueeze(1), width - 1 - right, right)
    places = (down * width).unsqueeze(2) + right.unsqueeze(1)
    taken = _taken(images, places)
    if seen_down is None or seen_right is None:
        return taken
    seen = seen_down.unsqueeze(2) & seen_right.unsqueeze(1)
    return taken * seen.unsqueeze(1)


def _flips(options: Augment, draws: Draws) -> Tensor:
    return draws.coin(Stream.FLIP, alternating=options.flip == "alternating")


def _taken(images: Tensor, places: Tensor) -> Tensor:
    """Return the pixels at places (images, height, width), counted through an image's rows."""
    flat = images.flatten(2)
    where = places.flatten(1).unsqueeze(1).expand_as(flat)
    return flat.gather(2, where).view_as(images)


def _sources(
    size: int, options: Augment, draws: Draws, crop: Stream, move: Stream
) -> tuple[Tensor, Tensor | None]:
    """Return where the pixels along an axis are taken from, and which of them are there at all.

    Both are (images, size): places in the image, before any flip, and truth; None where all are.
    """
    places, seen = torch.arange(size, device=draws.rows.device).unsqueeze(0), None
    if options.translate:
        farthest = options.translate
        places = places - (draws.whole(move, 2 * farthest + 1) - farthest).unsqueeze(1)
        seen = _inside(places, size)
    if options.crop:
        farthest = options.crop
        places = places + (draws.whole(crop, 2 * farthest + 1) - farthest).unsqueeze(1)
        if options.padding == "zeros":
            inside = _inside(places, size)
            seen = inside if seen is None else seen & inside
    return _PADDINGS[options.padding](places, size).clamp(0, size - 1), seen


def _inside(places: Tensor, size: int) -> Tensor:
    return (places >= 0) & (places < size)


def _reflected(places: Tensor, size: int) -> Tensor:
    """Return places mirrored at the first and the last pixel, which are not repeated."""
    last = size - 1
    return last - (last - places.abs()).abs()


def _as_they_are(places: Tensor, size: int) -> Tensor:
    return places


# Places beyond the edge; what remains outside becomes that of the nearest pixel.
_PADDINGS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "reflect": _reflected,
    "edge": _as_they_are,
    "zeros": _as_they_are,
}
