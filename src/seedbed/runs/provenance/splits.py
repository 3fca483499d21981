"""Row numbers of the splits of a run, as plain text."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class SplitRows(NamedTuple):
    """Rows of a split.

    Attributes:
        rows: number of rows; None where it is not known.
        numbers: their numbers, int64, counted from 0 in the dataset that is split, or in the set of
            its own that the split has; None where rows have none, as of a stream.
    """

    rows: int | None
    numbers: NDArray[np.int64] | None = None


def splits_text(splits: Mapping[str, SplitRows]) -> str:
    """Return the splits as JSON: of each the number of rows, and which of the dataset they are.

    `"rows": "0-4,7"` are the rows 0, 1, 2, 3, 4 and 7, counted from 0.
    """
    content: dict[str, dict[str, Any]] = {
        name: {"count": part.rows, "rows": _ranges(part.numbers)} for name, part in splits.items()
    }
    return json.dumps(content, indent=1) + "\n"


def _ranges(numbers: NDArray[np.int64] | None) -> str | None:
    if numbers is None:
        return None
    if not len(numbers):
        return ""
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    firsts = numbers[np.concatenate(([0], breaks + 1))].tolist()
    lasts = numbers[np.concatenate((breaks, [len(numbers) - 1]))].tolist()
    pairs = zip(firsts, lasts, strict=True)
    return ",".join(f"{a}-{b}" if a != b else str(a) for a, b in pairs)


def rows_of_text(text: str) -> list[int]:
    """Return the row numbers in `"0-4,7"`."""
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers
