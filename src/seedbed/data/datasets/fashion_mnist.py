"""FashionMNIST, images of ten kinds of clothing (Xiao, Rasul and Vollgraf, 2017)."""

from pathlib import Path

import torch
from numpy import ndarray

from seedbed.config.schema.data import FashionMNIST as Options
from seedbed.data.datasets.fashion_mnist_files import (
    FashionMNISTArrays,
    is_at_hand,
    load_fashion_mnist,
)
from seedbed.data.images.in_memory import Images
from seedbed.data.in_memory import Source
from seedbed.data.table import Table


class FashionMNIST(Images):
    """Dataset of grey images, (1, 28, 28), from 0 to 1, in ten classes, with a test set."""

    options: Options

    _arrays: FashionMNISTArrays | None = None

    @property
    def at_hand(self) -> bool:
        """Whether the files are on this machine."""
        return is_at_hand(Path(self.options.folder))

    def prepare_data(self) -> None:
        """Download and verify the files; called again by Lightning."""
        if not self._splits:
            self._arrays = load_fashion_mnist(Path(self.options.folder))

    def load(self) -> Source:
        """Return the images as bytes, 0 to 255."""
        arrays = self._arrays or load_fashion_mnist(Path(self.options.folder))
        self._arrays = None
        rows = _table(arrays.train_images, arrays.train_labels)
        test = _table(arrays.test_images, arrays.test_labels)
        return Source(rows, test, arrays.fingerprint)


def _table(images: ndarray, labels: ndarray) -> Table:
    return Table(torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels).long())
