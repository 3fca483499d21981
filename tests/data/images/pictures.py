"""Folders of small images, and the data modules of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from seedbed.config.schema.data.images import ImageFolder as Options
from seedbed.data.data_module import Facts
from seedbed.data.images.image_folder import ImageFolder


def drawn(seed: int, *shape: int) -> np.ndarray:
    """An image of random bytes: (height, width), or (height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, shape or (4, 5), dtype=np.uint8)


def write(path: Path, pixels: np.ndarray | None = None, **options: Any) -> Path:
    """Write an image file, of its own bytes where none are given, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int.from_bytes(path.name.encode(), "little") % 2**32
    Image.fromarray(drawn(seed) if pixels is None else pixels).save(path, **options)
    return path


def class_folders(folder: Path, rows: int = 6, classes: tuple[str, ...] = ("cat", "dog")) -> Path:
    """A folder with so many images of each class."""
    for name in classes:
        for row in range(rows):
            write(folder / name / f"{name}{row}.png")
    return folder


def options(folder: Path, **keys: Any) -> Options:
    """The options of a folder as a run has them: what was to be inferred is."""
    given = Options(**{"folder": str(folder), **keys})
    inferred = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(ImageFolder.facts(given)).items()
        if name in Options.__dataclass_fields__ and name not in keys
    }
    return replace(given, **inferred)


def facts(folder: Path, **keys: Any) -> Facts:
    """What is inferred of a folder."""
    return ImageFolder.facts(Options(**{"folder": str(folder), **keys}))


def data(folder: Path, **keys: Any) -> ImageFolder:
    """The data module of a folder, set up."""
    module = ImageFolder(options(folder, **keys))
    module.prepare_data()
    module.setup("fit")
    return module


def by_number(module: ImageFolder) -> dict[int, tuple[np.ndarray, Any]]:
    """Image and target of every row that was split, by its number in the dataset."""
    rows = {}
    for split in ("train", "val", "test"):
        if module.has_split(split) and split in module._numbers:
            table = module.kept(split)
            for place, number in enumerate(module.numbers(split).tolist()):
                rows[number] = (table.inputs[place].numpy(), table.targets[place].tolist())
    return dict(sorted(rows.items()))
