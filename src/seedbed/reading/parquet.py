"""Parquet that anybody may have written, within limits."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.errors import RunFolderError

if TYPE_CHECKING:
    import polars as pl

# Bytes of all texts of a table, and of a column of numbers.
MOST_TEXT, MOST_NUMBERS = 2**32, 200_000_000


def read_parquet(
    content: bytes, path: Path, columns: Mapping[str, Any] | None, most_rows: int
) -> "pl.DataFrame":
    """Return some columns of a Parquet file.

    Args:
        content: the bytes of the file.
        path: the file, for messages.
        columns: types of the columns that are read, by name; None: all, which are whole numbers or
            real ones.
        most_rows: so many rows are read at most.

    Raises:
        RunFolderError: It is damaged, a column is missing or of another type, or it is too large.
    """
    import polars as pl

    try:
        with silent_polars():
            lazy = pl.scan_parquet(BytesIO(content))
            schema = lazy.collect_schema()
            _require_types(path, dict(schema), columns)
            rows = lazy.select(pl.len()).collect().item()
            names = list(schema if columns is None else columns)
            if rows > most_rows or rows * max(1, len(names)) > MOST_NUMBERS:
                raise RunFolderError(f"{path}: {rows:,} rows are more than are read")
            frame = lazy.select(names).collect()
            texts = frame.select(pl.col(pl.String).str.len_bytes().sum())
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise RunFolderError(f"{path}: cannot be read as Parquet: {reason}") from None
    if sum(int(size or 0) for row in texts.rows() for size in row) > MOST_TEXT:
        raise RunFolderError(f"{path}: its texts are larger than what is read")
    return frame


def _require_types(
    path: Path, schema: Mapping[str, Any], columns: Mapping[str, Any] | None
) -> None:
    if columns is None:
        for name, kind in schema.items():
            if not kind.is_numeric() or kind.is_decimal():
                raise RunFolderError(f"{path}: column {name}: expected numbers, got {kind}")
        return
    for name, kind in columns.items():
        if schema.get(name) != kind:
            raise RunFolderError(f"{path}: column {name}: expected {kind}, got {schema.get(name)}")


@contextmanager
def silent_polars() -> Iterator[None]:
    """Send what is written to stderr nowhere: polars prints pages where a file is damaged."""
    if not _stderr_is_open():  # Its number may be that of a file of polars'.
        yield
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _stderr_is_open() -> bool:
    try:
        return sys.__stderr__ is not None and sys.__stderr__.fileno() == 2
    except (ValueError, OSError):
        return False
