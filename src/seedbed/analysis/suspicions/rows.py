"""Suspicious rows of any data in memory, by their tensors alone."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from torch import Tensor

from seedbed.analysis.suspicions.splits import repeated_rows
from seedbed.errors import listed


def suspicious_rows(
    inputs: Mapping[str, Tensor], feature_names: Sequence[str] = ()
) -> Iterator[str]:
    """Yield what is suspicious of the inputs of each split, (rows, *input_shape), by its name."""
    yield from repeated_rows({split: _hashes(rows) for split, rows in inputs.items()})
    train = inputs.get("train")
    if train is None or len(train) < 2:
        return
    flat = train.reshape(len(train), -1)
    constant = (flat == flat[0]).all(0)
    count = int(constant.sum())
    if count and count == constant.numel():
        yield "all inputs of the training set are the same"
    elif count:
        places = constant.nonzero().flatten().tolist()
        named = len(feature_names) == constant.numel()
        names = [feature_names[place] if named else f"number {place + 1}" for place in places]
        yield f"{count} of {constant.numel()} inputs are the same in all training rows: " + listed(
            names, 5
        )


def _hashes(inputs: Tensor) -> pl.Series:
    """Return a number a row that is the same for the same numbers."""
    rows = inputs.contiguous().reshape(len(inputs), -1).numpy()
    return pl.Series([hash(row.tobytes()) for row in rows], dtype=pl.Int64)
