"""Results of a sweep as polars DataFrames."""

import json
import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from seedbed.errors import plain
from seedbed.sweep.results.configurations_file import configuration_rows
from seedbed.sweep.results.judged import pareto_ranks
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.table import (
    BEST_EPOCH,
    EPOCHS,
    PARETO_RANK,
    STOPPED,
    TRIAL,
    Row,
    metric_names,
)

_COUNTS = ("folds", "jobs", "completed", PARETO_RANK)


def results_frame(rows: Sequence[Row], plan: SweepPlan) -> pl.DataFrame:
    """Return the table of a sweep's jobs that have ended, in the columns of results.csv.

    Numbers are numbers, those of axes too where all of their values are; what is empty is null.
    """
    ordered = sorted(rows, key=lambda row: row.number)
    axes = list(dict.fromkeys(key for row in ordered for key in row.axes))
    columns = [pl.Series("number", [row.number for row in ordered], dtype=pl.Int64)]
    columns += [typed(key, [row.axes.get(key, "") for row in ordered]) for key in axes]
    columns.append(pl.Series("status", [row.status for row in ordered], dtype=pl.String))
    for name in metric_names(ordered):
        kind = pl.Int64 if name == BEST_EPOCH else pl.Float64
        values = [row.metrics.get(name) for row in ordered]
        columns.append(pl.Series(name, values, dtype=kind, strict=False))
    columns.append(pl.Series("seconds", [row.seconds for row in ordered], dtype=pl.Float64))
    folders = [row.folder or None for row in ordered]
    columns.append(pl.Series("folder", folders, dtype=pl.String))
    if plan.jobs_of_trial > 1:
        trials = [row.number // plan.jobs_of_trial for row in ordered]
        columns.append(pl.Series(TRIAL, trials, dtype=pl.Int64))
    if plan.objectives.several:
        ranks = pareto_ranks(ordered, plan.objectives)
        columns.append(_whole(PARETO_RANK, [ranks.get(row.number) for row in ordered]))
    columns.append(pl.Series("error", [row.error for row in ordered], dtype=pl.String))
    if any(row.epochs is not None for row in ordered):
        columns.append(_whole(EPOCHS, [row.epochs for row in ordered]))
        columns.append(pl.Series(STOPPED, [row.stopped for row in ordered], dtype=pl.String))
    return pl.DataFrame(_each_once(columns))


def _whole(name: str, values: Sequence[int | None]) -> pl.Series:
    return pl.Series(name, values, dtype=pl.Int64)


def _each_once(columns: Sequence[pl.Series]) -> list[pl.Series]:
    """Return columns of which no two have a name: an axis may be called as one of ours.

    Texts steer no terminal on which the frame is printed.
    """
    taken: set[str] = set()
    renamed = []
    for column in columns:
        name = plain(column.name)
        while name in taken:
            name += "_"
        taken.add(name)
        if column.dtype == pl.String:
            column = pl.Series(name, [_plain(text) for text in column], dtype=pl.String)
        renamed.append(column.alias(name))
    return renamed


def _plain(text: str | None) -> str | None:
    return None if text is None else plain(text)


def configurations_frame(rows: Sequence[Row], objectives: Objectives) -> pl.DataFrame:
    """Return a row a configuration, the best first: means and deviations over seeds and folds.

    These are the rows and columns of configurations.csv.
    """
    header, lines = configuration_rows(rows, objectives)
    axes = header[: header.index("folds" if "folds" in header else "jobs")]
    columns = []
    for place, name in enumerate(header):
        cells = [line[place] for line in lines]
        if place < len(axes):
            columns.append(typed(name, cells))
        else:
            kind = pl.Int64 if name in _COUNTS else pl.Float64
            columns.append(pl.Series(name, cells, dtype=kind, strict=False))
    return pl.DataFrame(_each_once(columns))


_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_EMPTY = ("", "null")


def typed(name: str, cells: Sequence[Any]) -> pl.Series:
    """Return the cells of an axis as a column: truths, whole numbers, numbers, or texts.

    Where any value is a text all are, as they were typed; what is empty, or null, is null.
    """
    texts = [cell if isinstance(cell, str) else json.dumps(cell) for cell in cells]
    given = [None if text in _EMPTY else text for text in texts]
    present = [text for text in given if text is not None]
    if present and all(text in ("true", "false") for text in present):
        return pl.Series(name, [None if text is None else text == "true" for text in given])
    if present and all(_WHOLE.fullmatch(text) for text in present):
        return pl.Series(name, [None if text is None else int(text) for text in given], pl.Int64)
    try:
        numbers = [None if text is None else _number(text) for text in given]
    except ValueError:
        return pl.Series(name, given, dtype=pl.String)
    return pl.Series(name, numbers, dtype=pl.Float64 if present else pl.String)


def _number(text: str) -> float:
    """Return a number as configs have them; Python reads 1_000, which they do not."""
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)
