"""The table of a sweep, results.csv: a line a job, written as jobs end, and read again."""

import csv
import json
from codecs import getincrementaldecoder
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from math import inf, isfinite
from pathlib import Path
from typing import Any

from seedbed.config.schema.data import SPLITS
from seedbed.errors import RunFolderError
from seedbed.files import write_atomically
from seedbed.runs.record import STATUSES

# Columns about the best epoch of a job; all others are about its last.
BEST = "best/"
BEST_EPOCH = f"{BEST}epoch"


def metrics_of_job(
    metrics: Mapping[str, float], watched: str, best: tuple[int, Mapping[str, float]] | None
) -> dict[str, float]:
    """Return the metrics of a job's row: those of the last epoch, and the watched one's best.

    `best` are the epoch with the best value of the watched metric and its metrics, if it is known.
    """
    if best is None or watched not in best[1]:
        return dict(metrics)
    epoch, values = best
    return {**metrics, BEST_EPOCH: epoch, f"{BEST}{watched}": values[watched]}


@dataclass(frozen=True)
class Row:
    """One job: its number, the axes' values by key, and what became of it.

    `metrics` are those of the last epoch by name, and beside them `best/epoch` and
    `best/<watched metric>`.
    """

    number: int
    axes: Mapping[str, Any]
    status: str
    folder: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    error: str | None = None


