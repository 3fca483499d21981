"""Schema of a table as people are shown it before training."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from seedbed.data.tables.schema import Column, TableSchema

if TYPE_CHECKING:
    from rich.table import Table

_BECOMES = {
    "number": "a number",
    "category": "its words",
    "boolean": "0 or 1",
    "date": "year, month, day, weekday",
    "time": "hours",
}


def schema_lines(schema: TableSchema, becomes: Mapping[str, str] | None = None) -> "Table":
    """Return a rich table with a row a column: kind, what it becomes, missing values, and a note.

    `becomes` says by name what inputs become, such as `3 words`; else it follows from the kind.
    """
    from rich import box
    from rich.table import Table

    table = Table("column", "kind", "becomes", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("missing", justify="right")
    table.add_column("note")
    for column in schema.columns:
        missing = f"{column.missing:,}" if column.missing else ""
        name = (becomes or {}).get(column.name) or _becomes(column, schema)
        table.add_row(column.name, column.kind, name, missing, column.note)
    return table


def _becomes(column: Column, schema: TableSchema) -> str:
    if column.role == "target":
        return f"target ({schema.task})" if schema.task else "target"
    return {
        "left_out": "left out",
        "weight": "weight of the row",
        "split": "what rows are split by",
    }.get(column.role, _BECOMES.get(column.kind, ""))
