"""Predictions as they are told: in a file, or in a table on a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from seedbed.data.tabular import write_output
from seedbed.errors import ConfigError, listed
from seedbed.experiment.predicting.given_rows import GivenRows
from seedbed.experiment.predictions import Answer, for_all_rows, with_gaps
from seedbed.terminal.tables import print_table
from seedbed.terminal.words import relative

# The column with the numbers of the rows, counted from 0.
ROW = "row"


@dataclass(frozen=True)
class Told:
    """Predictions of rows: as a table, and as numbers, for the rows that can be predicted.

    Attributes:
        answer: the table.
        values: (rows, targets), or of a classification (rows, classes).
    """

    answer: Answer
    values: Tensor


def require_finite(values: Tensor, given: GivenRows) -> None:
    """Raise ConfigError where a prediction is no number."""
    finite = values.isfinite().reshape(len(values), -1).all(dim=1)
    wrong = (~finite).nonzero().flatten()
    if given.usable is not None:
        wrong = given.usable.nonzero().flatten()[wrong]
    if len(wrong):
        rows = listed((row + 1 for row in wrong.tolist()), 5)
        raise ConfigError(
            f"{given.called}: the predictions of these rows are not finite: {rows}; "
            "their numbers are too large for this run, or its weights are not finite"
        )


@dataclass(frozen=True)
class ToldRows:
    """Predictions with a row for each row that was given.

    Attributes:
        before: cells beside them, by name: the number of the row, its ids, and what is true of it.
        answer: the predictions as a table, empty where a row cannot be predicted.
        values: the predictions as numbers, nan there.
    """

    before: dict[str, Sequence[Any]]
    answer: Answer
    values: Tensor

    @property
    def columns(self) -> dict[str, Sequence[Any]]:
        """All columns of a file."""
        return {**self.before, **self.answer.columns}


def told_rows(told: Told, given: GivenRows) -> ToldRows:
    """Return predictions for all rows that were given, with what is known of each."""
    answer, values = told.answer, told.values
    if given.usable is not None:
        answer, values = for_all_rows(answer, given.usable), with_gaps(values, given.usable)
    own = {} if given.row_numbers is None else {ROW: given.row_numbers.tolist()}
    true = given.targets()
    taken = {*own, *true, *answer.columns}
    ids = {f"{name} (id)" if name in taken else name: cells for name, cells in given.ids.items()}
    return ToldRows({**own, **ids, **true}, answer, values)


def tell(told: Told, given: GivenRows, output: Path | None) -> None:
    """Write predictions to a file, a row for each row that was given, or print them beside these.

    Before them come the number of the row, where it has one, its ids, and what is true of it.
    """
    count = told.answer.rows
    rows = told_rows(told, given)
    if output is None:
        shown = {name: rows.answer.columns[name] for name in rows.answer.shown}
        _print_rows({**rows.before, **given.shown}, shown)
        return
    write_output(output, rows.columns, rows.values.numpy())
    called = "1 prediction" if count == 1 else f"{count:,} predictions"
    print(f"{called} written to {relative(output)}")
    if output.suffix == ".npy" and rows.before:
        names = listed(rows.before)
        print(f"             numbers alone: {names} would be in a .csv or .parquet file")


def _print_rows(inputs: Mapping[str, Sequence[Any]], shown: Mapping[str, Sequence[Any]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    # An input and what is predicted may have one name.
    columns = [*inputs.items(), *shown.items()]
    for name, _ in columns:
        table.add_column(name, justify="right")
    for row in zip(*(values for _, values in columns), strict=True):
        table.add_row(*map(_cell, row))
    print_table(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)
