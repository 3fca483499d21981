"""Tensors of a checkpoint as arrays, without torch, which takes more than a second to import."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.errors import RunFolderError
from seedbed.reading.checkpoint_files import Tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Little endian, as torch writes on every machine that it runs on.
_KINDS = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


def read_arrays(path: Path, tensors: Mapping[str, Tensor]) -> "dict[str, NDArray[np.generic]]":
    """Return some of the tensors that `check_checkpoint` has found in a file, by the same names.

    Raises RunFolderError where the file is another one by now, or a kind of number has no array.
    """
    import numpy as np

    arrays: dict[str, NDArray[np.generic]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name, tensor in tensors.items():
                storage: Any = tensor.storage
                kind = np.dtype(_KINDS[storage.kind])
                if 0 in tensor.shape:
                    arrays[name] = np.empty(tensor.shape, kind)
                    continue
                numbers = np.frombuffer(archive.read(storage.file), kind)
                if len(numbers) != storage.elements:
                    raise ValueError("another size")
                strides = [stride * kind.itemsize for stride in tensor.strides]
                # The check has made sure that none reaches beyond the end.
                arrays[name] = np.lib.stride_tricks.as_strided(
                    numbers[tensor.offset :], tensor.shape, strides, writeable=False
                )
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from None
    return arrays