class Results:
    """results.csv: a line a job, added as jobs end; `finish` puts the lines in the jobs' order."""

    def __init__(self, path: Path, axes: Sequence[str], rows: Sequence[Row] = ()) -> None:
        """Begin the file anew with these rows; `axes` are the keys that the sweep varies."""
        self.path = path
        self.axes = list(axes)
        self.rows = list(rows)
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

    def change_axes(self, axes: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each job, by its number, what it has for other axes than before."""
        self.rows = [replace(row, axes=axes[row.number]) for row in self.rows]
        self.axes = list(dict.fromkeys(key for values in axes.values() for key in values))
        self._rewrite()

    def forget_folders(self, kept: Collection[int]) -> list[str]:
        """Leave only these jobs the name of a folder; return the names that others had."""
        gone = [row for row in self.rows if row.folder and row.number not in kept]
        places = {row.number: place for place, row in enumerate(self.rows)} if gone else {}
        for row in gone:
            self.rows[places[row.number]] = replace(row, folder="")
        return [row.folder for row in gone]

    def finish(self) -> None:
        """Write all jobs in their order, in place of the file at once."""
        self.rows.sort(key=lambda row: row.number)
        self._rewrite()

    def _rewrite(self) -> None:
        self._names = metric_names(self.rows)
        header = ["number", *self.axes, "status", *self._names, "seconds", "folder", "error"]
        text = _lines([header]) + self._text(self.rows)
        write_atomically(self.path, text.encode())

    def _text(self, rows: Sequence[Row]) -> str:
        return _lines([self._cells(row) for row in rows])

    def _cells(self, row: Row) -> list[str]:
        axes = [cell(row.axes[key]) if key in row.axes else "" for key in self.axes]
        metrics = [_measured(name, row.metrics.get(name)) for name in self._names]
        ended = [_number(row.seconds), row.folder, row.error or ""]
        return [str(row.number), *axes, row.status, *metrics, *ended]


def metric_names(rows: Sequence[Row]) -> list[str]:
    """Return the names of all metrics: training, validation, test, others, those of the best."""
    order = {split: place for place, split in enumerate(SPLITS)}
    order[BEST.rstrip("/")] = len(order) + 1
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    return sorted(names, key=lambda name: order.get(name.partition("/")[0], len(SPLITS)))


def _lines(rows: Sequence[Sequence[str]]) -> str:
    return "".join(",".join(map(_quoted, cells)) + "\n" for cells in rows)


def _quoted(text: str) -> str:
    """Return a cell in quotes where it needs them; csv.writer forgets some carriage returns."""
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


def cell(value: Any) -> str:
    """Return a value of a config as a cell; numbers read back exactly."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(float(value))
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Return a value as dictionaries and lists."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def _measured(name: str, value: float | None) -> str:
    return str(int(value)) if name == BEST_EPOCH and value is not None else _number(value)


def _number(value: float | None) -> str:
    return "" if value is None or not isfinite(value) else repr(float(value))


# Reading results.csv


@dataclass(frozen=True)
class _Columns:
    """The names of the columns, and the places of `status` and `seconds` among them."""

    names: list[str]
    status: int
    seconds: int

    @property
    def axes(self) -> slice:
        """The places of the axes."""
        return slice(1, self.status)

    @property
    def metrics(self) -> slice:
        """The places of the metrics."""
        return slice(self.status + 1, self.seconds)


def read_results(path: Path) -> list[Row]:
    """Return the rows of a results.csv: numbers exactly, values of axes as the text of their cells.

    An axis that a row lacks comes back as an empty text, a metric that is not finite not at all. A
    last line that is not written to its end, since the sweep is running or was killed, is left out.
    Raises RunFolderError that names file and line where the file is damaged.
    """
    text = _text(path)
    end = _end_of_lines(text)
    records = _records(path, text[:end])
    line, names = next(records, (1, []))
    columns = _columns(f"{path}, line {line}", names)
    rows = [_row(f"{path}, line {line}", cells, columns) for line, cells in records]
    if _holds_lines(text[end:], columns):
        line = text.count("\n", 0, end) + 1
        raise RunFolderError(f"{path}, line {line}: damaged: a quote is not closed")
    return rows


def _text(path: Path) -> str:
    """Return the text of a file, which may end within a letter."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunFolderError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    try:
        return getincrementaldecoder("utf-8-sig")().decode(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RunFolderError(f"{path}, line {line}: damaged: not text in UTF-8") from None


def _end_of_lines(text: str) -> int:
    """Return where the last whole line ends; a line break in quotes ends none."""
    end, place, quotes = 0, 0, 0
    for part in text.split("\n")[:-1]:
        place += len(part) + 1
        quotes += part.count('"')
        if quotes % 2 == 0:
            end = place
    return end


def _holds_lines(rest: str, columns: _Columns) -> bool:
    """Tell whether more than one line is missing: then it is not just the last one cut off."""
    lines = (next(csv.reader([part]), []) for part in rest.split("\n")[1:-1])
    return any(
        len(cells) == len(columns.names) and cells[columns.status] in STATUSES for cells in lines
    )


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line, after the number of the line in the file."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise RunFolderError(f"{path}, line {line}: damaged: {error}") from None
        if cells is None:
            return
        yield line, cells


def _columns(where: str, names: list[str]) -> _Columns:
    """Return where the columns are; an axis may have the name of one of ours, so the last counts.

    Raises RunFolderError where it is no header.
    """
    ends = [at for at in range(len(names)) if names[at : at + 2] == ["seconds", "folder"]]
    statuses = [at for at in range(1, max(ends, default=0)) if names[at] == "status"]
    if names[:1] != ["number"] or not statuses:
        raise RunFolderError(f"{where}: damaged: not the header of a sweep's results")
    return _Columns(names, statuses[-1], ends[-1])


def _row(where: str, cells: list[str], columns: _Columns) -> Row:
    names = columns.names
    if len(cells) != len(names):
        raise RunFolderError(f"{where}: damaged: {len(cells)} cells for {len(names)} columns")
    number, status = cells[0], cells[columns.status]
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise RunFolderError(f"{where}: damaged: '{number}' is not the number of a job")
    if status not in STATUSES:
        raise RunFolderError(f"{where}: damaged: '{status}' is no status of a job")
    measured = zip(names[columns.metrics], cells[columns.metrics], strict=True)
    seconds, folder, *behind = cells[columns.seconds :]
    error = dict(zip(names[columns.seconds + 2 :], behind, strict=True)).get("error")
    return Row(
        int(number),
        dict(zip(names[columns.axes], cells[columns.axes], strict=True)),
        status,
        folder,
        {name: _read_number(where, name, text) for name, text in measured if text},
        _read_number(where, "seconds", seconds) if seconds else None,
        error or None,
    )


def _read_number(where: str, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = inf
    if not isfinite(value):
        raise RunFolderError(f"{where}: damaged: '{text}' in column {column} is no number")
    return value
