"""Tables of typed columns: Parquet and Arrow, within limits."""

from collections.abc import Collection

import polars as pl
from polars.exceptions import PolarsError

from seedbed.data.tables.files.content import Content
from seedbed.errors import ConfigError, listed
from seedbed.process.free_memory import free_memory
from seedbed.reading.parquet import silent_polars

_BYTES_A_VALUE = 8


def read_columnar(content: Content, left_out: Collection[str], key: str) -> pl.DataFrame:
    """Return the columns of a Parquet or Arrow file.

    Args:
        content: The file.
        left_out: Columns that are not read.
        key: Key that names the file in messages.

    Raises:
        ConfigError: The file is damaged or cut off, holds lists or structs, or too many rows.
    """
    where = f"{key}={content.path}"
    is_parquet = content.kind == "Parquet"
    scan = pl.scan_parquet if is_parquet else pl.scan_ipc
    try:
        with silent_polars():
            lazy = scan(content.source, glob=False)
            schema = lazy.collect_schema()
            names = [name for name in schema if name not in left_out]
            _require_flat(schema, names, where)
            rows = lazy.select(pl.len()).collect().item()
            if rows * max(1, len(names)) * _BYTES_A_VALUE > free_memory():
                raise ConfigError(
                    f"{where}: {rows:,} rows of {len(names)} columns need more memory than is free"
                )
            frame = lazy.select(names).collect()
    except (PolarsError, OSError, pl.exceptions.PanicException) as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise ConfigError(f"{where}: not {content.kind}, or cut off or damaged: {reason}") from None
    return plain_frame(frame, where)


def plain_frame(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """Return the columns of a frame as those of a file; `where` names it in messages.

    Raises ConfigError where it has none, no rows, or lists or structs in its cells.
    """
    _require_flat(frame.schema, frame.columns, where)
    if not frame.width:
        raise ConfigError(f"{where}: there are no columns")
    if not len(frame):
        raise ConfigError(f"{where}: there are columns, and no rows")
    return _plain(frame, where)


def _require_flat(schema: pl.Schema, names: list[str], where: str) -> None:
    wrong = [
        f"'{name}' ({schema[name]})"
        for name in names
        if schema[name].is_nested() or schema[name] in (pl.Object, pl.Binary)
    ]
    if wrong:
        raise ConfigError(
            f"{where}: columns of lists, structs or bytes: {listed(wrong, 5)}; a table has one "
            "value a cell. Leave them out: data.columns={NAME: ignore}"
        )


def _plain(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """Return the columns in the few types that a table has; names without blanks around them."""
    changed = []
    names: dict[str, str] = {}
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if kind in (pl.Categorical, pl.Enum) or kind == pl.String:
            changed.append(column.cast(pl.String).str.strip_chars())
        elif kind == pl.Duration:
            changed.append(column.dt.total_microseconds() / 1e6)
        elif kind.is_float():
            changed.append(column.cast(pl.Float64).fill_nan(None))
        elif kind in (pl.UInt64, pl.Int128, pl.UInt128) or kind.is_decimal():
            changed.append(column.cast(pl.Float64))
        elif kind.is_integer():
            changed.append(column.cast(pl.Int64))
        elif kind == pl.Null:
            changed.append(column.cast(pl.String))
        stripped = " ".join(name.split())
        if not stripped:
            raise ConfigError(f"{where}: column {len(names) + 1} has no name")
        if stripped in names.values():
            raise ConfigError(f"{where}: two columns are named '{stripped}'")
        names[name] = stripped
    return frame.with_columns(changed).rename(names)
