"""New rows with known targets."""

from collections.abc import Sequence
from dataclasses import dataclass

from seedbed.data.table import Table


@dataclass(frozen=True)
class LabelledRows:
    """New rows with known targets, to measure a run on.

    Attributes:
        table: the rows as a dataset in memory holds them: inputs before `placed_inputs`, targets in
            their own units.
        notes: what people should know of them: rows and columns that are left out.
    """

    table: Table
    notes: Sequence[str] = ()
