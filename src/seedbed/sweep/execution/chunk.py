"""Train a chunk of jobs as one program, and make of it what each job would have left alone."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from omegaconf import DictConfig

from seedbed.analysis.reference_lines import parameters_report
from seedbed.callbacks import Checkpoint
from seedbed.engines.fused.engine import Engine, Group
from seedbed.engines.fused.history import Outcome
from seedbed.errors import Interrupted
from seedbed.experiment import build
from seedbed.files import atomic_file
from seedbed.loggers import event_records
from seedbed.loggers.tensorboard import event_file_name
from seedbed.runs.checkpoints import checkpoints_summary
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import now, record_fields
from seedbed.sweep.execution.run_folders import RunFiles, job_state, write_run
from seedbed.sweep.planning.fusing import JobNumbers, make_group


class FusedJob(NamedTuple):
    """What is known of a job before it trains: where it will lie and what its record begins with.

    `name` is that of the folder below the sweep's, `axes` what the job has for each of them,
    `texts` are the files of `.hydra`, `provenance` are the first fields of run.json.
    """

    number: int
    name: str
    axes: dict[str, Any]
    folder: Path
    texts: dict[str, str]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class TrainedChunk:
    """Jobs that have trained side by side, in the order of their group.

    They are `exact` unless their steps draw random numbers: a job alone would draw others.
    """

    group: Group
    outcomes: Sequence[Outcome]
    times: dict[str, Any]
    exact: bool
    checkpoints: bool
    tensorboard: bool


class ChunkState:
    """The state of a chunk in training, saved from time to time in a file of its own.

    `requested` returns the signal that asks to stop, or None.
    """

    def __init__(self, path: Path, seconds: float, requested: Callable[[], int | None]) -> None:
        self.path = path
        self.seconds = seconds
        self.requested = requested
        self._saved = time.monotonic()

    def restore(self, engine: Engine) -> None:
        """Let a new engine go on from the file, if there is one."""
        if self.path.is_file():
            engine.restore(torch.load(self.path, map_location="cpu", weights_only=True))

    def after_epoch(self, engine: Engine) -> None:
        """Save where it is time to; raises Interrupted, after saving, where a signal asks to."""
        signal = self.requested()
        if signal is None and time.monotonic() - self._saved < self.seconds:
            return
        with atomic_file(self.path) as file:
            torch.save(engine.state(), file)
        self._saved = time.monotonic()
        if signal is not None:
            raise Interrupted(signal)


def train_chunk(
    config: DictConfig,
    numbers: Sequence[JobNumbers],
    points: int,
    state: ChunkState,
    progress: Callable[[Engine], None],
) -> TrainedChunk:
    """Train the jobs, from their saved state on if there is one; nothing else is written.

    `config` is that of one of them, and is changed. Raises CannotFuse where the network does not go
    through torch.func, and what building a job alone raises.
    """
    started, clock = now(), time.monotonic()
    nowhere = RunFolder(state.path.parent)
    callbacks = build.build_callbacks(config, nowhere)
    group = make_group(config, numbers, nowhere, points)
    engine = Engine(group)
    state.restore(engine)

    def after_epoch(engine: Engine) -> None:
        progress(engine)
        state.after_epoch(engine)

    outcomes = engine.train(after_epoch)
    seconds = round((time.monotonic() - clock) / len(numbers), 6)
    return TrainedChunk(
        group=group,
        outcomes=outcomes,
        times={"started": started, "finished": now(), "seconds": seconds},
        exact=not engine.draws,
        checkpoints=any(isinstance(one, Checkpoint) for one in callbacks),
        # Jobs that fuse have no other logger.
        tensorboard=len(config.logger) > 0,
    )


def write_folders(
    chunk: TrainedChunk,
    places: Sequence[int],
    jobs: Sequence[FusedJob],
    written: Callable[[int, int], None] = lambda count, of: None,
) -> None:
    """Write the run folders of the jobs at these places of the chunk.

    `written` is told how many there are by now, and of how many.
    """
    outcomes = [chunk.outcomes[place] for place in places]
    scalars = _scalars(outcomes) if chunk.tensorboard else [None] * len(places)
    for count, (place, job, points) in enumerate(zip(places, jobs, scalars, strict=True), start=1):
        write_run(job.folder, _files(chunk, place, job, points))
        written(count, len(jobs))


def write_failed(job: FusedJob, error: str, times: dict[str, Any]) -> None:
    """Write the run folder of a job whose chunk could not be trained."""
    record = record_fields(job.provenance, status="failed", error=error, **times)
    record["stopped"] = None
    write_run(job.folder, RunFiles(hydra=job.texts, record=record, events=b"", events_name=""))


def _record(
    chunk: TrainedChunk, place: int, job: FusedJob, states: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of run.json."""
    group, outcome = chunk.group, chunk.outcomes[place]
    fingerprint = _data(group, place).fingerprint
    data = {**job.provenance["data"], "fingerprint": fingerprint}
    fields = record_fields(
        {**job.provenance, "data": data},
        status=outcome.status,
        metrics=outcome.metrics,
        checkpoints=checkpoints_summary(states),
        error=outcome.error,
        **chunk.times,
    )
    return {
        **fields,
        "stopped": outcome.stopped,
        **_parameters(group, place, outcome),
        "group": {"jobs": len(group.nets), "exact": chunk.exact},
    }


