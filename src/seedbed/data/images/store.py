"""Decoded images of a folder: kept in a file, so that they are decoded once.

Beside the array, NAME.npy, lies NAME.json, which says of which files and in which form it is. What
does not agree with the folder, or is damaged, is made anew. Both are written beside their places
and renamed, the array first, so that what is there is whole.
"""

import glob
import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from seedbed.data.images.folders.files import ImageFile
from seedbed.data.images.form import Form
from seedbed.data.images.reading import Files, decode_into
from seedbed.errors import SeedbedError
from seedbed.files import TEMPORARY, locked, temporary_path, write_atomically
from seedbed.process.free_memory import free_memory
from seedbed.reading.json_files import Count, read_json

# What was decoded otherwise than today is decoded again.
VERSION = 1
# Of the free memory that images may take; others are read from their file as they are needed.
LARGEST_SHARE = 0.5
# Work that is worth a line.
SECONDS_SAID = 1.0


@dataclass(frozen=True)
class Decoded:
    """Decoded images.

    Attributes:
        tensor: bytes, (files, channels, height, width), in memory or mapped from their file.
        fingerprint: SHA-256 of these bytes.
        mapped: whether they are read from their file as they are needed.
    """

    tensor: Tensor
    fingerprint: str
    mapped: bool = False


@dataclass(frozen=True)
class Description:
    """What NAME.json says of the array beside it.

    Attributes:
        digest: SHA-256 over the names, sizes and times of the files, and what is asked of them.
        shape: shape of the array.
        fingerprint: SHA-256 of its bytes.
    """

    digest: str
    shape: tuple[Count, Count, Count, Count]
    fingerprint: str


@dataclass(frozen=True)
class Place:
    """Place of the decoded images of a folder.

    Attributes:
        cache: folder that they are kept in.
        name: name of the files, without the suffix: it is another for other folders and keys.
        digest: as in Description.
    """

    cache: Path
    name: str
    digest: str

    @property
    def array(self) -> Path:
        """File of the images."""
        return self.cache / f"{self.name}.npy"

    @property
    def description(self) -> Path:
        """File that describes it."""
        return self.cache / f"{self.name}.json"

    def described(self) -> Description | None:
        """Return the description where it is that of the folder as it is; else None."""
        try:
            description = read_json(self.description, Description)
        except SeedbedError:
            return None
        if description.digest != self.digest:
            return None
        return description


def files_of(folder: Path, files: Sequence[ImageFile]) -> Files:
    """Return the image files of a folder as they are read."""
    return Files(folder, [file.name for file in files], f"data.folder={folder}")


def place_of(cache: str, folder: Path, files: Sequence[ImageFile], asked: object) -> Place:
    """Return the place of a folder's images; `asked` are the keys that their form depends on."""
    top = folder.resolve()
    keys = json.dumps([str(top), asked, VERSION])
    name = f"{top.name[:40]}-{hashlib.sha256(keys.encode()).hexdigest()[:16]}"
    digest = hashlib.sha256(keys.encode())
    for file in files:
        digest.update(f"{file.name}\0{file.size}\0{file.time}\n".encode())
    return Place(Path(cache), name, digest.hexdigest())


def kept_images(place: Place, folder: Path, files: Sequence[ImageFile], form: Form) -> Decoded:
    """Return the images from their file, which is made where it is not there or does not agree.

    Where it cannot be written, they are decoded into memory, and that is said.
    """
    images = _read(place, files, form)
    if images is not None:
        return images
    try:
        place.cache.mkdir(parents=True, exist_ok=True)
        busy = f"data.folder={folder}: another process decodes these images"
        with locked(place.cache / f".{place.name}.lock", busy, wait=True):
            images = _read(place, files, form)
            if images is None:
                _write(place, folder, files, form)
                images = _read(place, files, form)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        print(f"data.cache={place.cache}: {reason}; nothing is kept there", file=sys.stderr)
    return images or decoded_images(folder, files, form)


def decoded_images(folder: Path, files: Sequence[ImageFile], form: Form) -> Decoded:
    """Return the images of files in memory; raise ConfigError where some are broken."""
    images = np.empty((len(files), *form.shape), dtype=np.uint8)
    decode_into(images, files_of(folder, files), form)
    return Decoded(torch.from_numpy(images), hashlib.sha256(images.data).hexdigest())


def _read(place: Place, files: Sequence[ImageFile], form: Form) -> Decoded | None:
    """Return the images that are kept; None where there are none, or they are damaged."""
    described = place.described()
    if described is None or described.shape != (len(files), *form.shape):
        return None
    try:
        array = np.load(place.array, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError):
        return None
    if array.shape != described.shape or array.dtype != np.uint8:
        return None
    if array.nbytes > LARGEST_SHARE * free_memory():
        return Decoded(torch.from_numpy(array), described.fingerprint, mapped=True)
    images = np.array(array)
    if hashlib.sha256(images.data).hexdigest() != described.fingerprint:
        return None
    return Decoded(torch.from_numpy(images), described.fingerprint)


def _remove_leftovers(place: Place) -> None:
    """Remove what a process that was killed had not finished; the lock is held."""
    for path in place.cache.glob(f".{glob.escape(place.array.name)}.*.tmp"):
        if TEMPORARY.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _write(place: Place, folder: Path, files: Sequence[ImageFile], form: Form) -> None:
    started, temporary = time.monotonic(), temporary_path(place.array)
    _remove_leftovers(place)
    with ExitStack() as stack:
        stack.callback(temporary.unlink, missing_ok=True)
        # A memory map: the images may be more than the memory holds.
        array = np.lib.format.open_memmap(
            temporary, mode="w+", dtype=np.uint8, shape=(len(files), *form.shape)
        )
        # Before the work, so that a full disk is no bus error in the midst of it.
        with temporary.open("r+b") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
        decode_into(array, files_of(folder, files), form)
        array.flush()
        description = Description(
            place.digest, (len(files), *form.shape), hashlib.sha256(array.data).hexdigest()
        )
        place.description.unlink(missing_ok=True)  # It is not that of the array to come.
        os.replace(temporary, place.array)
    write_atomically(place.description, json.dumps(asdict(description)).encode())
    if (seconds := time.monotonic() - started) > SECONDS_SAID:
        print(
            f"decoded {len(files):,} images in {seconds:.1f} s, kept in {place.array}",
            file=sys.stderr,
        )
