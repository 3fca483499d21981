"""The IDX format of the MNIST family: a magic number, the shape, then the elements in C order.

Only unsigned bytes are accepted, the one element type that these data sets use.
"""

import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedbed.errors import DataError

UNSIGNED_BYTE = 0x08
# numpy's own limit; the format itself would allow 255.
MOST_DIMENSIONS = 64


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the array in an uncompressed IDX file, in the shape that its header gives.

    Raises DataError, naming the file, where it cannot be read, is no IDX file of unsigned bytes,
    or holds fewer or more elements than its header says.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    return parse_idx(bytearray(content), path)


def parse_idx(content: bytes | bytearray, source: Path) -> NDArray[np.uint8]:
    """Return the array in an IDX file's content as a view of it (writable for a bytearray).

    Raises DataError, naming `source`, where the content is not as in `read_idx`.
    """
    shape = _parse_shape(content, source)
    header_size = 4 + 4 * len(shape)
    found, announced = len(content) - header_size, math.prod(shape)
    dimensions = "x".join(map(str, shape))
    if found != announced:
        fault = "truncated" if found < announced else "too long"
        raise DataError(
            f"{source}: {fault} IDX file: the header says {dimensions} = {announced} bytes, "
            f"{found} follow it"
        )
    elements = np.frombuffer(content, dtype=np.uint8, offset=header_size)
    try:
        return elements.reshape(shape)
    except ValueError as error:
        # An empty array may still announce more than numpy can index, such as 0 x 2^32 x 2^32.
        raise DataError(f"{source}: wrong IDX file: the header says {dimensions}") from error


def _parse_shape(content: bytes | bytearray, source: Path) -> tuple[int, ...]:
    if len(content) < 4:
        raise DataError(
            f"{source}: truncated IDX file: {len(content)} bytes, the magic number alone takes 4"
        )
    zero, element_type, dimension_count = struct.unpack_from(">HBB", content)
    if (zero, element_type) != (0, UNSIGNED_BYTE) or not 1 <= dimension_count <= MOST_DIMENSIONS:
        raise DataError(
            f"{source}: not an IDX file of unsigned bytes: it starts with {content[:4].hex()}, "
            f"accepted is 000008 and a number of dimensions from 01 to {MOST_DIMENSIONS:02x}"
        )
    if len(content) < 4 + 4 * dimension_count:
        raise DataError(
            f"{source}: truncated IDX file: {len(content)} bytes, the header of "
            f"{dimension_count} dimensions takes {4 + 4 * dimension_count}"
        )
    return struct.unpack_from(f">{dimension_count}I", content, offset=4)


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write an array of 1 to 64 dimensions as an uncompressed IDX file.

    Raises DataError, naming the file, where the array is not uint8, has no dimension, or the file
    cannot be written.
    """
    if array.dtype != np.uint8 or array.ndim < 1:
        raise DataError(
            f"{path}: an IDX file here holds uint8 arrays of at least one dimension, "
            f"found {array.dtype} of shape {array.shape}"
        )
    header = struct.pack(f">HBB{array.ndim}I", 0, UNSIGNED_BYTE, array.ndim, *array.shape)
    try:
        path.write_bytes(header + array.tobytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from error
