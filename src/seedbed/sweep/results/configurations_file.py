"""configurations.csv: what each configuration has reached over seeds and folds, the best first."""

from collections.abc import Sequence
from pathlib import Path

from seedbed.files import write_atomically
from seedbed.sweep.results.configurations import columns_of_rank, configurations, shown_axes
from seedbed.sweep.results.judged import Judged, judged
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.table import PARETO_RANK, Row, csv_line, number_cell

DEVIATION = " deviation"


Value = str | int | float | None


def write_configurations(path: Path, rows: Sequence[Row], objectives: Objectives) -> None:
    """Write `configuration_rows` to a file; a number that is none, or not finite, is empty."""
    header, lines = configuration_rows(rows, objectives)
    cells = [header, *([_cell(value) for value in line] for line in lines)]
    write_atomically(path, "".join(map(csv_line, cells)).encode())


def _cell(value: Value) -> str:
    return value if isinstance(value, str) else number_cell(value, isinstance(value, int))


def configuration_rows(
    rows: Sequence[Row], objectives: Objectives
) -> tuple[list[str], list[list[Value]]]:
    """Return names of columns, and a row a configuration: of each metric its mean and deviation.

    That is the deviation over the folds, where there are some, else over the seeds. All of them are
    those of the epoch by which configurations are ranked.

    Args:
        rows: the jobs.
        objectives: by what configurations are ranked.
    """
    axes, metrics = shown_axes(rows), columns_of_rank(rows, objectives.rank)
    shown = configurations(rows, axes)
    has_folds = any(each.folds for each in shown)
    named = [title for name in metrics for title in (name, name + DEVIATION)]
    ranks = [PARETO_RANK] if objectives.several else []
    header = [*axes, *["folds"] * has_folds, "jobs", "completed", *ranks, *named]
    lines: list[list[Value]] = []
    for each in judged(shown, objectives):
        values = _values(each, objectives, metrics)
        lines.append([*each.configuration.cells.values(), *values[not has_folds :]])
    return header, lines


def _values(ranked: Judged, objectives: Objectives, metrics: Sequence[str]) -> list[Value]:
    """Return the number of folds, those of jobs, the rank and the metrics of a configuration."""
    configuration, column = ranked.configuration, objectives.column
    folds = len(configuration.values(column))
    values: list[Value] = [folds, len(configuration.jobs), configuration.completed(column)]
    if objectives.several:
        values.append(ranked.rank)
    pairs = [(configuration.mean(name), configuration.deviation(name)) for name in metrics]
    return [*values, *(value for pair in pairs for value in pair)]
