"""Content of a run that is known as a whole, and the files that it becomes in a folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seedbed.loggers import event_records
from seedbed.loggers.labels import labels_of
from seedbed.loggers.metrics_file import (
    HYPERPARAMETERS,
    LABELS,
    METRICS,
    hyperparameters_text,
    labels_text,
    metrics_text,
)
from seedbed.runs.outcome import Curves, EpochState
from seedbed.runs.whole.files import Preparation, RunFiles


@dataclass(frozen=True)
class RunContent:
    """Content of a run.

    Attributes:
        number: number of the job.
        name: name of its folder below that of its sweep.
        hydra: texts of `.hydra` by file name.
        record: fields of run.json.
        curves: logged numbers; None where there are none.
        closing: the epoch whose weights are kept, and the numbers that are logged at the end.
        events_name: name of the file of events; empty where the run writes none.
        best, last: what the checkpoints hold; None where there is none.
        preparation: what was fitted to the training rows; None where nothing was.
    """

    number: int
    name: str
    hydra: Mapping[str, str]
    record: dict[str, Any]
    curves: Curves | None = None
    closing: tuple[int, Mapping[str, float]] = field(default=(0, {}))
    events_name: str = ""
    best: EpochState | None = None
    last: EpochState | None = None
    preparation: Preparation | None = None


def files_of(contents: Sequence[RunContent], clock: float, csv: bool) -> Iterator[RunFiles]:
    """Yield the files of runs.

    Args:
        contents: their contents.
        clock: time of all events, in seconds since 1970.
        csv: whether they have CSV files of metrics and hyperparameters.
    """
    scalars = iter(_scalars([each for each in contents if each.events_name], clock))
    for content in contents:
        yield RunFiles(
            hydra=content.hydra,
            record=content.record,
            events=_events(content, next(scalars), clock) if content.events_name else b"",
            events_name=content.events_name,
            best=content.best,
            last=content.last,
            preparation=content.preparation,
            texts=_csv_files(content) if csv else {},
        )


def _scalars(contents: Sequence[RunContent], clock: float) -> list[bytes]:
    """Return the records of each run's curves, and of what is logged of it at the end."""
    curves = [content.curves or Curves(np.array([], np.int64), {}) for content in contents]
    trained = event_records.scalar_events(
        [curve.epochs for curve in curves], [curve.values for curve in curves], clock
    )
    closing = [content.closing for content in contents]
    ended = event_records.scalar_events(
        [np.array([epoch] if scalars else [], dtype=np.int64) for epoch, scalars in closing],
        [{name: np.array([value]) for name, value in last.items()} for _, last in closing],
        clock,
    )
    return [curves_of_run + last for curves_of_run, last in zip(trained, ended, strict=True)]


def _events(content: RunContent, scalars: bytes, clock: float) -> bytes:
    record = content.record
    return b"".join(
        (
            event_records.header_event(clock),
            *(
                event_records.text_event(tag, text, clock)
                for tag, text in labels_of(record).texts().items()
            ),
            event_records.text_event("config", content.hydra["config.yaml"], clock),
            event_records.text_event("command", record["command"], clock),
            scalars,
            event_records.outcome_events(record["hyperparameters"], clock),
        )
    )


def _csv_files(content: RunContent) -> dict[str, str]:
    """Return the texts of the CSV files by name, as the logger of a job alone writes them."""
    points: dict[int, Mapping[str, float]] = {}
    if (curves := content.curves) is not None:
        for place, epoch in enumerate(curves.epochs.tolist()):
            points[epoch] = {name: column[place] for name, column in curves.values.items()}
    epoch, closing = content.closing
    texts = {HYPERPARAMETERS: hyperparameters_text(content.record["hyperparameters"])}
    if any(labels := labels_of(content.record)):
        texts[LABELS] = labels_text(labels)
    rows = [*points.items(), *([(epoch, closing)] if closing else [])]
    return {**texts, METRICS: metrics_text(rows)}
