"""Tables of a pack: a row a run with its texts, and a row an epoch with its curves."""

import json
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
import polars as pl

from seedbed.errors import RunFolderError
from seedbed.reading.json_files import Count, field_problem
from seedbed.reading.parquet import MOST_NUMBERS, read_parquet
from seedbed.runs.outcome import Curves
from seedbed.runs.packed.manifest import MOST_RUNS
from seedbed.runs.packed.weights import StoredState
from seedbed.runs.record import json_text

if TYPE_CHECKING:
    # With it comes torch, which a reader of records need not wait for.
    from seedbed.runs.whole.content import RunContent

# The files of `.hydra` that a run may have: the columns of their texts.
HYDRA_FILES = ("config.yaml", "overrides.yaml", "hydra.yaml", "resolved.yaml")
NUMBER, RECORD = "number", "record"
_TEXTS = (RECORD, *HYDRA_FILES, "preparation", "events", "closing", "best", "last")
COLUMNS: Mapping[str, Any] = {
    NUMBER: pl.Int64(),
    **{name: pl.String() for name in _TEXTS},
    "curve_start": pl.Int64(),
    "curve_rows": pl.Int64(),
}
# Columns of the curves that are no metrics.
JOB, EPOCH = "job", "epoch"
# Of the texts the same ones come again and again: the quickest level makes little of them.
_COMPRESSION: Any = {"compression": "zstd", "compression_level": 1, "statistics": False}


EventsName = Annotated[
    str, msgspec.Meta(pattern=r"^(events\.out\.tfevents\.[0-9]+\.[^/\0]{1,200})?$")
]


class Closing(msgspec.Struct, frozen=True):
    """Numbers that are logged at the end, and the epoch whose weights are kept.

    Those that are not finite are texts.
    """

    epoch: Count
    values: dict[str, float | str]


class StoredRun(msgspec.Struct, frozen=True):
    """Run of a pack, but for its curves and weights, which are where it says.

    Attributes:
        number: number of the job.
        record: text of run.json.
        hydra: texts of `.hydra` by file name.
        preparation: text of preparation.json; None where nothing was fitted.
        events: name of the file of events; empty where there is none.
        closing: what is logged at the end.
        best, last: states whose weights are kept.
        curve: the rows of its curves: the first, and how many.
    """

    number: Count
    record: str
    hydra: dict[str, str]
    preparation: str | None
    events: EventsName
    closing: Closing
    best: StoredState | None
    last: StoredState | None
    curve: tuple[Count, Count]


def runs_table(
    contents: "Sequence[RunContent]",
    states: Sequence[tuple[StoredState | None, StoredState | None]],
    lengths: Sequence[int],
) -> bytes:
    """Return the table of runs, with the states of each, and how long its curves are."""
    rows = list(zip(contents, states, strict=True))
    texts: dict[str, list[str | None]] = {
        RECORD: [json_text(each.record) for each in contents],
        **{name: [each.hydra.get(name) for each in contents] for name in HYDRA_FILES},
        "preparation": [each.preparation and each.preparation.text.decode() for each in contents],
        "events": [each.events_name for each in contents],
        "closing": [_json(_closing(each)) for each in contents],
        "best": [_json(best) for _, (best, _) in rows],
        "last": [_json(last) for _, (_, last) in rows],
    }
    ends = np.cumsum([0, *lengths])
    frame = pl.DataFrame(
        {
            NUMBER: [each.number for each in contents],
            **texts,
            "curve_start": ends[:-1],
            "curve_rows": np.array(lengths, np.int64),
        },
        schema=COLUMNS,
    )
    return _parquet(frame)


def _closing(content: "RunContent") -> Closing:
    epoch, values = content.closing
    finite = {n: v if abs(v) < float("inf") else str(v) for n, v in values.items()}
    return Closing(epoch, finite)


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _parquet(frame: pl.DataFrame) -> bytes:
    file = BytesIO()
    frame.write_parquet(file, **_COMPRESSION)
    return file.getvalue()


