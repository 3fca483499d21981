"""Images to predict from: files, folders, patterns of names, and arrays."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.data.images.decoding import SUFFIXES
from seedbed.data.images.folders.files import found_below, in_order, shown
from seedbed.data.images.form import COLOUR, GREY, Form
from seedbed.data.images.reading import Files, decode_into, read_headers
from seedbed.errors import ConfigError, nearest


@dataclass(frozen=True)
class ImageInputs:
    """Images to predict from.

    Attributes:
        images: (rows, channels, height, width), bytes, or floats from 0 to 1.
        names: name of the file of each; empty where they are of one array.
        notes: what people should know of them.
    """

    images: Tensor
    names: Sequence[str] = ()
    notes: Sequence[str] = ()


def read_images(source: str, form: Form) -> ImageInputs:
    """Return the images that `input=` names.

    Args:
        source: An image file, a folder, of which all images are taken, a pattern such as
            `new/*.png`, or a .npy file of one or several images.
        form: Form of the images that the run was trained on.

    Raises:
        ConfigError: There are none, some are broken, or they have another form.
    """
    path = Path(source)
    if path.is_dir():
        return _of_folder(path, source, form)
    if not path.exists() and has_magic(source):
        return _of_pattern(source, form)
    if path.suffix.lower() == ".npy":
        from seedbed.data.tabular import read_npy

        return ImageInputs(torch.from_numpy(as_images(read_npy(path), form, f"input={source}")))
    if not path.exists():
        near = nearest(path.name, os.listdir(path.parent) if path.parent.is_dir() else [])
        raise ConfigError(f"input={source}: no such file.{near}".removesuffix("."))
    return decoded_files(Files(path.parent, [path.name], f"input={source}"), form, [source])


def _of_folder(folder: Path, source: str, form: Form) -> ImageInputs:
    found = found_below(folder, "input")
    if not found.images:
        raise ConfigError(f"input={source}: no images in this folder ({', '.join(SUFFIXES)})")
    names = [image.name for image in found.images]
    return decoded_files(Files(folder, names, f"input={source}"), form, names, found.notes)


def _of_pattern(pattern: str, form: Form) -> ImageInputs:
    matches = sorted(glob(pattern, recursive=True), key=in_order)
    files = [name for name in matches if os.path.isfile(name)]
    images = [name for name in files if name.lower().endswith(SUFFIXES)]
    if not images:
        there = f"; it matches {shown(matches)}" if matches else ""
        raise ConfigError(f"input={pattern}: no image has such a name{there}")
    others = [name for name in files if name not in set(images)]
    notes = (f"passed over, no images: {shown(others)}",) if others else ()
    return decoded_files(Files(Path(), images, f"input={pattern}"), form, images, notes)


def decoded_files(
    files: Files, form: Form, names: Sequence[str], notes: Sequence[str] = ()
) -> ImageInputs:
    """Return the images of files, called by these names; raise ConfigError where some are broken.

    What people should know of them is added to the notes.
    """
    if form.channels == GREY:
        headers = read_headers(files)
        coloured = sum(header.channels == COLOUR for header in headers)
        if coloured:
            notes = [*notes, f"in colour, and taken as grey: {coloured:,} of {len(headers):,}"]
    images = np.empty((len(files.names), *form.shape), dtype=np.uint8)
    decode_into(images, files, form)
    return ImageInputs(torch.from_numpy(images), names, notes)


def as_images(values: NDArray[np.generic], form: Form, source: str) -> NDArray[np.generic]:
    """Return an array as images, (rows, channels, height, width), bytes or floats from 0 to 1.

    One image may stand alone, grey ones may lack the axis of the channels, and an image may lie
    flat. Other orders of the axes are refused, as are grey levels that are no bytes.
    """
    images = _arranged(values, form, source)
    if images.dtype == np.uint8:
        return images
    if len(images) and images.dtype.kind == "f" and not np.isfinite(images).all():
        raise ConfigError(f"{source}: some values are not finite")
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        advice = (
            "; grey levels from 0 to 255 must be bytes: array.astype(numpy.uint8)"
            if low >= 0 and high <= 255
            else ""
        )
        raise ConfigError(
            f"{source}: values from {low:g} to {high:g} of the type {images.dtype}; images are "
            f"bytes (uint8), or numbers from 0 to 1{advice}"
        )
    return images.astype(np.float64)


def _arranged(values: NDArray[np.generic], form: Form, source: str) -> NDArray[np.generic]:
    """Return an array as (rows, channels, height, width); raise ConfigError where it is not."""
    wanted = form.shape
    if form.channels == GREY and values.shape[-1:] == (1,) and values.shape[-3:-1] == wanted[1:]:
        values = values[..., 0]
    shape = values.shape
    numbers = (int(np.prod(wanted)),)
    several = len(shape) > 1 and shape[1:] in (wanted, numbers)
    grey = form.channels == GREY and shape[-2:] == wanted[1:]
    without_channels = grey and (len(shape) == 2 or (len(shape) == 3 and shape != wanted))
    if not (several or without_channels or shape in (wanted, numbers)):
        raise ConfigError(f"{source}: {_misfit(shape, form)}")
    if not values.size:
        raise ConfigError(f"{source}: it holds no image")
    return values.reshape(-1, *wanted)


def _misfit(shape: tuple[int, ...], form: Form) -> str:
    """Return why an array holds no images of a form, with the order of axes that it has."""
    channels, height, width = form.shape
    takes = f"the run takes images of {form.shape} (channels, height, width)"
    found = f"found shape {shape}, and {takes}"
    orders: dict[tuple[int, ...], tuple[str, str]] = {
        (height, width, channels): ("channels last", "numpy.moveaxis(array, -1, -3)"),
        (channels, width, height): ("width before height", "numpy.swapaxes(array, -1, -2)"),
        (width, height, channels): ("width first and channels last", "array.swapaxes(-1, -3)"),
    }
    order = orders.get(shape[-3:]) if len(shape) in (3, 4) else None
    if channels == GREY and len(shape) in (2, 3) and shape[-2:] == (width, height):
        order = ("width before height", "numpy.swapaxes(array, -1, -2)")
    return f"{found}: {order[0]}; {order[1]} turns it" if order else found
