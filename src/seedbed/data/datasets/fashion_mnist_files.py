"""Files of FashionMNIST: search, verification and download.

Sources in order: the data folder, the copy that the operating system's package installs, the
official archives. Whatever the source, only content with the expected SHA-256 is ever used.
"""

import gzip
import hashlib
import os
import shutil
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from seedbed.errors import DataError
from seedbed.files import locked

FOLDER_NAME = "fashion_mnist"


class File(NamedTuple):
    """File of the data set.

    Attributes:
        name: name without the suffix .gz.
        sha256: hash of the content, which is always verified.
        archive_md5: published hash of the official archive; Debian's archive has another one.
    """

    name: str
    sha256: str
    archive_md5: str


FILES = (
    File(
        "train-images-idx3-ubyte",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    ),
    File(
        "train-labels-idx1-ubyte",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "25c81989df183df01b3e8a0aad5dffbe",
    ),
    File(
        "t10k-images-idx3-ubyte",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "bef4ecab320f06d8554ea6380940ec79",
    ),
    File(
        "t10k-labels-idx1-ubyte",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)

SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
SYSTEM_PACKAGE = "dataset-fashion-mnist"

# Plain HTTP is as good as any here: the digests decide what is accepted.
SOURCES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
# Seconds that a server may stay silent before the next one is tried.
TIMEOUT = 10.0
# Bytes at which a download, or the unpacking of a file, is given up; the largest has 47 million.
LARGEST_FILE = 64 * 2**20


@dataclass(frozen=True, eq=False)
class FashionMNISTArrays:
    """Arrays of the data set, in the order of its files.

    Attributes:
        train_images, test_images: grey levels from 0 (background), (60000 or 10000, 28, 28).
        train_labels, test_labels: classes 0 to 9, (60000,) or (10000,).
        fingerprint: SHA-256 over the hexadecimal hashes of FILES.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    fingerprint: str


def load_fashion_mnist(data_folder: Path) -> FashionMNISTArrays:
    """Return FashionMNIST, verified; downloads go to `data_folder`/fashion_mnist.

    Raises:
        DataError: A file is damaged (it is not replaced), or no source provides it.
    """
    folder = data_folder / FOLDER_NAME
    train_images, train_labels, test_images, test_labels = (
        _parse_idx(read_file(folder, file)) for file in FILES
    )
    digests = "".join(file.sha256 for file in FILES)
    return FashionMNISTArrays(
        train_images,
        train_labels,
        test_images,
        test_labels,
        hashlib.sha256(digests.encode()).hexdigest(),
    )


def is_at_hand(data_folder: Path) -> bool:
    """Return whether all files are on this machine."""
    folder = data_folder / FOLDER_NAME
    return all(_place_of(folder, file) is not None for file in FILES)


def _parse_idx(content: bytearray) -> NDArray[np.uint8]:
    """Return the array in an IDX file of bytes: magic number, shape, elements in C order."""
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def read_file(folder: Path, file: File) -> bytearray:
    """Return the uncompressed content of a file, downloaded into `folder` where it is missing.

    Raises DataError as `load_fashion_mnist` does.
    """
    path = _place_of(folder, file) or _fetch(folder / f"{file.name}.gz", file.archive_md5)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            # A bytearray, for torch warns about tensors that share memory with read-only arrays.
            content = bytearray(stream.read(LARGEST_FILE))
    except (OSError, EOFError, zlib.error) as error:
        raise _unusable(path, f"cannot be read: {_reason(error)}") from error
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != file.sha256:
        expected = file.sha256[:12]
        raise _unusable(
            path, f"damaged: its SHA-256 begins with {checksum[:12]}, expected {expected}"
        )
    return content


def _place_of(folder: Path, file: File) -> Path | None:
    """Return where a file is; None where it is not on this machine."""
    archive = f"{file.name}.gz"
    places = (folder / file.name, folder / archive, SYSTEM_FOLDER / archive)
    # Not Path.exists, which raises in a folder that may not be looked into.
    return next(filter(os.path.exists, places), None)


def _unusable(path: Path, reason: str) -> DataError:
    remedy = "Delete it and run again."
    if path.parent == SYSTEM_FOLDER:
        remedy = f"Delete it, or reinstall the package {SYSTEM_PACKAGE}, and run again."
    return DataError(f"{path}: {reason}\n{remedy}")


def _fetch(archive: Path, md5: str) -> Path:
    """Download an archive from the first source that provides it; one process does, others wait."""
    from requests import RequestException

    tried = [f"{SYSTEM_FOLDER} (absent)"]
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        busy = f"{archive}: another process fetches it"
        with locked(archive.with_name(f".{archive.name}.lock"), busy, wait=True):
            for source in () if archive.exists() else SOURCES:
                try:
                    _retrieve(source + archive.name, archive, md5)
                except (RequestException, ValueError) as error:
                    tried.append(f"{urlsplit(source).netloc} ({_reason(error)})")
                else:
                    break
    except OSError as error:
        raise DataError(
            f"{archive}: cannot be written ({_reason(error)})\n"
            f"Make {archive.parent} a folder with room that can be written to, or choose another."
        ) from error
    if archive.exists():
        return archive
    hint = f"; `apt-get download {SYSTEM_PACKAGE}`, then `dpkg -x`, gets them"
    raise DataError(
        f"{archive}: not there, and no source provides it; tried {', '.join(tried)}\n"
        f"Put {', '.join(file.name for file in FILES)} (or each as .gz) into {archive.parent}"
        f"{hint if shutil.which('apt-get') else ''}."
    )


def _retrieve(url: str, archive: Path, md5: str) -> None:
    from pooch import retrieve

    # In a folder of its own, so that the next one removes what a killed process has left.
    folder = archive.with_name(f".{archive.name}.download")
    try:
        retrieve(url, f"md5:{md5}", archive.name, folder, downloader=_download)
        (folder / archive.name).replace(archive)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download(url: str, path: str, pooch: object) -> None:
    """Download to `path` for pooch, which has made an empty file there, for its owner alone."""
    from pooch import HTTPDownloader

    download = HTTPDownloader(
        progressbar=sys.stderr.isatty(),
        chunk_size=2**16,
        timeout=TIMEOUT,
        # Else a server might mark the archive as a compressed file, and it would be unpacked.
        headers={"Accept-Encoding": "identity"},
    )
    Path(path).unlink()
    with open(path, "xb") as file:
        download(url, _LimitedFile(file), pooch)


class _LimitedFile:
    """Output file that takes at most LARGEST_FILE bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.flush = file.flush

    def write(self, data: bytes) -> None:
        if self._file.tell() + len(data) > LARGEST_FILE:
            raise ValueError(f"larger than {LARGEST_FILE} bytes")
        self._file.write(data)


def _reason(error: Exception) -> str:
    """Return in a few words why a file could not be read, fetched or written."""
    from requests import HTTPError, RequestException

    if isinstance(error, HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code}"
    if isinstance(error, RequestException):
        return type(error).__name__  # Its text is long; its name says it: ConnectTimeout, SSLError.
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).partition(". ")[0]
