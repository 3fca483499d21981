"""configurations.csv: what each configuration of a cross-validation has reached, the best first."""

from collections.abc import Sequence
from pathlib import Path

from seedbed.files import write_atomically
from seedbed.sweep.results.configurations import (
    Configuration,
    by_mean,
    configurations,
    shown_axes,
)
from seedbed.sweep.results.table import BEST_EPOCH, Row, csv_line, metric_names, number_cell

DEVIATION = " deviation"


def write_configurations(path: Path, rows: Sequence[Row], column: str, mode: str) -> None:
    """Write a row a configuration: of each metric its mean, and its deviation over the folds.

    Args:
        path: the file.
        rows: the jobs.
        column: the metric's column by whose mean they are ranked.
        mode: `min` or `max`.
    """
    axes, metrics = shown_axes(rows), [name for name in metric_names(rows) if name != BEST_EPOCH]
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
