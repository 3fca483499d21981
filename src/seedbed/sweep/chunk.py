"""Train a chunk of jobs as one program and leave each the run folder that it would have left."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig
from torch import nn

from seedbed import build
from seedbed.callbacks import Checkpoint
from seedbed.loggers import event_file_name
from seedbed.reference import parameters_report
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import now
from seedbed.sweep import events
from seedbed.sweep.engine import Engine, Group
from seedbed.sweep.folders import RunFiles, checkpoint, write_run
from seedbed.sweep.fusing import JobNumbers, make_group
from seedbed.sweep.journal import Kept, Outcome
from seedbed.sweep.results import Row

# What it draws differs from what a job alone draws.
DROPOUT = nn.modules.dropout._DropoutNd


@dataclass(frozen=True)
class FusedJob:
    """What is known of a job before it trains: where it will lie and what its record begins with.

    `name` is that of the folder below the sweep's, `texts` are the files of `.hydra`, `provenance`
    are the first fields of run.json.
    """

    number: int
    name: str
    folder: Path
    texts: dict[str, str]
    axes: dict[str, Any]
    provenance: dict[str, Any]


def train_chunk(
    config: DictConfig,
    jobs: Sequence[FusedJob],
    numbers: Sequence[JobNumbers],
    points: int,
    progress: Callable[[int, int], None],
) -> list[Row]:
    """Train the jobs, write their folders and return their rows of the table.

    `config` is that of one of them, and is changed. Raises CannotFuse where the network does not go
    through torch.func, and what building a job alone raises; nothing is written then.
    """
    started, clock = now(), time.monotonic()
    callbacks = build.build_callbacks(config, RunFolder(jobs[0].folder))
    keeps = any(isinstance(one, Checkpoint) for one in callbacks)
    group = make_group(config, numbers, RunFolder(jobs[0].folder), points)
    outcomes = Engine(group, progress).train()
    times: dict[str, Any] = {
        "started": started,
        "finished": now(),
        "seconds": round((time.monotonic() - clock) / len(jobs), 6),
    }
    scalars = _scalars(outcomes) if "tensorboard" in config.logger else [None] * len(jobs)
    rows = []
    for place, (job, outcome) in enumerate(zip(jobs, outcomes, strict=True)):
        record = _record(group, place, job, outcome, keeps, times)
        write_run(job.folder, _files(job, outcome, record, keeps, scalars[place]))
        rows.append(
            Row(
                number=job.number,
                axes=job.axes,
                status=outcome.status,
                folder=job.name,
                metrics=outcome.metrics,
                seconds=times["seconds"],
                error=outcome.error,
            )
        )
    return rows


def _record(
    group: Group,
    place: int,
    job: FusedJob,
    outcome: Outcome,
    keeps: bool,
    times: dict[str, Any],
) -> dict[str, Any]:
    """Return the fields of run.json."""
    exact = not any(isinstance(module, DROPOUT) for module in group.nets[place].modules())
    fingerprint = _data(group, place).fingerprint
    return {
        "status": outcome.status,
        "metrics": outcome.metrics,
        "checkpoints": _summary(outcome) if keeps else {},
        **job.provenance,
        "data": {**job.provenance["data"], "fingerprint": fingerprint},
        **times,
        "error": outcome.error,
        "stopped": outcome.stopped,
        **_parameters(group, place, outcome),
        "group": {"jobs": len(group.nets), "exact": exact},
    }


def _files(
    job: FusedJob, outcome: Outcome, record: dict[str, Any], keeps: bool, scalars: bytes | None
) -> RunFiles:
    return RunFiles(
        hydra=job.texts,
        record=record,
        events=b"" if scalars is None else _event_file(job, record, scalars),
        events_name="" if scalars is None else event_file_name(job.number),
        best=_checkpoint(outcome.best) if keeps else None,
        last=_checkpoint(outcome.last) if keeps else None,
    )


def _scalars(outcomes: Sequence[Outcome]) -> list[bytes]:
    """Return the records of each job's curves, and of what its best weights reach on the test."""
    curves = [outcome.curves for outcome in outcomes if outcome.curves is not None]
    clock = time.time()
    trained = events.scalar_events(
        [one.epochs for one in curves], [one.values for one in curves], clock
    )
    tested = events.scalar_events(*_test_points(outcomes), clock)
    return [one + other for one, other in zip(trained, tested, strict=True)]


def _test_points(outcomes: Sequence[Outcome]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Return the epoch (one, or none) and the values of the test metrics of each job."""
    metrics = [
        {name: np.array([value]) for name, value in one.metrics.items() if name.startswith("test/")}
        for one in outcomes
    ]
    epochs = [
        np.array([one.best.epoch] if one.best is not None and found else [], dtype=np.int64)
        for one, found in zip(outcomes, metrics, strict=True)
    ]
    return epochs, [found if len(at) else {} for found, at in zip(metrics, epochs, strict=True)]


def _event_file(job: FusedJob, record: dict[str, Any], scalars: bytes) -> bytes:
    clock = time.time()
    return b"".join(
        (
            events.header_event(clock),
            events.text_event("config", job.texts["config.yaml"], clock),
            events.text_event("command", record["command"], clock),
            scalars,
            events.outcome_events(record["hyperparameters"], clock),
        )
    )


def _summary(outcome: Outcome) -> dict[str, Any]:
    kept = {"best": outcome.best, "last": outcome.last}
    return {
        name: {"epoch": one.epoch, "step": one.step, "metrics": one.metrics}
        for name, one in kept.items()
        if one is not None
    }


def _checkpoint(kept: Kept | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    return checkpoint(kept.epoch, kept.step, kept.metrics, kept.weights)


def _data(group: Group, place: int) -> Any:
    return group.batches.data[group.data_of_job[place]]


def _parameters(group: Group, place: int, outcome: Outcome) -> dict[str, Any]:
    if outcome.status != "completed" or outcome.last is None:
        return {}
    net = group.nets[place]
    net.load_state_dict(outcome.last.weights)
    found = parameters_report(_data(group, place), net, group.task)
    return {"parameters": found} if found else {}
