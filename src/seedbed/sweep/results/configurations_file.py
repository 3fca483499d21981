"""configurations.csv: what each configuration has reached over seeds and folds, the best first."""

from collections.abc import Sequence
from pathlib import Path

from seedbed.files import write_atomically
from seedbed.sweep.results.configurations import columns_of_rank, configurations, shown_axes
from seedbed.sweep.results.judged import Judged, judged
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.table import PARETO_RANK, Row, csv_line, number_cell

DEVIATION = " deviation"


def write_configurations(path: Path, rows: Sequence[Row], objectives: Objectives) -> None:
    """Write a row a configuration: of each metric its mean, and its deviation.

    That is the deviation over the folds, where there are some, else over the seeds. All of them are
    those of the epoch by which configurations are ranked.

    Args:
        path: the file.
        rows: the jobs.
        objectives: by what configurations are ranked.
    """
    axes, metrics = shown_axes(rows), columns_of_rank(rows, objectives.rank)
    shown = configurations(rows, axes)
    has_folds = any(each.folds for each in shown)
    named = [title for name in metrics for title in (name, name + DEVIATION)]
    ranks = [PARETO_RANK] if objectives.several else []
    header = [*axes, *["folds"] * has_folds, "jobs", "completed", *ranks, *named]
    lines = [header]
    for each in judged(shown, objectives):
        cells = _cells(each, objectives, metrics)
        lines.append([*each.configuration.cells.values(), *cells[not has_folds :]])
    write_atomically(path, "".join(map(csv_line, lines)).encode())


def _cells(ranked: Judged, objectives: Objectives, metrics: Sequence[str]) -> list[str]:
    """Return the number of folds, those of jobs, the rank and the metrics of a configuration."""
    configuration, column = ranked.configuration, objectives.column
    folds = str(len(configuration.values(column)))
    cells = [folds, str(len(configuration.jobs)), str(configuration.completed(column))]
    if objectives.several:
        cells.append("" if ranked.rank is None else str(ranked.rank))
    pairs = [(configuration.mean(name), configuration.deviation(name)) for name in metrics]
    return [*cells, *(number_cell(value) for pair in pairs for value in pair)]
