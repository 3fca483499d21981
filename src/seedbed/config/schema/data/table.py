"""Schema of `data=table`: a table of the user's own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING, DictConfig

from seedbed.config.schema.data import InMemoryData
from seedbed.config.schema.field import key
from seedbed.errors import listed, nearest

KINDS = ("number", "category", "boolean", "date", "time", "id", "ignore")


@dataclass
class TableFile(InMemoryData, target="seedbed.data.TableFile"):
    """Table of the user's own, in a file."""

    file: str = key("file of the table: CSV, TSV, Parquet or Arrow, packed or not", MISSING)
    target: Any = key("name of the target's column, or a list of several", MISSING)
    val_file: str | None = key("file of the validation rows; null: held out", None, varies=True)
    test_file: str | None = key("file of the test rows; null: held out", None, varies=True)
    columns: Any = key(
        "kinds by name, such as {zip: category, id: ignore}; null: all are inferred", None
    )
    encode: str = key(
        "categories as inputs of 0 and 1 (one_hot), or as codes that the model embeds (embedding)",
        "one_hot",
        one_of=("one_hot", "embedding"),
    )
    missing: str = key(
        "missing values: fill (median or most frequent, and an indicator), drop (the row), error",
        "fill",
        one_of=("fill", "drop", "error"),
        varies=True,
    )
    separator: str | None = key("letter between two fields; null: found", None)
    decimal: str | None = key("decimal point, or comma; null: found", None, one_of=(".", ","))
    encoding: str | None = key("encoding of the text; null: found", None)
    quote: str | None = key("letter around a field, or '' for none; null: found", None)
    null_values: list[str] | None = key("words for a missing value; null: NA, NaN and such", None)

    @classmethod
    def row_count(cls, node: DictConfig) -> int | None:
        """Return nothing: the file says how many rows there are."""
        return None

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a target that is none, unknown kinds, and files where rows are held out as well."""
        names = target_names(node.target)
        if not names:
            yield f"data.target: {node.target!r} is neither a column's name nor a list of names"
        yield from _kind_problems(node.columns)
        if node.folds is not None and node.val_file is not None:
            yield "data.folds and data.val_file both say which rows validate: choose one"
        yield from super().problems(node, config, key)


def _kind_problems(columns: Any) -> Iterator[str]:
    if columns is None:
        return
    if not isinstance(columns, Mapping):
        yield f"data.columns: {columns!r} is not a mapping such as {{zip: category, id: ignore}}"
        return
    for name, kind in columns.items():
        if kind not in KINDS:
            hint = nearest(str(kind), KINDS)
            yield f"data.columns: {name}: '{kind}' is no kind.{hint} Kinds: {listed(KINDS)}"


def target_names(target: Any) -> list[str]:
    """Return the names of the targets that the key `data.target` holds; none where it is wrong."""
    names = [target] if isinstance(target, str | int) else target
    try:
        return [str(name) for name in names]
    except TypeError:
        return []
