"""Arrangement of a folder of images: which files are in which split, and what their targets are.

There are three of them: a folder of images for each class; such folders below train, val and test;
and a table metadata.csv with a column file_name, as the Hugging Face datasets have it, beside the
images or in each of train, val and test.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedbed.config.schema.data.images import FOLDERS
from seedbed.data.classes import chosen_classes, rows_of
from seedbed.data.images.folders.files import METADATA, Found, ImageFile, in_order, shown
from seedbed.errors import ConfigError, listed, nearest


@dataclass(frozen=True)
class Labelled:
    """Image files with their targets.

    Attributes:
        files: the files, in their order.
        targets: classes (rows,) int64, or values (rows, targets) float64.
        columns: values by row of the other columns of a metadata.csv.
    """

    files: Sequence[ImageFile]
    targets: NDArray[Any]
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Arranged:
    """Images of a folder by split.

    Attributes:
        parts: images of `train`, and of `val` and `test` where they have folders of their own.
        task: task that the targets pose.
        class_names: name of each class.
        target_names: name of each target of a regression.
        notes: what is passed over, for people.
    """

    parts: Mapping[str, Labelled]
    task: str
    class_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> list[ImageFile]:
        """All files, in the order of the splits."""
        return [file for part in self.parts.values() for file in part.files]


def of_classes(arranged: Arranged, classes: Sequence[Any]) -> Arranged:
    """Return the images of some classes alone, which are numbered anew.

    Raises:
        ConfigError: There are no such classes.
    """
    chosen = chosen_classes(classes, arranged.class_names)
    parts = {
        split: kept
        for split, part in arranged.parts.items()
        if len((kept := _of_classes(part, chosen)).files)
    }
    names = tuple(arranged.class_names[number] for number in chosen)
    task = "binary" if len(names) == 2 else "multiclass"
    return replace(arranged, parts=parts, task=task, class_names=names)


def _of_classes(part: Labelled, chosen: Sequence[int]) -> Labelled:
    rows, classes = rows_of(part.targets, chosen)
    columns = {name: np.asarray(values)[rows] for name, values in part.columns.items()}
    return Labelled([part.files[row] for row in rows], classes, columns)


def split_folders(folder: Path, found: Found) -> dict[str, str]:
    """Return the name of the folder of each split; none where the folders are classes.

    A folder `train` that holds images itself, and no metadata.csv, is a class like any other.

    Raises:
        ConfigError: There are two folders of a split, none for training, or others beside them.
    """
    names = [name for name in found.folders if "/" not in name]
    by_split = {
        split: [name for name in names if name.lower() in words] for split, words in FOLDERS.items()
    }
    named = [name for folders in by_split.values() for name in folders]
    holding = {image.parts[0] for image in found.images if len(image.parts) == 2}
    tables = {METADATA, *(f"{name}/{METADATA}" for name in named)}
    if not named or (holding & {*named} and not tables & {*found.metadata}):
        return {}
    for folders in by_split.values():
        if len(folders) > 1:
            raise ConfigError(f"data.folder={folder}: {listed(folders)} name the same split")
    if not by_split["train"]:
        raise ConfigError(f"data.folder={folder}: it has a folder {named[0]}, and no folder train")
    used = {image.parts[0] for image in found.images}
    if others := [name for name in names if name in used and name not in named]:
        raise ConfigError(
            f"data.folder={folder}: {shown(others)} beside {listed(named)}: folders of images are "
            "either classes, or train, val and test"
        )
    return {split: folders[0] for split, folders in by_split.items() if folders}


def of_class_folders(
    folder: Path, found: Found, splits: Mapping[str, str], class_names: Sequence[str] = ()
) -> Arranged:
    """Return images whose class is the folder that they lie in, directly or below it.

    Args:
        folder: The folder of all.
        found: What lies in it.
        splits: Folder of each split; none: all images are to be split.
        class_names: Classes in their order, where they are known; else the names of the folders,
            sorted, as numbers where all of them are.

    Raises:
        ConfigError: An image lies in no folder, a class has no images, or there are no two classes.
    """
    below = {split: f"{name}/" for split, name in splits.items()} or {"train": ""}
    files = {
        split: [image for image in found.images if image.name.startswith(prefix)]
        for split, prefix in below.items()
    }
    require_images(folder, found)
    depth = 1 if splits else 0
    _require_folders(folder, [image for part in files.values() for image in part], depth)
    _require_filled(folder, found, below["train"], files["train"])
    if not files["train"]:
        raise ConfigError(f"data.folder={folder}: no images in {below['train']}")
    folders = dict.fromkeys(image.parts[depth] for image in files["train"])
    known = tuple(class_names) or _sorted(folders)
    parts = {
        split: Labelled(images, _classes(folder, images, depth, known))
        for split, images in files.items()
        if images
    }
    if len(known) < 2:
        raise ConfigError(
            f"data.folder={folder}: there is one class, {known[0]}, and two are needed: a "
            "folder of images each"
        )
    return Arranged(parts, "binary" if len(known) == 2 else "multiclass", known, notes=found.notes)


def require_images(folder: Path, found: Found, key: str = "data.folder") -> None:
    """Raise ConfigError where a folder holds no images, with what it does hold."""
    if found.images:
        return
    suffixes = Counter(Path(name).suffix.lower() or "no suffix" for name in found.others)
    kinds = [f"{count:,} {suffix}" for suffix, count in suffixes.most_common(3)]
    there = f"; it holds {listed(kinds)}" if kinds else ", it is empty"
    raise ConfigError(f"{key}={folder}: no images (PNG, JPEG, WebP, BMP and PNM are read){there}")


def _require_folders(folder: Path, images: Sequence[ImageFile], depth: int) -> None:
    """Raise ConfigError where images lie in no class folder."""
    loose = [image.name for image in images if len(image.parts) == depth + 1]
    if loose:
        raise ConfigError(
            f"data.folder={folder}: {len(loose):,} image(s) in no class folder: {shown(loose)}; "
            f"put each into the folder of its class, or name the classes in a {METADATA}"
        )


def _require_filled(folder: Path, found: Found, prefix: str, images: Sequence[ImageFile]) -> None:
    """Raise ConfigError where a class folder of the training images holds none."""
    depth = prefix.count("/")
    filled = {"/".join(image.parts[: depth + 1]) for image in images}
    empty = [
        name
        for name in found.folders
        if name.startswith(prefix) and name.count("/") == depth and name not in filled
    ]
    if empty:
        raise ConfigError(
            f"data.folder={folder}: no image in the class folder{'s' * (len(empty) > 1)} "
            f"{shown(empty)}; remove what is no class"
        )


def _sorted(names: Mapping[str, None]) -> tuple[str, ...]:
    if all(name.isascii() and name.isdigit() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names, key=in_order))


def _classes(
    folder: Path, images: Sequence[ImageFile], depth: int, known: Sequence[str]
) -> NDArray[np.int64]:
    numbers = {name: number for number, name in enumerate(known)}
    for image in images:
        name = image.parts[depth]
        if name not in numbers:
            raise ConfigError(
                f"data.folder={folder}: {image.name} is of the class '{name}', which no training "
                f"image is of.{nearest(name, known)} Classes: {listed(known)}"
            )
    return np.array([numbers[image.parts[depth]] for image in images], dtype=np.int64)
