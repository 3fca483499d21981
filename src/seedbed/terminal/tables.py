"""Tables on standard output."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def metrics_table(columns: dict[str, dict[str, float]]) -> "Table":
    """Return a rich table of metrics.

    `columns` maps the title of a column, such as `best`, to its metrics by name; a metric that a
    column lacks leaves its cell empty.
    """
    from rich import box
    from rich.table import Table

    table = Table("metric", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in columns:
        table.add_column(title, justify="right")
    names = dict.fromkeys(name for values in columns.values() for name in values)
    for name in names:
        row = [f"{values[name]:.6g}" if name in values else "" for values in columns.values()]
        table.add_row(name, *row)
    return table


def print_table(table: "Table") -> None:
    """Print a rich table to stdout.

    A terminal's width is kept to; in a file or pipe no line is wrapped.
    """
    from rich.console import Console

    # Names of the user's are shown as they are, brackets and colons included.
    console = Console(file=sys.stdout, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, width=10_000, markup=False, emoji=False)
    console.print(table)