def _files(chunk: TrainedChunk, place: int, job: FusedJob, scalars: bytes | None) -> RunFiles:
    states = _states(chunk.outcomes[place]) if chunk.checkpoints else {}
    record = _record(chunk, place, job, states)
    return RunFiles(
        hydra=job.texts,
        record=record,
        events=b"" if scalars is None else _event_file(job, record, scalars),
        events_name="" if scalars is None else event_file_name(job.number),
        best=states.get("best"),
        last=states.get("last"),
    )


def _scalars(outcomes: Sequence[Outcome]) -> list[bytes]:
    """Return the records of each job's curves, and of what its best weights reach on the test."""
    curves = [outcome.curves for outcome in outcomes if outcome.curves is not None]
    clock = time.time()
    trained = event_records.scalar_events(
        [one.epochs for one in curves], [one.values for one in curves], clock
    )
    tested = event_records.scalar_events(*_test_points(outcomes), clock)
    return [one + other for one, other in zip(trained, tested, strict=True)]


def _test_points(outcomes: Sequence[Outcome]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Return the epoch (one, or none) and the values of the test metrics of each job."""
    metrics = [
        {name: np.array([value]) for name, value in one.metrics.items() if name.startswith("test/")}
        for one in outcomes
    ]
    kept = [one.best or one.last for one in outcomes]
    epochs = [
        np.array([one.epoch] if one is not None and found else [], dtype=np.int64)
        for one, found in zip(kept, metrics, strict=True)
    ]
    return epochs, [found if len(at) else {} for found, at in zip(metrics, epochs, strict=True)]


def _event_file(job: FusedJob, record: dict[str, Any], scalars: bytes) -> bytes:
    clock = time.time()
    return b"".join(
        (
            event_records.header_event(clock),
            event_records.text_event("config", job.texts["config.yaml"], clock),
            event_records.text_event("command", record["command"], clock),
            scalars,
            event_records.outcome_events(record["hyperparameters"], clock),
        )
    )


def _states(outcome: Outcome) -> dict[str, dict[str, Any] | None]:
    """Return the states of a job by the names of their checkpoints."""
    kept = {"best": outcome.best, "last": outcome.last}
    return {
        name: job_state(one.epoch, one.step, one.metrics, one.weights) if one else None
        for name, one in kept.items()
    }


def _data(group: Group, place: int) -> Any:
    return group.batches.data[group.data_of_job[place]]


def _parameters(group: Group, place: int, outcome: Outcome) -> dict[str, Any]:
    if outcome.status != "completed" or outcome.last is None:
        return {}
    net = group.nets[place]
    net.load_state_dict(outcome.last.weights)
    task = group.task.with_numbers({k: values[place] for k, values in group.loss_numbers.items()})
    found = parameters_report(_data(group, place), net, task)
    return {"parameters": found} if found else {}
