"""Where FashionMNIST's four files are found, and that they are what they should be.

Sources in order: the data folder, the copy that the operating system's package installs, the
official archives. Whatever the source, only content with the expected SHA-256 is ever used.
"""

import errno
import gzip
import hashlib
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedbed.data.datasets.download import (
    FetchError,
    cannot_write,
    fetch,
    locked,
    placing,
    short_reason,
    wrong_digest,
)
from seedbed.data.datasets.idx import parse_idx
from seedbed.errors import DataError

FOLDER_NAME = "fashion_mnist"

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"

# Digests of the uncompressed content: Debian compresses the files anew, so those of the archives
# differ from one source to the next.
FILES: Mapping[str, str] = {
    TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
SYSTEM_PACKAGE = "dataset-fashion-mnist"

# Plain HTTP is as good as any here: the digests decide what is accepted.
SOURCES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)

_NOT_WRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


@dataclass(frozen=True, eq=False)
class FashionMNISTArrays:
    """The data set in the order of its files; grey levels 0 (background) to 255, classes 0 to 9."""

    train_images: NDArray[np.uint8]
    """[60000, 28, 28]"""
    train_labels: NDArray[np.uint8]
    """[60000]"""
    test_images: NDArray[np.uint8]
    """[10000, 28, 28]"""
    test_labels: NDArray[np.uint8]
    """[10000]"""
    fingerprint: str
    """SHA-256 over the four files' hexadecimal digests in the order of FILES."""


def load_fashion_mnist(data_folder: Path) -> FashionMNISTArrays:
    """Return FashionMNIST, verified; the uncompressed files end in `data_folder`/fashion_mnist.

    A data folder that cannot be written to does where it or the system's copy has the files.
    Raises DataError where a file found is damaged (it is never used, nor replaced silently), and
    where no source provides a file.
    """
    folder = data_folder / FOLDER_NAME
    arrays = {
        name: parse_idx(obtain_file(folder, name, sha256), folder / name)
        for name, sha256 in FILES.items()
    }
    return FashionMNISTArrays(
        train_images=arrays[TRAIN_IMAGES],
        train_labels=arrays[TRAIN_LABELS],
        test_images=arrays[TEST_IMAGES],
        test_labels=arrays[TEST_LABELS],
        fingerprint=hashlib.sha256("".join(FILES.values()).encode()).hexdigest(),
    )


def obtain_file(folder: Path, name: str, sha256: str) -> bytearray:
    """Return the uncompressed content of one file, which has that SHA-256, and keep it in `folder`.

    Raises DataError as `load_fashion_mnist` does.
    """
    destination = folder / name
    if _is_there(destination):
        return _read_verified(destination, sha256)
    for archive in (folder / f"{name}.gz", SYSTEM_FOLDER / f"{name}.gz"):
        if _is_there(archive):
            content = _unpack_verified(archive, sha256)
            _keep(content, destination)
            return content
    _fetch(destination, sha256)
    return _read_verified(destination, sha256)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        # In a folder that may not be looked into; writing to it will say so, if it comes to that.
        return False


def _read_verified(path: Path, sha256: str) -> bytearray:
    try:
        # A bytearray, for torch warns about tensors that share memory with a read-only array.
        content = bytearray(path.read_bytes())
    except OSError as error:
        raise _unusable(path, f"cannot be read: {short_reason(error)}") from error
    return _verified(content, path, sha256)


def _unpack_verified(archive: Path, sha256: str) -> bytearray:
    try:
        with gzip.open(archive) as file:
            content = bytearray(file.read())
    except (OSError, EOFError, zlib.error) as error:
        reason = f"{short_reason(error)}, expected SHA-256 {sha256[:12]} inside"
        raise _unusable(archive, reason) from error
    return _verified(content, archive, sha256)


def _verified(content: bytearray, path: Path, sha256: str) -> bytearray:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise _unusable(path, wrong_digest(found, sha256))
    return content


def _unusable(path: Path, reason: str) -> DataError:
    remedy = "Delete it and run again."
    if path.parent == SYSTEM_FOLDER:
        remedy = f"Delete it, or reinstall the package {SYSTEM_PACKAGE}, and run again."
    return DataError(f"{path}: {reason}\n{remedy}")


def _keep(content: bytearray, destination: Path) -> None:
    try:
        with locked(destination):
            if not destination.exists():
                with placing(destination) as file:
                    file.write(content)
    except OSError as error:
        # The content is good and in memory: a folder that is meant to be read only is no reason
        # to stop, a full disk is.
        if error.errno not in _NOT_WRITABLE:
            raise cannot_write(destination, error) from error


def _fetch(destination: Path, sha256: str) -> None:
    urls = [f"{source}{destination.name}.gz" for source in SOURCES]
    try:
        fetch(urls, destination, sha256)
    except FetchError as error:
        tried = ", ".join([f"{SYSTEM_FOLDER} (absent)", *map(str, error.failed_sources)])
        raise DataError(
            f"{destination}: not there, and no source provides it; tried {tried}\n"
            f"Put {', '.join(FILES)} (or each as .gz) into {destination.parent}{_package_hint()}"
        ) from error


def _package_hint() -> str:
    if shutil.which("apt-get") is None:
        return "."
    return f"; `apt-get download {SYSTEM_PACKAGE}`, then `dpkg -x`, gets them."
