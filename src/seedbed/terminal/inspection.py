"""Tables of `seedbed inspect`: classes and numbers by split."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.table import Table

# Classes that are shown one by one.
MOST_CLASSES = 30


def class_table(names: Sequence[str], counts: Mapping[str, Sequence[int]]) -> "Table":
    """Return a table of the rows by class of each split, and their share."""
    table = _table("class", counts)
    shown = list(range(len(names)))[:MOST_CLASSES]
    for place in shown:
        table.add_row(names[place], *(_share(part[place], part) for part in counts.values()))
    if len(names) > len(shown):
        rest = [sum(part[MOST_CLASSES:]) for part in counts.values()]
        table.add_row(f"{len(names) - len(shown)} more", *(f"{count:,}" for count in rest))
    table.add_row("all", *(f"{sum(part):,}" for part in counts.values()))
    return table


def _share(count: int, part: Sequence[int]) -> str:
    total = sum(part)
    return f"{count:,} ({count / total:.1%})" if total else "0"


def number_table(
    names: Sequence[str],
    values: Mapping[str, "NDArray[np.float64]"],
    rows: Mapping[str, int | None],
) -> "Table":
    """Return a table of what the targets are in each split, (rows, targets)."""
    table = _table("target", values)
    table.add_row("rows", *("?" if count is None else f"{count:,}" for count in rows.values()))
    for place, name in enumerate(names):
        columns = [part[:, place] for part in values.values()]
        table.add_row(
            f"{name}: mean ± std", *(f"{own.mean():.5g} ± {own.std():.5g}" for own in columns)
        )
        table.add_row(f"{name}: range", *(f"{own.min():.5g} to {own.max():.5g}" for own in columns))
    return table


def _table(first: str, splits: Mapping[str, object]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(first, box=box.SIMPLE_HEAD, pad_edge=False)
    for split in splits:
        table.add_column(split, justify="right")
    return table
