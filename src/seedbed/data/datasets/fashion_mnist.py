"""FashionMNIST, images of ten kinds of clothing (Xiao, Rasul and Vollgraf, 2017)."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from numpy import ndarray

from seedbed.config.schema.data import FashionMNIST as Options
from seedbed.data.classes import chosen_classes, rows_of
from seedbed.data.data_module import Facts
from seedbed.data.datasets.fashion_mnist_files import (
    FashionMNISTArrays,
    is_at_hand,
    load_fashion_mnist,
)
from seedbed.data.images.in_memory import Images
from seedbed.data.in_memory import Source
from seedbed.data.table import Table

# In the order of their numbers.
CLASS_NAMES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


class FashionMNIST(Images):
    """Dataset of grey images, (1, 28, 28), from 0 to 1, in ten classes, with a test set."""

    options: Options

    _arrays: FashionMNISTArrays | None = None

    @classmethod
    def facts(cls, options: Any) -> Facts:
        """Return the facts of the chosen classes; no file is read for them."""
        names = tuple(CLASS_NAMES[n] for n in chosen_classes(options.classes, CLASS_NAMES))
        return Facts("multiclass", (1, 28, 28), len(names), class_names=names)

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
        if self.options.classes:
            return _of_classes(rows, test, arrays.fingerprint, self.options.classes)
        return Source(rows, test, arrays.fingerprint)


def _table(images: ndarray, labels: ndarray) -> Table:
    return Table(torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels).long())


def _of_classes(rows: Table, test: Table, fingerprint: str, classes: list[Any]) -> Source:
    """Return the rows of some classes, numbered anew, with their numbers among all."""
    chosen = chosen_classes(classes, CLASS_NAMES)
    parts, numbers = {}, {}
    for part, table in (("train", rows), ("test", test)):
        places, renumbered = map(torch.from_numpy, rows_of(table.targets.numpy(), chosen))
        parts[part], numbers[part] = Table(table.inputs[places], renumbered), places
    of_these = hashlib.sha256(f"{fingerprint} {chosen}".encode()).hexdigest()
    return Source(parts["train"], parts["test"], of_these, numbers=numbers)
