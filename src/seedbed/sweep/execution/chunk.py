"""Chunk of jobs that trains as one program, and the run folders that its jobs leave."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from seedbed.analysis.reference_lines import parameters_report
from seedbed.config.schema.loggers import CSV, TensorBoard
from seedbed.config.spec import RunSpec
from seedbed.engines.fused.engine import Engine
from seedbed.engines.fused.group import Group
from seedbed.errors import RunFolderError
from seedbed.experiment.provenance import data_fields
from seedbed.loggers.event_file import event_file_name
from seedbed.process.identity import this_process
from seedbed.runs.outcome import RunOutcome
from seedbed.runs.preparation import preparation_text
from seedbed.runs.provenance.environment import device_name
from seedbed.runs.provenance.files import SPLITS_FILE, ProvenanceFiles
from seedbed.runs.record import MEASURED, now, record_fields
from seedbed.runs.whole.content import RunContent, files_of
from seedbed.runs.whole.files import Preparation, write_run
from seedbed.sweep.execution.chunk_state import ChunkState
from seedbed.sweep.planning.fusing import make_group, weights_of_jobs
from seedbed.sweep.planning.job_numbers import JobNumbers
from seedbed.sweep.planning.populations import PlannedPopulation
from seedbed.training.parameters import trained_count
from seedbed.training.trial_stopping.judge import Judge


class PreparedJob(NamedTuple):
    """Job of a chunk, with what its run folder says before anything of the training.

    Attributes:
        number: number of the job.
        name: name of its folder below the sweep's.
        axes: what the job has for each axis.
        folder: the folder to write.
        texts: files of `.hydra` by name.
        provenance: first fields of run.json (see `seedbed.experiment.provenance`).
        replaces: files in the folder that are of an earlier time that the job trained.
    """

    number: int
    name: str
    axes: dict[str, Any]
    folder: Path
    texts: dict[str, str]
    provenance: dict[str, Any]
    replaces: Sequence[Path] = ()


@dataclass(frozen=True)
class TrainedChunk:
    """Chunk of jobs that have trained side by side.

    Attributes:
        group: the jobs, as the engine has them.
        objectives: metrics of all objectives.
        outcomes: outcome of each job, in the order of the group.
        times: `process`, `started`, `finished` and the `seconds` of a job, as run.json has them.
        resumed: `resumed` of each job, as run.json has it.
        exact: whether each job would have drawn the same random numbers in its steps alone.
        tensorboard: whether the jobs write files of events.
        csv: whether they write CSV files of metrics and hyperparameters.
        device: name of the GPU, or the number of CPU threads.
        threads: number of CPU threads.
        weights: the field `initial_weights` of each job's record; empty where they start from none.
    """

    group: Group
    objectives: Sequence[str]
    outcomes: Sequence[RunOutcome]
    times: dict[str, Any]
    resumed: Sequence[Sequence[dict[str, Any]]]
    exact: Sequence[bool]
    tensorboard: bool
    csv: bool
    device: str
    threads: int
    weights: Sequence[dict[str, Any]] = ()

    def trained_parameters(self, place: int) -> int:
        """Return how many numbers the job at this place trains."""
        return trained_count(self.group.nets[place])


def train_chunk(
    spec: RunSpec,
    numbers: Sequence[JobNumbers],
    points: int,
    state: ChunkState,
    progress: Callable[[Engine], None],
    judge: Judge | None = None,
    population: PlannedPopulation | None = None,
) -> TrainedChunk:
    """Train the jobs, from their saved state on if there is one; nothing else is written.

    Args:
        spec: spec of one of the jobs.
        numbers: what each job has for itself.
        points: most epochs in a job's curves.
        state: where the state is saved and restored.
        progress: called after every epoch.
        judge: judge of the jobs that are trials of a search; None (default): none stops.
        population: that of which the jobs are the trials; None (default): each is for itself.

    Raises:
        CannotFuse: the network does not go through torch.func.
        ConfigError: whatever building a job alone would raise.
    """

    def new_engine() -> Engine:
        group = _new_group(spec, numbers, points, state, judge, population)
        trials = None if population is None else population.of(group)
        return Engine(group if trials is None else replace(group, population=trials))

    engine = new_engine()
    while not state.restore(engine):
        engine = new_engine()

    def after_epoch(engine: Engine) -> None:
        progress(engine)
        state.after_epoch(engine)

    outcomes = engine.train(after_epoch, state.between_steps)
    state.save(engine)
    return TrainedChunk(
        group=engine.group,
        objectives=spec.objectives,
        outcomes=outcomes,
        times={
            "process": this_process(),
            "started": state.started,
            "finished": now(),
            "seconds": state.seconds_of_job(len(numbers)),
        },
        resumed=state.resumed,
        exact=[not draws for draws in engine.draws],
        # Jobs that fuse have no other logger.
        tensorboard=any(isinstance(node, TensorBoard) for node in spec.logger.values()),
        csv=any(isinstance(node, CSV) for node in spec.logger.values()),
        device=device_name(engine.device, engine.threads),
        threads=engine.threads or torch.get_num_threads(),
        weights=state.weights,
    )


def _new_group(
    spec: RunSpec,
    numbers: Sequence[JobNumbers],
    points: int,
    state: ChunkState,
    judge: Judge | None,
    population: PlannedPopulation | None,
) -> Group:
    """Return the group of the jobs; where they go on, no weights of another run are looked for."""
    more = judge, () if population is None else population.names_in("loss")
    if state.exists:
        alike = [{**job.initial_weights, "run": None} for job in numbers]
        jobs = [replace(job, initial_weights=w) for job, w in zip(numbers, alike, strict=True)]
        return make_group(spec, jobs, points, *more)
    group = make_group(spec, numbers, points, *more)
    state.weights = weights_of_jobs(spec, group, numbers)
    return group


def write_folders(
    chunk: TrainedChunk,
    places: Sequence[int],
    jobs: Sequence[PreparedJob],
    provenance: ProvenanceFiles,
    written: Callable[[int, int], None] = lambda count, of: None,
) -> dict[int, str]:
    """Write the run folders of the jobs at these places of the chunk.

    The row numbers of their splits are kept in `provenance`, that of the sweep. `written` is told
    how many folders there are by now, and of how many. Returns by the number of a job why it has no
    folder: somebody has put something into its place.
    """
    refused: dict[int, str] = {}
    contents = contents_of(chunk, places, jobs, provenance)
    files = files_of(contents, time.time(), chunk.csv)
    for count, (job, own) in enumerate(zip(jobs, files, strict=True), start=1):
        try:
            write_run(job.folder, own, job.replaces)
        except RunFolderError as error:
            refused[job.number] = str(error)
        written(count, len(jobs))
    return refused


def contents_of(
    chunk: TrainedChunk,
    places: Sequence[int],
    jobs: Sequence[PreparedJob],
    provenance: ProvenanceFiles,
) -> list[RunContent]:
    """Return what the folders hold of the jobs at these places of the chunk.

    The row numbers of their splits are kept in `provenance`, that of the sweep.
    """
    described: dict[int, _Data] = {}
    contents = []
    for place, job in zip(places, jobs, strict=True):
        data = chunk.group.data_of_job[place]
        if data not in described:
            described[data] = _described(chunk, place, job, provenance)
        contents.append(_content(chunk, place, job, described[data]))
    return contents


def write_failed(job: PreparedJob, outcome: RunOutcome, times: dict[str, Any]) -> None:
    """Write the run folder of a job whose chunk could not be trained."""
    [files] = files_of([failed_content(job, outcome, times)], time.time(), csv=False)
    write_run(job.folder, files)


def failed_content(job: PreparedJob, outcome: RunOutcome, times: dict[str, Any]) -> RunContent:
    """Return what the folder holds of a job whose chunk could not be trained."""
    record = record_fields(job.provenance, outcome, **times)
    return RunContent(number=job.number, name=job.name, hydra=job.texts, record=record)


class _Data(NamedTuple):
    """What the folders of jobs with the same data say of them.

    `fields` are those of run.json, `preparation` is what was fitted.
    """

    fields: dict[str, Any]
    preparation: Preparation | None


def _described(
    chunk: TrainedChunk, place: int, job: PreparedJob, provenance: ProvenanceFiles
) -> _Data:
    """Return what is said of the data of a job, and keep the row numbers of their splits."""
    data, choice = _data(chunk.group, place), str(job.provenance["data"].get("choice"))
    fields, splits = data_fields(data, choice)
    provenance.keep(SPLITS_FILE, splits)
    preparation: Any = data.preparation
    if preparation is None:
        return _Data(fields, None)
    text = preparation_text(choice, preparation).encode()
    return _Data(fields, Preparation(preparation, text))


def _content(chunk: TrainedChunk, place: int, job: PreparedJob, data: _Data) -> RunContent:
    outcome = _complete(chunk, place)
    return RunContent(
        number=job.number,
        name=job.name,
        hydra=job.texts,
        record=_record(chunk, place, job, data, outcome),
        curves=chunk.outcomes[place].curves,
        closing=chunk.outcomes[place].closing_scalars(*chunk.objectives),
        events_name=event_file_name(job.number) if chunk.tensorboard else "",
        best=outcome.best,
        last=outcome.last,
        preparation=data.preparation,
    )


def _complete(chunk: TrainedChunk, place: int) -> RunOutcome:
    """Return the outcome of a job as its folder has it."""
    outcome, group = chunk.outcomes[place], chunk.group
    if not group.keeps_best:  # Then there is no checkpoint callback.
        outcome = replace(outcome, best=None, last=None)
    return replace(outcome, parameters=_parameters(group, place, chunk.outcomes[place]))


def _record(
    chunk: TrainedChunk, place: int, job: PreparedJob, data: _Data, outcome: RunOutcome
) -> dict[str, Any]:
    """Return the fields of run.json."""
    known: dict[str, Any] = {"device": chunk.device, "threads": chunk.threads}
    known["optimized_metric"] = chunk.group.monitor
    known["trained_parameters"] = chunk.trained_parameters(place)
    provenance = {**job.provenance, "data": data.fields, **known}
    if chunk.weights and chunk.weights[place]:
        provenance["initial_weights"] = chunk.weights[place]
    if (population := chunk.group.population) is not None:
        provenance["schedule"] = population.schedule(place // population.lanes)
    if chunk.resumed[place]:
        provenance["resumed"] = list(chunk.resumed[place])
    fields = record_fields(provenance, outcome, **chunk.times)
    return {**fields, "group": {"jobs": len(chunk.group.nets), "exact": chunk.exact[place]}}


def _data(group: Group, place: int) -> Any:
    return group.batches.data[group.data_of_job[place]]


def _parameters(group: Group, place: int, outcome: RunOutcome) -> dict[str, Any]:
    if outcome.status not in MEASURED or outcome.last is None:
        return {}
    net = group.nets[place]
    net.load_state_dict(outcome.last.weights)
    numbers = {name: values[place] for name, values in group.loss_numbers.items()}
    lists = {k: torch.tensor(v, dtype=torch.float64) for k, v in numbers.items() if type(v) is list}
    task = group.task.with_numbers({**numbers, **lists})
    return parameters_report(_data(group, place), net, task)
