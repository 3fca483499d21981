"""Rows of Python's to predict from, and predictions as whoever gave the rows has them."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seedbed.errors import ConfigError, plain

if TYPE_CHECKING:
    import polars as pl

    from seedbed.experiment.predicting.told import ToldRows

# Files of numbers, whose predictions are numbers.
_OF_NUMBERS = (".npy", ".npz", ".safetensors")
_SAY = (
    "an array, a DataFrame of polars or pandas, a list of rows, a list of mappings, a mapping of "
    "columns, or the path of a file or folder"
)


def source_of(data: Any) -> Any:
    """Return rows as the verbs take them: a path, a polars DataFrame, an array, or a list.

    Args:
        data: A NumPy array or torch tensor; a DataFrame or LazyFrame of polars, or a DataFrame of
            pandas; a list of lists, or of mappings from names to values; one mapping from names to
            values, a row, or to lists of them, the columns; the path of a file or a folder.

    Raises:
        ConfigError: It is something else.
    """
    if isinstance(data, str | os.PathLike):
        return os.fspath(data)
    polars, pandas, torch = (sys.modules.get(name) for name in ("polars", "pandas", "torch"))
    if polars is not None and isinstance(data, polars.DataFrame):
        return data
    if polars is not None and isinstance(data, polars.LazyFrame):
        return data.collect()
    if polars is not None and isinstance(data, polars.Series):
        return data.to_frame()
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return _of_pandas(data)
    if pandas is not None and isinstance(data, pandas.Series):
        return _of_pandas(data.to_frame())
    if torch is not None and isinstance(data, torch.Tensor):
        tensor = data.detach().cpu()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    if isinstance(data, np.ndarray):
        return data
    if isinstance(data, Mapping):
        return _of_columns(data) if any(map(_is_column, data.values())) else dict(data)
    if isinstance(data, Sequence):
        return list(data)
    raise ConfigError(f"data: what is of the type {type(data).__name__} holds no rows; give {_SAY}")


def _is_column(value: object) -> bool:
    if isinstance(value, str | bytes):
        return False
    return isinstance(value, Sequence) or len(getattr(value, "shape", ())) == 1


def _of_columns(data: Mapping[Any, Any]) -> "pl.DataFrame":
    """Return columns by their names as a table; raises ConfigError where they are none."""
    import polars as pl

    lengths = {len(value) if _is_column(value) else None for value in data.values()}
    if len(lengths) > 1:
        raise ConfigError("data: a mapping of columns needs lists of one length for all names")
    columns = {str(name): list(map(_plain, value)) for name, value in data.items()}
    return pl.DataFrame(columns, strict=False)


def in_kind(data: Any, rows: "ToldRows") -> Any:
    """Return predictions as rows were given: an array for an array, else a DataFrame.

    Of pandas that has the index of the rows. Numbers are (rows, targets), or the probability of
    each class, (rows, classes).
    """
    if _are_numbers(data):
        return rows.values.numpy()
    columns = {plain(name): list(map(_shown, cells)) for name, cells in rows.columns.items()}
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame | pandas.Series):
        return pandas.DataFrame(columns, index=data.index)
    import polars as pl

    return pl.DataFrame(columns, strict=False)


def _shown(cell: Any) -> Any:
    """Return a cell; a text, which may be of somebody else's run, steers no terminal."""
    return plain(cell) if isinstance(cell, str) else cell


def _are_numbers(data: Any) -> bool:
    torch = sys.modules.get("torch")
    if isinstance(data, np.ndarray) or (torch is not None and isinstance(data, torch.Tensor)):
        return True
    if isinstance(data, str | os.PathLike):
        return os.fspath(data).lower().endswith(_OF_NUMBERS)
    return False


def _of_pandas(frame: Any) -> "pl.DataFrame":
    """Return a DataFrame of pandas as one of polars, without pyarrow."""
    import polars as pl

    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise ConfigError("data: two columns of the DataFrame have one name")
    places = range(len(names))
    return pl.DataFrame([_column(names[at], frame.iloc[:, at]) for at in places])


def _column(name: str, column: Any) -> "pl.Series":
    import polars as pl

    kind = getattr(column.dtype, "kind", "O")
    if isinstance(column.dtype, np.dtype) and kind in "biufM":
        values = column.to_numpy()
        return pl.Series(name, values.astype("datetime64[us]") if kind == "M" else values)
    missing = column.isna().to_numpy()
    cells = column.astype(object).tolist()
    return pl.Series(
        name,
        [None if gone else _plain(cell) for cell, gone in zip(cells, missing, strict=True)],
        strict=False,
    )


def _plain(cell: Any) -> Any:
    """Return a cell, of the scalars of NumPy and torch Python's own."""
    return cell.item() if getattr(cell, "shape", None) == () and hasattr(cell, "item") else cell
