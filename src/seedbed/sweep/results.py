"""What a sweep says about all of its jobs: results.csv, sweep.json and the closing table."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from math import isfinite
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from seedbed.runs.folder import write_atomically
from seedbed.runs.record import write_json
from seedbed.schema.data import SPLITS

RESULTS, PLAN = "results.csv", "sweep.json"
# The axis that the closing table does not tell apart.
SEED = "seed"
# The rows of the closing table.
BEST = 10


@dataclass(frozen=True)
class Row:
    """One job: its number, the axes' values by key, and what became of it."""

    number: int
    axes: Mapping[str, Any]
    status: str
    folder: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    error: str | None = None


class Results:
    """results.csv: a line a job, added as jobs end; `finish` puts the lines in the jobs' order."""

    def __init__(self, path: Path, axes: Sequence[str]) -> None:
        """Begin the file anew; `axes` are the keys that the sweep varies."""
        self.path = path
        self.axes = list(axes)
        self.rows: list[Row] = []
        self._names: list[str] = []
        self._rewrite()

    def add(self, rows: Sequence[Row]) -> None:
        """Add jobs that have ended; a metric that is new makes the file be written anew."""
        self.rows.extend(rows)
        if any(name not in self._names for row in rows for name in row.metrics):
            self._rewrite()
            return
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(self._text(rows))

    def finish(self) -> None:
        """Write all jobs in their order, in place of the file at once."""
        self.rows.sort(key=lambda row: row.number)
        self._rewrite()

    def _rewrite(self) -> None:
        self._names = metric_names(self.rows)
        header = ["number", *self.axes, "status", *self._names, "seconds", "folder"]
        text = _lines([header]) + self._text(self.rows)
        write_atomically(self.path, lambda temporary: temporary.write_bytes(text.encode()))

    def _text(self, rows: Sequence[Row]) -> str:
        return _lines([self._cells(row) for row in rows])

    def _cells(self, row: Row) -> list[str]:
        axes = [_cell(row.axes[key]) if key in row.axes else "" for key in self.axes]
        metrics = [_number(row.metrics.get(name)) for name in self._names]
        return [str(row.number), *axes, row.status, *metrics, _number(row.seconds), row.folder]


def metric_names(rows: Sequence[Row]) -> list[str]:
    """Return the names of all metrics: training first, then validation, test and any other."""
    order = {split: place for place, split in enumerate(SPLITS)}
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    return sorted(names, key=lambda name: order.get(name.partition("/")[0], len(order)))


def _lines(cells: Sequence[Sequence[str]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(cells)
    return text.getvalue()


def _cell(value: Any) -> str:
    """Return a value of a config as a cell; numbers read back exactly."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(float(value))
    return json.dumps(_plain(value), ensure_ascii=False)


def _number(value: float | None) -> str:
    return "" if value is None or not isfinite(value) else repr(float(value))


def write_plan(
    path: Path,
    axes: Mapping[str, Sequence[Any]],
    jobs: Sequence[Mapping[str, Any]],
    groups: Sequence[Sequence[int]],
    config_hash: str,
) -> None:
    """Write sweep.json: the axes' values, each job's, and the numbers of jobs trained together."""
    content = {"config_hash": config_hash, "axes": axes, "jobs": jobs, "groups": groups}
    write_json(path, {name: _plain(value) for name, value in content.items()})


def _plain(value: Any) -> Any:
    """Return a value as dictionaries and lists."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def closing_table(rows: Sequence[Row], metric: str, mode: str) -> Any:
    """Return a rich table of the ten best by the mean of a metric over the seeds.

    Only jobs that completed count; where not all did, the last column says how many of them.
    `mode` is `min` or `max`.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    axes = [key for key in dict.fromkeys(key for row in rows for key in row.axes) if key != SEED]
    table = Table(*map(escape, axes), box=box.SIMPLE_HEAD, pad_edge=False)
    for title in (metric, "deviation", "jobs"):
        table.add_column(title, justify="right")
    sign = 1.0 if mode == "min" else -1.0
    ranked = sorted(_groups(rows, axes, metric), key=lambda one: sign * fmean(one[1]))
    for cells, values, jobs in ranked[:BEST]:
        deviation = f"{stdev(values):.3g}" if len(values) > 1 else ""
        counted = str(jobs) if len(values) == jobs else f"{len(values)} of {jobs}"
        table.add_row(*map(escape, cells), f"{fmean(values):.6g}", deviation, counted)
    return table


def _groups(
    rows: Sequence[Row], axes: Sequence[str], metric: str
) -> list[tuple[list[str], list[float], int]]:
    """Return, by the axes' values, what those jobs reached and how many they are."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.number):
        key = tuple(_cell(row.axes[axis]) if axis in row.axes else "" for axis in axes)
        found.setdefault(key, []).append(row)
    groups = [(list(key), _reached(jobs, metric), len(jobs)) for key, jobs in found.items()]
    return [one for one in groups if one[1]]


def _reached(rows: Sequence[Row], metric: str) -> list[float]:
    values = [
        row.metrics[metric] for row in rows if row.status == "completed" and metric in row.metrics
    ]
    return [value for value in values if isfinite(value)]
