"""Schema of `data=images`: images in a folder of the user's."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING, DictConfig, ListConfig

from seedbed.config.schema.data import Images
from seedbed.config.schema.field import key

# What folders of a split are called; the first of each is what messages say.
FOLDERS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}

# Pixels of one side.
LARGEST_SIDE = 16_384


def has_validation_folder(node: DictConfig) -> bool:
    """Return whether a data node names a folder of images with one for validation."""
    folder = node.get("folder")
    if node.get("_target_") != ImageFolder._target_ or not isinstance(folder, str):
        return False
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.lower() in FOLDERS["val"] and entry.is_dir() for entry in entries)
    except (OSError, ValueError):  # What is wrong with it is said elsewhere.
        return False


@dataclass
class ImageFolder(Images, target="seedbed.data.ImageFolder"):
    """Images in folders of classes, or with a metadata.csv."""

    folder: str = key(
        "folder of the images: a folder a class, these below train, val and test, or metadata.csv",
        MISSING,
        is_path=True,
    )
    target: Any = key(
        "column of metadata.csv to be predicted, or a list of them; null: label, or the only one",
        None,
    )
    size: Any = key(
        "height and width of the images, or one number for both; null: as they are, all alike", None
    )
    fit: str = key(
        "what becomes of another shape: stretch, crop (the middle stays), pad (with black)",
        "stretch",
        one_of=("stretch", "crop", "pad"),
    )
    channels: int | None = key(
        "1: grey, 3: colour; null: colour where any image has it", None, at_least=1, at_most=3
    )
    cache: str | None = key(
        "folder of the decoded images; null: they are decoded for every run", None, is_path=True
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield sizes and channels that no image has, and a target that is no column."""
        if node.channels == 2:
            yield f"{key}.channels: 2 is neither 1 (grey) nor 3 (colour)"
        if side_lengths(node.size) is None and node.size is not None:
            yield (
                f"{key}.size: {node.size} is neither a number of pixels, such as 64, nor "
                f"[height,width], from 1 to {LARGEST_SIDE:,}"
            )
        if not _names(node.target):
            yield f"{key}.target: {node.target} is no name of a column, and no list of names"
        yield from super().problems(node, config, key)

    @classmethod
    def row_count(cls, node: DictConfig) -> int | None:
        """Return None: the number of rows follows from the files."""
        return None


def side_lengths(size: Any) -> tuple[int, int] | None:
    """Return height and width of `data.size`; None where it is neither number nor pair."""
    sides = list(size) if isinstance(size, list | tuple | ListConfig) else [size, size]
    whole = all(isinstance(side, int) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not whole or not all(1 <= side <= LARGEST_SIDE for side in sides):
        return None
    return int(sides[0]), int(sides[1])


def _names(target: Any) -> bool:
    names = list(target) if isinstance(target, list | ListConfig) else [target]
    if target is None:
        return True
    return bool(names) and all(isinstance(name, str) and name for name in names)
