"""What a folder of images holds, as the options of the data ask for it."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from seedbed.config.schema.data.images import side_lengths
from seedbed.data.images.decoding import Header
from seedbed.data.images.folders.arrangement import (
    Arranged,
    of_class_folders,
    of_classes,
    split_folders,
)
from seedbed.data.images.folders.files import METADATA, ImageFile, found_below
from seedbed.data.images.form import COLOUR, GREY, Form
from seedbed.data.images.reading import read_headers
from seedbed.data.images.store import Place, files_of, place_of
from seedbed.errors import ConfigError, listed


def arranged_images(options: Any) -> Arranged:
    """Return the images of the folder by split, with their targets; of chosen classes alone."""
    arranged = _arranged(options)
    return of_classes(arranged, options.classes) if options.classes else arranged


def _arranged(options: Any) -> Arranged:
    from seedbed.data.images.folders.metadata import (
        of_metadata,  # Takes polars, which not all need.
    )

    folder = Path(options.folder)
    found = found_below(folder)
    splits = split_folders(folder, found)
    # Of chosen classes a config has the names of these alone.
    known = options.class_names != MISSING and not options.classes
    class_names = tuple(options.class_names) if known else ()
    tables = {METADATA, *(f"{name}/{METADATA}" for name in splits.values())}
    found.others += [name for name in found.metadata if name not in tables]
    if tables & {*found.metadata}:
        task = None if options.task == MISSING else options.task
        return of_metadata(folder, found, splits, options.target, task, class_names)
    if options.target is not None:
        raise ConfigError(
            f"data.target={options.target}: {folder} has no metadata.csv, so the classes are the "
            "folders"
        )
    return of_class_folders(folder, found, splits, class_names)


def form_of(options: Any, arranged: Arranged) -> Form:
    """Return the form that the images are decoded to, from the keys or else from their headers."""
    sides = side_lengths(options.size) if options.size is not None else None
    if sides is not None and options.channels is not None:
        return Form(options.channels, *sides, options.fit)
    folder, files = Path(options.folder), arranged.files
    if options.cache is not None and (described := place_in_cache(options, files).described()):
        return Form(*described.shape[1:], options.fit)
    headers = read_headers(files_of(folder, files))
    channels = options.channels
    if channels is None:
        channels = COLOUR if any(header.channels == COLOUR for header in headers) else GREY
    height, width = sides or _common_size(folder, files, headers)
    return Form(channels, height, width, options.fit)


def place_in_cache(options: Any, files: Sequence[ImageFile]) -> Place:
    """Return where the images are kept once they are decoded."""
    sides = None if options.size is None else side_lengths(options.size)
    asked = [sides, options.channels, options.fit]
    return place_of(options.cache, Path(options.folder), files, asked)


def _common_size(
    folder: Path, files: Sequence[ImageFile], headers: Sequence[Header]
) -> tuple[int, int]:
    """Return height and width that all images have; raise ConfigError where they differ."""
    sizes = [(header.height, header.width) for header in headers]
    counts = Counter(sizes).most_common()
    if len(counts) == 1:
        return sizes[0]
    shown = [
        f"{height} x {width} ({count:,}, such as {files[sizes.index((height, width))].name})"
        for (height, width), count in counts
    ]
    height, width = counts[0][0]
    raise ConfigError(
        f"data.size: the images of {folder} differ in size: {listed(shown, 3)}; "
        f"data.size=[{height},{width}] makes all of them that size (height, width)"
    )


def listing_of(files: Sequence[ImageFile]) -> str:
    """Return the SHA-256 of the names and sizes of files."""
    lines = sorted(f"{file.name}\0{file.size}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
