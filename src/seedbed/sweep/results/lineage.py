"""population.csv: who took over whom in a population, and with what numbers."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.errors import RunFolderError
from seedbed.files import write_atomically
from seedbed.reading.content import read_text
from seedbed.sweep.results.table import csv_line

NAME = "population"
MOST_BYTES = 256 * 2**20
_COLUMNS = ("epoch", "trial", "from", "score", "source_score")


class Taken(NamedTuple):
    """A row: from the end of this epoch on a trial has these values, and the weights of another.

    At epoch 0 they are those that it began with, and `source` is itself. `score` is what the trial
    had reached, and `source_score` the other one; None at epoch 0, and where it had diverged.
    """

    epoch: int
    trial: int
    source: int
    score: float | None
    source_score: float | None
    values: Mapping[str, Any]


def lineage_file(folder: Path, first: int) -> Path:
    """Return the file of the population whose first job this is; a sweep may have several."""
    return folder / (f"{NAME}-{first}.csv" if first else f"{NAME}.csv")


def lineage_files(folder: Path) -> list[Path]:
    """Return the files of the populations of a sweep, in the order of their jobs."""
    later = [path for path in folder.glob(f"{NAME}-*.csv") if _first(path).isdecimal()]
    files = [lineage_file(folder, 0), *sorted(later, key=lambda path: int(_first(path)))]
    return [path for path in files if path.is_file() and not path.is_symlink()]


def _first(path: Path) -> str:
    return path.stem.removeprefix(f"{NAME}-")


def write_lineage(path: Path, rows: Sequence[Taken]) -> None:
    """Write the lineage of a population."""
    keys = list(rows[0].values) if rows else []
    lines = [csv_line([*_COLUMNS, *keys])]
    for row in rows:
        scores = ["" if score is None else repr(score) for score in (row.score, row.source_score)]
        cells = [str(row.epoch), str(row.trial), str(row.source), *scores]
        lines.append(csv_line([*cells, *(_text(row.values[key]) for key in keys)]))
    write_atomically(path, "".join(lines).encode())


def _text(value: Any) -> str:
    return f"[{','.join(map(repr, value))}]" if isinstance(value, list | tuple) else repr(value)


def read_lineage(path: Path) -> list[Taken]:
    """Return what `write_lineage` wrote, with the values that are numbers.

    Raises RunFolderError where the file is damaged.
    """
    try:
        header, *lines = csv.reader(StringIO(read_text(path, MOST_BYTES)), strict=True)
        if tuple(header[: len(_COLUMNS)]) != _COLUMNS:
            raise ValueError("other columns")
        rows = [_taken(header[len(_COLUMNS) :], line) for line in lines]
        _require_lines(rows)
        return rows
    except (ValueError, csv.Error) as error:
        raise RunFolderError(f"{path}: no lineage of a population: {error}") from None


def _taken(keys: Sequence[str], line: Sequence[str]) -> Taken:
    epoch, trial, source, score, source_score, *values = line
    scores = [float(text) if text else None for text in (score, source_score)]
    named = zip(keys, values, strict=True)
    numbers = {key: float(text) for key, text in named if not text.startswith("[")}
    return Taken(int(epoch), int(trial), int(source), scores[0], scores[1], numbers)


def _require_lines(rows: Sequence[Taken]) -> None:
    """Raise ValueError where some trial has no beginning, or its epochs do not rise."""
    last: dict[int, int] = {}
    for row in rows:
        begins = row.trial not in last
        if begins != (row.epoch == 0) or row.epoch < last.get(row.trial, 0):
            raise ValueError(f"epoch {row.epoch} of trial {row.trial} is out of its order")
        if (row.source != row.trial) if begins else (row.source not in last):
            raise ValueError(f"trial {row.trial} cannot take over trial {row.source}")
        last[row.trial] = row.epoch


def line_of(rows: Sequence[Taken], trial: int) -> list[Taken]:
    """Return the rows that lead to a trial, from the first weights to its end.

    The first is that of epoch 0; the others are those of the trials that its weights were in.
    """
    line: list[Taken] = []
    last = max((row.epoch for row in rows), default=0) + 1
    while True:
        row = max(
            (row for row in rows if row.trial == trial and row.epoch < last),
            key=lambda row: row.epoch,
        )
        line.insert(0, row)
        if row.epoch == 0:
            return line
        trial, last = row.source, row.epoch


def values_by_epoch(rows: Sequence[Taken], epochs: int) -> dict[str, list[float]]:
    """Return the values that rows of rising epochs give to epochs 1 to `epochs`, by key."""
    held = {
        epoch: next(row for row in reversed(rows) if row.epoch < epoch)
        for epoch in range(1, epochs + 1)
    }
    return {
        key: [held[epoch].values[key] for epoch in range(1, epochs + 1)] for key in rows[0].values
    }
