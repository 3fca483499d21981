"""Random numbers of an augmentation: one for each image, from seed, epoch and number of the row."""

from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from seedbed.data.random import uniform_at


class Stream(IntEnum):
    """Streams of a seed, each for one purpose."""

    FLIP = -16
    CROP_DOWN = -17
    CROP_RIGHT = -18
    MOVE_DOWN = -19
    MOVE_RIGHT = -20
    BRIGHTNESS = -21
    CONTRAST = -22
    CUTOUT_DOWN = -23
    CUTOUT_RIGHT = -24
    PARTNER = -25
    SHARE = -26


@dataclass(frozen=True)
class Draws:
    """Random numbers for the images of a batch.

    Attributes:
        seed: seed of all images, or of each, (images,).
        epoch: epoch in training, from 0.
        rows: numbers of the images in the dataset, (images,) int64.
    """

    seed: int | Tensor
    epoch: int
    rows: Tensor

    def uniform(self, stream: int) -> Tensor:
        """Return a number in [0, 1) for each image, float64."""
        return uniform_at(self.seed, stream, self.epoch, self.rows)

    def several(self, stream: int, count: int) -> Tensor:
        """Return so many numbers in [0, 1) for each image, (count, images) float64."""
        numbers = torch.arange(count, device=self.rows.device).unsqueeze(1)
        return uniform_at(self.seed, stream, self.epoch, self.rows * count + numbers)

    def whole(self, stream: int, count: int) -> Tensor:
        """Return a whole number from 0 to `count` - 1 for each image, int64."""
        return (self.uniform(stream) * count).long()

    def between(self, stream: int, lowest: float, highest: float) -> Tensor:
        """Return a number from `lowest` up to `highest` for each image, float64."""
        return lowest + (highest - lowest) * self.uniform(stream)

    def coin(self, stream: int, *, alternating: bool = False) -> Tensor:
        """Return yes or no for each image, (images,) bool.

        Alternating ones are drawn for the first epoch and change in every later one.
        """
        if not alternating:
            return self.uniform(stream) < 0.5
        first = uniform_at(self.seed, stream, 0, self.rows) < 0.5
        return first ^ bool(self.epoch % 2)
