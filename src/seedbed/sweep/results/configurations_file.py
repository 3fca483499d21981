"""configurations.csv: what each configuration of a cross-validation has reached, the best first."""

from collections.abc import Sequence
from pathlib import Path

from seedbed.files import write_atomically
from seedbed.sweep.results.configurations import (
    Configuration,
    by_mean,
    columns_of_rank,
    configurations,
    ranked_column,
    shown_axes,
)
from seedbed.sweep.results.table import Row, csv_line, number_cell

DEVIATION = " deviation"


def write_configurations(
    path: Path, rows: Sequence[Row], metric: str, mode: str, rank: str
) -> None:
    """Write a row a configuration: of each metric its mean, and its deviation over the folds.

    All of them are those of the epoch by which configurations are ranked.

    Args:
        path: the file.
        rows: the jobs.
        metric: the metric by whose mean they are ranked.
        mode: `min` or `max`.
        rank: epoch of a job that counts, `best` or `last`.
    """
    column = ranked_column(metric, rank)
    axes, metrics = shown_axes(rows), columns_of_rank(rows, rank)
    named = [title for name in metrics for title in (name, name + DEVIATION)]
    header = [*axes, "folds", "jobs", "completed", *named]
    ranked = by_mean(configurations(rows, axes), mode, column)
    lines = [header, *([*each.cells.values(), *_cells(each, column, metrics)] for each in ranked)]
    write_atomically(path, "".join(map(csv_line, lines)).encode())


def _cells(configuration: Configuration, column: str, metrics: Sequence[str]) -> list[str]:
    folds = str(len(configuration.values(column)))
    counts = [folds, str(len(configuration.jobs)), str(configuration.completed(column))]
    pairs = [(configuration.mean(name), configuration.deviation(name)) for name in metrics]
    return [*counts, *(number_cell(value) for pair in pairs for value in pair)]
