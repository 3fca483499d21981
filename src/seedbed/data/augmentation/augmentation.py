"""The changes of a dataset's training images, in their order."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from seedbed.config.schema.data.augmentation import Augment
from seedbed.data.augmentation.draws import Draws
from seedbed.data.augmentation.geometry import moved
from seedbed.data.augmentation.mixup import mixed, partners, shares, soft
from seedbed.data.augmentation.pixels import recoloured

# Function of a tensor that returns another one.
Change = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Augmentation:
    """Augmentation of training images: flip, crop, translate, brightness, contrast, cutout, mixup.

    Attributes:
        options: what is changed, and how far.
        images_at: function of places among the training rows, (images,) int64, that returns these
            images as they were loaded, (images, channels, height, width).
        rest: targets of all training rows, and their weights where there are some.
        numbers: numbers of the training rows in the dataset, (rows,) int64.
        seed: seed of the random numbers, or one for each image of a batch.
        floats: function that makes floats from 0 to 1 of images as they were loaded.
        scaled: function that makes of these what the model takes.
        outputs: numbers that the model puts out per row: the columns of mixed classes.
    """

    options: Augment
    images_at: Change
    rest: tuple[Tensor, ...]
    numbers: Tensor
    seed: int | Tensor
    floats: Change
    scaled: Change
    outputs: int

    def __call__(self, epoch: int, places: Tensor) -> tuple[Tensor, ...]:
        """Return inputs and targets of a batch.

        Args:
            epoch: Epoch in training, from 0.
            places: Places of the images among the training rows, (images,) int64.

        Returns:
            Images as the model takes them, (images, channels, height, width), their targets, and
            the weights where there are some; mixed, all of these are floats, classes (images,
            outputs).
        """
        draws = Draws(self.seed, epoch, self.numbers[places])
        images = self.images(places, draws)
        rest = [values.index_select(0, places) for values in self.rest]
        if not self.options.mixup:
            return self.scaled(images), *rest
        others = partners(draws, len(self.numbers))
        # The other image is as it is itself in this epoch.
        other_images = self.images(others, Draws(self.seed, epoch, self.numbers[others]))
        other_rest = [values.index_select(0, others) for values in self.rest]
        share = shares(draws, self.options.mixup)
        mixtures = [
            mixed(self._soft(own, images), self._soft(other, images), share)
            for own, other in zip(rest, other_rest, strict=True)
        ]
        return self.scaled(mixed(images, other_images, share)), *mixtures

    def _soft(self, values: Tensor, images: Tensor) -> Tensor:
        return soft(values, self.outputs, images.dtype)

    def images(self, places: Tensor, draws: Draws) -> Tensor:
        """Return images as they are in an epoch before mixup, floats from 0 to 1."""
        images = self.images_at(places)
        return recoloured(self.floats(moved(images, self.options, draws)), self.options, draws)