def curves_table(contents: "Sequence[RunContent]") -> tuple[bytes, list[int]]:
    """Return the table of the curves of all runs, and how many rows each has there.

    Numbers are as exact as they are in memory: in 32 bits where nothing is lost by that.
    """
    curves = [each.curves for each in contents]
    lengths = [0 if each is None else len(each.epochs) for each in curves]
    names = dict.fromkeys(name for each in curves if each is not None for name in each.values)
    numbers = np.repeat(np.array([each.number for each in contents], np.int64), lengths)
    known = [each for each in curves if each is not None]
    epochs = np.concatenate([np.array([], np.int64), *(each.epochs for each in known)])
    columns = [pl.Series(JOB, numbers), pl.Series(EPOCH, epochs)]
    for name in names:
        parts = [each.values.get(name, np.full(len(each.epochs), np.nan)) for each in known]
        columns.append(_column(_as_column(name), np.concatenate([np.array([]), *parts])))
    return _parquet(pl.DataFrame(columns)), lengths


def _as_column(name: str) -> str:
    return f"{name}_" if name.rstrip("_") in (JOB, EPOCH) else name


def metric_of(column: str) -> str:
    """Return the metric of a column: where it would bear the name of another one, `_` follows."""
    return column.removesuffix("_") if column.rstrip("_") in (JOB, EPOCH) else column


def _column(name: str, values: Any) -> pl.Series:
    with np.errstate(over="ignore", invalid="ignore"):
        short = values.astype(np.float32)
    exact = np.array_equal(short.astype(np.float64), values, equal_nan=True)
    return pl.Series(name, short if exact else values).fill_nan(None)


# Reading


def read_runs(content: bytes, path: Path, count: int, columns: Sequence[str]) -> pl.DataFrame:
    """Return some columns of the table of runs; raises RunFolderError where it is damaged."""
    frame = read_parquet(content, path, {name: COLUMNS[name] for name in columns}, MOST_RUNS)
    if len(frame) != count:
        raise RunFolderError(f"{path}: {len(frame):,} rows, and the pack has {count:,} runs")
    return frame


def stored_run(frame: pl.DataFrame, row: int, path: Path) -> StoredRun:
    """Return a run of the table; raises RunFolderError where the row is none of a run."""
    cells = frame.row(row, named=True)
    try:
        return StoredRun(
            number=cells[NUMBER],
            record=cells[RECORD] or "",
            hydra={name: cells[name] for name in HYDRA_FILES if cells[name] is not None},
            preparation=cells["preparation"],
            events=msgspec.convert(cells["events"], EventsName),
            closing=msgspec.json.decode(cells["closing"] or "", type=Closing),
            best=_state(cells["best"]),
            last=_state(cells["last"]),
            curve=msgspec.convert((cells["curve_start"], cells["curve_rows"]), tuple[Count, Count]),
        )
    except (msgspec.MsgspecError, RecursionError, ValueError, TypeError) as error:
        raise RunFolderError(f"{path}: row {row}: {field_problem(str(error))}") from None


def _state(text: str | None) -> StoredState | None:
    return None if text is None else msgspec.json.decode(text, type=StoredState)


def closing_of(closing: Closing) -> tuple[int, dict[str, float]]:
    """Return what is logged at the end, as `RunContent` has it."""
    return closing.epoch, {name: float(value) for name, value in closing.values.items()}


def read_curves(content: bytes, path: Path) -> pl.DataFrame:
    """Return the table of curves, with the names of metrics; raises where it is damaged."""
    frame = read_parquet(content, path, None, MOST_NUMBERS)
    if frame.columns[:2] != [JOB, EPOCH] or frame.schema[EPOCH] != pl.Int64():
        raise RunFolderError(f"{path}: no table of curves")
    return frame


def curves_of(frame: pl.DataFrame, start: int, rows: int) -> Curves | None:
    """Return the curves of a run; None where it has none."""
    if not rows:
        return None
    part = frame.slice(start, rows)
    values = {
        metric_of(name): part.get_column(name).cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in frame.columns[2:]
    }
    return Curves(part.get_column(EPOCH).to_numpy(), values)


def blocks_of(frame: pl.DataFrame, jobs: Sequence[int]) -> Iterator[tuple[int, Curves]]:
    """Yield the curves of some jobs by their numbers."""
    wanted = {*jobs}
    for (job,), part in frame.partition_by(JOB, as_dict=True, maintain_order=True).items():
        if job in wanted and (curves := curves_of(part, 0, len(part))) is not None:
            yield int(job), curves


def record_fields_of(text: str, path: Path) -> dict[str, Any]:
    """Return the fields of the record of a run; raises RunFolderError where it is damaged."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{path}: record: not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise RunFolderError(f"{path}: record: no fields")
    return fields
