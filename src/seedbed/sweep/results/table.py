"""Table of a sweep, results.csv: a line a job, written as jobs end, and read again."""

import csv
from codecs import getincrementaldecoder
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from math import inf, isfinite
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from seedbed.config.schema.data import SPLITS
from seedbed.errors import RunFolderError
from seedbed.files import write_atomically
from seedbed.page.cells import cell as cell
from seedbed.reading.content import leads_out, read_bytes
from seedbed.runs.best_metrics import BEST as BEST
from seedbed.runs.best_metrics import BEST_EPOCH as BEST_EPOCH
from seedbed.runs.best_metrics import metrics_of_job as metrics_of_job
from seedbed.runs.record import STATUSES, state_of
from seedbed.sweep.results.reports import Reports

# Of a sweep of a million jobs.
MOST_BYTES = 1024 * 2**20
# Columns of a search with a rule that stops trials.
EPOCHS, STOPPED = "epochs", "stopped"
# Columns of sweeps whose trials have several jobs, and of those with several objectives.
TRIAL, PARETO_RANK = "trial", "pareto_rank"


@dataclass(frozen=True)
class Row:
    """Row of the table: a job and what became of it.

    Attributes:
        number: number of the job.
        axes: values of the axes by key.
        status: one of `seedbed.runs.record.STATUSES`.
        folder: name of its folder below the sweep's; empty where none is kept.
        metrics: metrics of the last epoch by name; `best/epoch`, and `best/<metric>` of that epoch.
        seconds: time that it took; None where it is not known.
        error: why it failed, diverged or was interrupted.
        epochs: epochs that it has trained; None where it is not known.
        stopped: which rule of the search stopped it, and why.
        reports: values of the objectives by the epoch after which a rule of the search looked.
    """

    number: int
    axes: Mapping[str, Any]
    status: str
    folder: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    error: str | None = None
    epochs: int | None = None
    stopped: str | None = None
    reports: Reports = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The status in words, of a job that was killed `interrupted (killed)`."""
        return state_of({"status": self.status, "error": self.error})


# How jobs end, from the worst to the best, and those that came to an end.
_ENDED = ("completed", "stopped_early")
_WORST_FIRST = ("running", "failed", "interrupted", "diverged", "stopped_early", "completed")


def mean_row(rows: Sequence[Row]) -> Row:
    """Return the row that stands for the jobs of a trial: the first one that ended worst.

    A trial of which one job failed has failed, and one of which one diverged has diverged. Its
    metrics are the means over the jobs that came to an end, its reports those over all of them.
    """
    worst = min(rows, key=lambda row: _WORST_FIRST.index(row.status))
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.metrics.items() if row.status in _ENDED else ():
            values.setdefault(name, []).append(value)
    metrics = {name: mean(some) for name, some in values.items()}
    return replace(worst, metrics=metrics, reports=mean_reports(rows))


def mean_reports(rows: Sequence[Row]) -> Reports:
    """Return the means of what the jobs of a trial reported, where all of them did.

    None stands for what is no number.
    """
    if len(rows) == 1:
        return rows[0].reports
    shared = [epoch for epoch in rows[0].reports if all(epoch in row.reports for row in rows)]
    return {
        epoch: [
            None if None in column else mean(map(float, column))
            for column in zip(*(row.reports[epoch] for row in rows), strict=True)
        ]
        for epoch in shared
    }


class Results:
    """Table results.csv: a line a job, added as jobs end; `finish` puts them in their order."""

    def __init__(
        self,
        path: Path,
        axes: Sequence[str],
        rows: Sequence[Row] = (),
        jobs_of_trial: int = 1,
    ) -> None:
        """Begin the file anew with these rows; `axes` are the keys that the sweep varies.

        Where a trial has several jobs, numbered one after another, each row has its number.
        """
        self.path = path
        self.axes = list(axes)
        self.rows = list(rows)
        self.jobs_of_trial = jobs_of_trial
        # Of each job that has one; only when all have ended is it known.
        self._pareto_ranks: Mapping[int, int] = {}
        self._names: list[str] = []
        self._tells_epochs = False
        self._rewrite()

    def add(self, rows: Sequence[Row]) -> None:
        """Add jobs that have ended; a metric that is new makes the file be written anew."""
        self.rows.extend(rows)
        has_epochs = any(row.epochs is not None for row in rows)
        is_new = any(name not in self._names for row in rows for name in row.metrics)
        if is_new or (has_epochs and not self._tells_epochs):
            self._rewrite()
            return
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(self._text(rows))

    def change_axes(self, axes: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each job, by its number, what it has for other axes than before."""
        self.rows = [replace(row, axes=axes[row.number]) for row in self.rows]
        self.axes = list(dict.fromkeys(key for values in axes.values() for key in values))
        self._rewrite()

    def forget_folders(self, kept: Collection[int]) -> list[Row]:
        """Leave only these jobs the name of a folder; return the rows that had another one."""
        named = [(place, row) for place, row in enumerate(self.rows) if row.folder]
        gone = [(place, row) for place, row in named if row.number not in kept]
        for place, row in gone:
            self.rows[place] = replace(row, folder="")
        return [row for _, row in gone]

    def finish(self, pareto_ranks: Mapping[int, int] | None = None) -> None:
        """Write all jobs in their order, in place of the file at once.

        `pareto_ranks` are those of the jobs that have one, by their numbers.
        """
        self.rows.sort(key=lambda row: row.number)
        self._pareto_ranks = pareto_ranks or {}
        self._rewrite()

    def _rewrite(self) -> None:
        self._names = metric_names(self.rows)
        header = ["number", *self.axes, "status", *self._names, "seconds", "folder"]
        header += [TRIAL] * (self.jobs_of_trial > 1) + [PARETO_RANK] * bool(self._pareto_ranks)
        header.append("error")
        self._tells_epochs = any(row.epochs is not None for row in self.rows)
        header += [EPOCHS, STOPPED] * self._tells_epochs
        write_atomically(self.path, (csv_line(header) + self._text(self.rows)).encode())

    def _text(self, rows: Sequence[Row]) -> str:
        return "".join(csv_line(self._cells(row)) for row in rows)

    def _cells(self, row: Row) -> list[str]:
        axes = [cell(row.axes[key]) if key in row.axes else "" for key in self.axes]
        metrics = [number_cell(row.metrics.get(name), name == BEST_EPOCH) for name in self._names]
        ended = [number_cell(row.seconds), row.folder]
        if self.jobs_of_trial > 1:
            ended.append(str(row.number // self.jobs_of_trial))
        if self._pareto_ranks:
            ended.append(str(self._pareto_ranks.get(row.number, "")))
        ended.append(row.error or "")
        if self._tells_epochs:
            ended += [number_cell(row.epochs, is_whole=True), row.stopped or ""]
        return [str(row.number), *axes, row.status, *metrics, *ended]


def metric_names(rows: Sequence[Row]) -> list[str]:
    """Return the names of all metrics: training, validation, test, others, those of the best."""
    order = {split: place for place, split in enumerate(SPLITS)}
    order[BEST.rstrip("/")] = len(order) + 1
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    return sorted(names, key=lambda name: order.get(name.partition("/")[0], len(SPLITS)))


def csv_line(cells: Sequence[str]) -> str:
    """Return a line of CSV, with its end."""
    return ",".join(map(_quoted, cells)) + "\n"


def _quoted(text: str) -> str:
    """Return a cell in quotes where it needs them; csv.writer forgets some carriage returns."""
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


def number_cell(value: float | None, is_whole: bool = False) -> str:
    """Return a number as a cell that reads back exactly; of none, or no finite one, nothing."""
    if value is None or not isfinite(value):
        return ""
    return str(int(value)) if is_whole else repr(float(value))


# Reading results.csv


def read_results(path: Path) -> list[Row]:
    """Return the rows of a results.csv: numbers exactly, values of axes as the text of their cells.

    An axis that a row lacks comes back as an empty text, a metric that is not finite not at all. A
    last line that is not written to its end, since the sweep is running or was killed, is left out.
    Raises RunFolderError that names file and line where the file is damaged.
    """
    lines = StringIO(_text(path), newline="").readlines()
    reader = csv.reader(lines, strict=True)
    records, line, problem = [], 1, ""
    try:
        for cells in reader:
            records.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        problem = str(error)
    if records and not problem and not lines[-1].endswith("\n"):
        records.pop()
    (_, names), *records = records or [(1, [])]
    columns = columns_of(f"{path}, line 1", names)
    rows = [row_of(f"{path}, line {number}", cells, columns) for number, cells in records]
    if problem == "unexpected end of data":
        # The last line is cut off in a quote, unless whole lines lie inside of that quote.
        problem = "a quote is not closed" if _holds_row(lines[line:], columns) else ""
    if problem:
        raise RunFolderError(f"{path}, line {line}: damaged: {problem}")
    return rows


def _text(path: Path) -> str:
    """Return the text of a file, which may end within a letter."""
    content = read_bytes(path, MOST_BYTES)
    try:
        return getincrementaldecoder("utf-8-sig")().decode(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RunFolderError(f"{path}, line {line}: damaged: not text in UTF-8") from None


class Columns(NamedTuple):
    """The names of the columns of a table, and the places of `status` and `seconds` among them."""

    names: list[str]
    status: int
    seconds: int


def columns_of(where: str, names: list[str]) -> Columns:
    """Return where the columns are; an axis may have the name of one of ours, so the last counts.

    Raises RunFolderError where it is no header.
    """
    ends = [at for at in range(len(names)) if names[at : at + 2] == ["seconds", "folder"]]
    statuses = [at for at in range(1, max(ends, default=0)) if names[at] == "status"]
    if names[:1] != ["number"] or not statuses:
        raise RunFolderError(f"{where}: damaged: not the header of a sweep's results")
    return Columns(names, statuses[-1], ends[-1])


def _holds_row(lines: Sequence[str], columns: Columns) -> bool:
    return any(
        len(cells) == len(columns.names) and cells[columns.status] in STATUSES
        for cells in csv.reader(line for line in lines if line.endswith("\n"))
    )


def row_of(where: str, cells: list[str], columns: Columns) -> Row:
    """Return the row of some cells; raises RunFolderError where they are damaged."""
    names, status_at, seconds_at = columns
    if len(cells) != len(names):
        raise RunFolderError(f"{where}: damaged: {len(cells)} cells for {len(names)} columns")
    number, status = cells[0], cells[status_at]
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise RunFolderError(f"{where}: damaged: '{number}' is not the number of a job")
    if status not in STATUSES:
        raise RunFolderError(f"{where}: damaged: '{status}' is no status of a job")
    if leads_out(cells[seconds_at + 1]):
        raise RunFolderError(f"{where}: damaged: folder {cells[seconds_at + 1]!r} leads out")
    named = list(zip(names, cells, strict=True))
    metrics = named[status_at + 1 : seconds_at]
    seconds, folder = cells[seconds_at : seconds_at + 2]
    ended = dict(named[seconds_at + 2 :])
    epochs = ended.get(EPOCHS)
    if epochs and not (epochs.isascii() and epochs.isdecimal() and len(epochs) < 19):
        raise RunFolderError(f"{where}: damaged: '{epochs}' is no number of epochs")
    return Row(
        number=int(number),
        axes=dict(named[1:status_at]),
        status=status,
        folder=folder,
        metrics={name: _read_number(where, name, text) for name, text in metrics if text},
        seconds=_read_number(where, "seconds", seconds) if seconds else None,
        error=ended.get("error") or None,
        epochs=int(epochs) if epochs else None,
        stopped=ended.get(STOPPED) or None,
    )


def _read_number(where: str, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = inf
    if not isfinite(value):
        raise RunFolderError(f"{where}: damaged: '{text}' in column {column} is no number")
    return value
