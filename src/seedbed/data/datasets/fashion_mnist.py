"""FashionMNIST, images of ten kinds of clothing (Xiao, Rasul and Vollgraf, 2017)."""

from pathlib import Path

import torch
from numpy import ndarray
from torch import Tensor

from seedbed.config.schema.data import FashionMNIST as Options
from seedbed.data.datasets.fashion_mnist_files import FashionMNISTArrays, load_fashion_mnist
from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.table import Table

LARGEST_PIXEL = 255


class FashionMNIST(InMemoryData):
    """Dataset of grey images, (1, 28, 28), from 0 to 1, in ten classes, with a test set."""

    options: Options

    _arrays: FashionMNISTArrays | None = None

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

    def floats(self, inputs: Tensor) -> Tensor:
        """Return images from 0 to 1: bytes are divided by 255, floats are taken as they are."""
        given = super().floats(inputs)
        return given / LARGEST_PIXEL if inputs.dtype == torch.uint8 else given


def _table(images: ndarray, labels: ndarray) -> Table:
    return Table(torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels).long())
