"""Augmentation: changes of the training images, as tensor operations on whole batches.

What happens to an image is a pure function of (seed, epoch, number of the row in the dataset): it
does not depend on the batch that it is in, on the number of devices or on where a run was resumed.
"""

from seedbed.data.augmentation.augmentation import Augmentation

__all__ = ["Augmentation"]
