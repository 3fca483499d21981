"""Fingerprint of rows that are not in memory: a hash of the first ones, and of how many."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seedbed.data.table import plain_tensor

ROWS = 8
"""Rows that are hashed: each may take a while to read."""


_PLAIN = (str, bytes, int, float, complex, np.generic, type(None))


class RowsFingerprint:
    """Hash of the first rows of a Dataset, as they are read."""

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    def add(self, row: Any) -> None:
        """Take one more row, unless there are enough."""
        if self.rows < ROWS:
            self.rows += 1
            _add(self._digest, row)

    def add_all(self, tensors: Any, rows: int) -> None:
        """Take all rows, which are in memory as tensors."""
        self.rows = rows
        _add(self._digest, tensors)

    def value(self, lengths: Mapping[str, int | None]) -> str:
        """Return the hash, over the number of rows of each split as well."""
        digest = self._digest.copy()
        digest.update(repr(dict(lengths)).encode())
        return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    """Hash a value: tensors, arrays and images by their bytes, others by what they say."""
    if isinstance(value, Tensor):
        value = plain_tensor(value).detach().cpu().contiguous()
        digest.update(f"{tuple(value.shape)} {value.dtype}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.shape} {value.dtype}".encode())
        digest.update(value.tobytes())
    elif isinstance(value, Mapping):
        for name, item in value.items():
            digest.update(repr(name).encode())
            _add(digest, item)
    elif isinstance(value, tuple | list):
        digest.update(f"{len(value)}".encode())
        for item in value:
            _add(digest, item)
    elif (
        isinstance(value, str | bytes | int | float | bool | complex | np.generic) or value is None
    ):
        digest.update(repr(value).encode())
    elif hasattr(value, "tobytes") and hasattr(value, "size"):  # An image of Pillow's.
        digest.update(f"{value.size} {getattr(value, 'mode', '')}".encode())
        digest.update(value.tobytes())
    else:
        digest.update(type(value).__qualname__.encode())
