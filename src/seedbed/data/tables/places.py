"""Places and values of a table as messages show them."""

from collections.abc import Callable
from typing import Any

import polars as pl

# Says where people find a row, of which the first is 0: `line 2`.
Where = Callable[[int], str]


def rows_text(rows: pl.Series, where: Where) -> str:
    """Return where rows are: `line 7`, or `line 7, line 9, line 12 and 3 more rows`."""
    shown = ", ".join(where(int(row)) for row in rows.head(3).to_list())
    return shown if len(rows) <= 3 else f"{shown} and {len(rows) - 3:,} more rows"


def value_text(value: Any) -> str:
    """Return a value in a line, cut where it is long."""
    text = str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


def mean(values: pl.Series) -> float:
    """Return the mean of numbers or of how many are true; 0 of none."""
    average: Any = values.mean()
    return float(average or 0.0)
