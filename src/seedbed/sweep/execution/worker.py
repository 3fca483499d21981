"""Worker of a sweep: it runs a chunk of jobs as one program, or one job alone."""

import gc
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.core.utils import JobReturn, JobStatus, run_job
from hydra.types import HydraContext
from omegaconf import DictConfig, ListConfig, OmegaConf, read_write

from seedbed.config.metrics import PARAMETERS
from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.config.spec import run_spec
from seedbed.config.trust.restriction import restriction
from seedbed.config.trust.targets import targets
from seedbed.engines.fused.engine import Engine
from seedbed.engines.fused.network_state import CannotFuse
from seedbed.errors import (
    ConfigError,
    Interrupted,
    RunFolderError,
    SeedbedError,
    disk_full,
    out_of_memory,
)
from seedbed.experiment import build
from seedbed.experiment.provenance import (
    Environment,
    ProvenanceKeeper,
    config_folders,
    environment_of_command,
    preset_keys,
    provenance_of_job,
)
from seedbed.process.identity import this_process
from seedbed.reading.content import inside
from seedbed.runs.folder import RECORD, RESOLVED, RunFolder, record_at
from seedbed.runs.hydra_job import PASSING, UNKNOWN, name_of_job, raw_value, secrets_left_out
from seedbed.runs.outcome import RunOutcome, traceback_of
from seedbed.runs.provenance.files import ProvenanceFiles
from seedbed.runs.record import now
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.execution.chunk import (
    PreparedJob,
    TrainedChunk,
    train_chunk,
)
from seedbed.sweep.execution.chunk_state import ChunkState
from seedbed.sweep.execution.continued_jobs import (
    has_more_to_train,
    may_go_on,
    plain_values_of,
    source_of,
)
from seedbed.sweep.execution.failures.halves import can_be_split
from seedbed.sweep.execution.jobs_writer import JobsWriter
from seedbed.sweep.execution.judging import judge_of, rule_of, stopped_text
from seedbed.sweep.execution.own_folders import OwnFolders
from seedbed.sweep.execution.progress import Progress
from seedbed.sweep.execution.unit import Unit, UnitResult
from seedbed.sweep.job import Job
from seedbed.sweep.job_runner import WRONG_CONFIG, JobRunner
from seedbed.sweep.planning.groups import numbers_of_jobs
from seedbed.sweep.planning.populations import (
    PlannedPopulation,
    lineage_rows,
    searched_numbers,
)
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.kept import keeps_configurations, kept_jobs
from seedbed.sweep.results.lineage import lineage_file, write_lineage
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.reports import Reports, read_reports, write_reports
from seedbed.sweep.results.searched.populations import POPULATION
from seedbed.sweep.results.table import Row, metrics_of_job
from seedbed.terminal.listener import listening
from seedbed.training.trial_stopping.judge import EarlierTrial, Judge, judged_by
from seedbed.training.trial_stopping.trials import Rule

# Jobs whose folders are kept where only those of the best are, unless another number is asked for.
KEPT_BY_DEFAULT = 10

# Told of the epoch, the last one if that is known, and the metrics.
EpochTrained = Callable[[int, int | None, Mapping[str, float]], None]


@dataclass(frozen=True)
class Worker:
    """Worker that runs units in this process.

    `options` are the keys of `sweep`. `runner` runs a job alone, `callbacks` are Hydra's, `show` is
    told of every epoch. `goes_on` says that the sweep was begun before: jobs may have folders.
    """

    composer: Composer
    folder: SweepFolder
    plan: SweepPlan
    options: SweepOptions
    runner: JobRunner
    callbacks: Callbacks
    show: Callable[[Progress], None]
    goes_on: bool = False
    # Trials of the generations before, which the rule of a search sees.
    earlier: list[EarlierTrial] = field(default_factory=list)

    @cached_property
    def rule(self) -> Rule | None:
        """The rule that stops trials; None where none does."""
        return rule_of(self.composer, self.plan)

    @cached_property
    def folders(self) -> OwnFolders:
        """The folders of the jobs."""
        return OwnFolders(self.composer, self.folder, self.plan.earlier)

    @property
    def keeps_all(self) -> bool:
        """Whether each job leaves more than its row."""
        return self.options.keep in ("all", "packed")

    @cached_property
    def jobs_writer(self) -> JobsWriter:
        """What writes the folders of jobs that trained side by side, or their packs."""
        return JobsWriter(self.folder, packs=self.options.keep == "packed", goes_on=self.goes_on)

    def run(self, unit: Unit, requested: Callable[[], int | None] = lambda: None) -> UnitResult:
        """Run a unit; the results are those of its missing jobs.

        `requested` returns the signal that asks to stop, or None. Raises DiskFull, and Interrupted
        where a signal stopped it.
        """
        try:
            if unit.fused:
                return self._side_by_side(unit, requested)
            row = self._alone(self.plan.jobs[unit.jobs[0]])
            return UnitResult([self.with_reports([row])[0]])
        except OSError as error:
            raise disk_full(error) or error from error

    def with_reports(self, rows: Sequence[Row], first: int | None = None) -> list[Row]:
        """Return rows with what their jobs have reported to a rule.

        The file is that of the unit whose first job is `first`; None (default): one of each job.
        """
        if self.rule is None:
            return list(rows)
        known: dict[int, Reports] = {}
        for number in [row.number for row in rows] if first is None else [first]:
            if (path := self.folder.reports(number)).is_file():
                known |= read_reports(path)
        return [replace(row, reports=known.get(row.number, row.reports)) for row in rows]

    # Side by side

    def _side_by_side(self, unit: Unit, requested: Callable[[], int | None]) -> UnitResult:
        started, progress = now(), Progress(len(unit.jobs))

        def epoch_trained(engine: Engine) -> None:
            progress.chunk_epoch(engine)
            self.show(progress)

        def folder_written(count: int, of: int) -> None:
            progress.folder_written(count, of)
            self.show(progress)

        missing = [self.plan.job_at(number, unit.time) for number in unit.missing]
        try:
            chunk = self._trained(unit, requested, epoch_trained)
        except CannotFuse as refusal:
            # Alone its jobs would have nothing to go on from, or nobody to take over.
            if unit.epoch or self._population(missing) is not None:
                return UnitResult(self._failed(missing, refusal, started))
            return UnitResult(refusal=str(refusal))
        except Exception as error:
            if isinstance(error, Interrupted) or disk_full(error):
                raise
            if (short := out_of_memory(error)) and can_be_split(self.plan, unit):
                gc.collect()  # The network, and what trains it, refer to each other.
                return UnitResult(lack="memory", why=f"had {str(short).partition(';')[0]}")
            rows = self._failed(missing, error, started)
            return UnitResult(rows, wrong=isinstance(error, ConfigError))
        judge = chunk.group.trials.judge
        places = {number: place for place, number in enumerate(unit.jobs)}
        if judge is not None:
            self._write_reports(unit, judge)
        prepared = self._prepared(missing) if self.keeps_all else []
        known = [(job.name, job.axes) for job in prepared]
        named = known or [self._name_and_axes(self.plan.jobs[job.number]) for job in missing]
        rows = [
            self._row(chunk, places[job.number], job.number, *name_and_axes)
            for job, name_and_axes in zip(missing, named, strict=True)
        ]
        if not self.keeps_all:
            self._shared_provenance(missing[0])
            prepared = self._prepared(self._kept(rows))
            # A folder may be there of before, which is to be removed.
            there = set(os.listdir(self.folder.path)) | {job.name for job in prepared}
            rows = [
                row if _is_there(row.folder, there) else replace(row, folder="") for row in rows
            ]
        refused = self.jobs_writer.write(chunk, places, prepared, folder_written)
        return UnitResult([_refused(row, refused.get(row.number)) for row in rows])

    def _trained(
        self,
        unit: Unit,
        requested: Callable[[], int | None],
        epoch_trained: Callable[[Engine], None],
    ) -> TrainedChunk:
        jobs = [self.plan.job_at(number, unit.time) for number in unit.jobs]
        state = ChunkState(
            self.folder.state(unit.jobs[0], unit.time, unit.part),
            self.options.every_seconds,
            requested,
            source_of(self.plan, self.composer, self.folder, unit),
        )
        numbers = unit.known or numbers_of_jobs(self.composer, jobs)
        with self.composer.applied(jobs[0]) as config:
            spec = run_spec(config)
        more: dict[str, Any] = {}
        if (population := self._population(jobs)) is not None:
            more["population"] = population
        arguments = spec, numbers, self.options.points, state, epoch_trained, self._judge(unit)
        chunk = train_chunk(*arguments, **more)
        if population is not None and chunk.group.population is not None:
            rows = lineage_rows(chunk.group.population)
            write_lineage(lineage_file(self.folder.path, unit.jobs[0]), rows)
        return chunk

    def _population(self, jobs: Sequence[Job]) -> PlannedPopulation | None:
        """Return the population that jobs are the trials of; None where they are none."""
        search = self.plan.search
        if search is None or search.sampler != POPULATION:
            return None
        with self.composer.applied(jobs[0]) as config:
            options: Any = OmegaConf.to_object(config.search)
        return PlannedPopulation(
            jobs, searched_numbers(search.space), options, self.plan.jobs_of_trial
        )

    def _judge(self, unit: Unit) -> Judge | None:
        """Return the judge of a unit; jobs that go on with other words are trials no more."""
        if self.rule is None or unit.time:
            return None
        return judge_of(self.rule, self.plan, unit.jobs, self.earlier)

    def _write_reports(self, unit: Unit, judge: Judge) -> None:
        """Write what the jobs have reported, before anything says that they have ended."""
        reports = {job: judge.reports(place) for place, job in enumerate(unit.jobs)}
        write_reports(self.folder.reports(unit.jobs[0]), reports)

    def _kept(self, rows: Sequence[Row]) -> list[Job]:
        """Return the jobs whose folders are written where not all are."""
        best = self.kept(rows) if self.options.keep == "best" else []
        return [self.plan.jobs[row.number] for row in best]

    def kept(self, rows: Sequence[Row]) -> list[Row]:
        """Return those of some jobs that have ended whose folders `sweep.keep=best` keeps."""
        if not keeps_configurations(self.plan):
            # What has no folder any more was none of the best before, among fewer others.
            rows = [row for row in rows if row.folder]
        several = self.plan.objectives.several
        return kept_jobs(self.plan, rows, None if several else self.options.top or KEPT_BY_DEFAULT)

    def _prepared(self, jobs: Sequence[Job]) -> list[PreparedJob]:
        if not jobs:
            return []
        shared = self._shared_provenance(jobs[0])
        folders = config_folders(self.composer.master.hydra.runtime)
        prepared = []
        for job in jobs:
            with self.composer.described(job) as (config, choices, overrides, texts, resolved):
                preset = preset_keys(choices.get("experiment"), folders)
                provenance = {
                    **provenance_of_job(config, choices, overrides, preset),
                    **shared,
                }
                name, axes = name_of_job(config), self._axes(config)
                if PASSING.search(texts["config.yaml"]):
                    texts[RESOLVED] = resolved()
            folder = inside(self.folder.path, name)
            replaces = self.folders.written(job) if self.goes_on and folder.exists() else ()
            if self.goes_on and (before := record_at(folder)):  # The words of its begin stay.
                provenance["command"] = before.get("command")
            prepared.append(
                PreparedJob(job.number, name, axes, folder, texts, provenance, replaces)
            )
        return prepared

    def _shared_provenance(self, job: Job) -> dict[str, Any]:
        """Return what a job shares with those beside it, whose files the sweep's folder keeps."""
        with self.composer.applied(job) as config:
            named = [target.name for target in targets(run_spec(config))]
        files, environment = ProvenanceFiles(self.folder.path), self.environment
        return {**environment.fields, **ProvenanceKeeper(files, environment, named).keep()}

    @cached_property
    def environment(self) -> Environment:
        """Command, versions and state of the code, which all jobs share."""
        with self.composer.applied(self.plan.jobs[0]) as config:
            device = build.device(config.trainer.accelerator)
        return environment_of_command(self.runner.command, device)

    def _row(
        self, chunk: TrainedChunk, place: int, number: int, name: str, axes: Mapping[str, Any]
    ) -> Row:
        """Return the row of the job at this place of a chunk."""
        outcome, seconds = chunk.outcomes[place], chunk.times["seconds"]
        kept = outcome.best if chunk.group.keeps_best else None
        best = (kept.epoch, kept.metrics) if kept else None
        is_counted = PARAMETERS in self.plan.objectives.names
        parameters = chunk.trained_parameters(place) if is_counted else None
        metrics = self._metrics(outcome.metrics, best, parameters, seconds)
        row = Row(number, axes, outcome.status, name, metrics, seconds, outcome.error)
        if self.rule is None:
            return row
        judge, stopped = chunk.group.trials.judge, stopped_text(outcome.stopped)
        reports = {} if judge is None else judge.reports(place)
        epochs = outcome.metrics_epoch or 0
        return replace(row, epochs=epochs, stopped=stopped, reports=reports)

    def _failed(self, jobs: Sequence[Job], error: Exception, started: str) -> list[Row]:
        """Record what went wrong with a whole chunk in the folder of each of its jobs."""
        outcome = RunOutcome(status="failed", error=str(error))
        if not isinstance(error, SeedbedError):
            self.runner.show_traceback(error)
            outcome.error = f"{type(error).__name__}: {error}"
            outcome.traceback = traceback_of(error)
        times = {"process": this_process(), "started": started, "finished": now(), "seconds": None}
        if self.keeps_all:
            self.jobs_writer.write_failed(self._prepared(jobs), outcome, times)
        return [self.failed_row(job, outcome.error) for job in jobs]

    def failed_row(self, job: Job, error: str | None) -> Row:
        """Return the row of a job that has failed and has no record, or none that says so."""
        name, axes = self._name_and_axes(job)
        return Row(job.number, axes, "failed", name, error=error)

    # Alone

    def _alone(self, job: Job) -> Row:
        if self.goes_on and self.goes_on_alone(job):
            return self._on_alone(job)
        try:
            claimed = self.folders.claim(job)
        except ConfigError as error:
            return self.failed_row(job, str(error))
        try:
            done = self._run_alone(job)
        except BaseException:
            if not (claimed.path / RECORD).exists():
                self.folders.withdraw(job, claimed)
            raise
        if done.status == JobStatus.FAILED:
            raise done._return_value
        if done.return_value.code == WRONG_CONFIG:
            self.folders.withdraw(job, claimed)
        row = self.recorded(job)
        has_ended = row is not None and row.status != "running"
        return row if row and has_ended else self.failed_row(job, done.return_value.error)

    def _run_alone(self, job: Job, resume: Path | None = None) -> JobReturn:
        progress, config = Progress(1), self.composer.config(job)

        def epoch_trained(epoch: int, last: int | None, metrics: Mapping[str, float]) -> None:
            progress.job_epoch(epoch, last)
            self.show(progress)

        if resume is not None:
            config.resume = os.path.abspath(resume)
            with read_write(config.hydra):  # The files of `.hydra` follow when the run has begun.
                config.hydra.output_subdir = None
        judge = self._judge(Unit((job.number,), False, (job.number,)))
        if judge is None or job.number in self._continued:
            return self.run_config(config, self.runner, epoch_trained)
        judge.hand_on = partial(self._write_reports_of, job.number)
        with judged_by(judge):
            return self.run_config(config, self.runner, epoch_trained)

    @cached_property
    def _continued(self) -> set[int]:
        """Jobs that went on with other words: they are trials no more."""
        return {number for each in self.plan.continuations for number in each.jobs}

    def _write_reports_of(self, job: int, judge: Judge) -> None:
        write_reports(self.folder.reports(job), {job: judge.reports(0)})

    def goes_on_alone(self, job: Job) -> bool:
        """Return whether a job that trains alone goes on from what is in its folder."""
        return may_go_on(RunFolder(self.folders.path(job)))

    def _on_alone(self, job: Job) -> Row:
        """Train a job on that stopped, or had come to an end, if there is more to train."""
        folder, error = RunFolder(self.folders.path(job)), None
        with self.composer.applied(job) as config:
            has_more = has_more_to_train(folder, plain_values_of(config))
        if has_more:
            done = self._run_alone(job, resume=folder.path)
            if done.status == JobStatus.FAILED:
                raise done._return_value
            error = done.return_value.error if done.return_value.code == WRONG_CONFIG else None
        row = self.recorded(job)
        has_ended = row is not None and row.status != "running" and error is None
        return row if row and has_ended else self.failed_row(job, error)

    def run_config(
        self,
        config: DictConfig,
        runner: JobRunner,
        epoch_trained: EpochTrained,
    ) -> JobReturn:
        """Run one job by itself, in the folder that its config names; nothing is printed."""
        if restriction() is not None:
            _require_folder(config, self.folder.path)
        with listening(epoch_trained), secrets_left_out():
            done = run_job(
                hydra_context=HydraContext(config_loader=None, callbacks=self.callbacks),  # type: ignore[arg-type]
                task_function=runner,
                config=config,
                job_dir_key="hydra.sweep.dir",
                job_subdir_key="hydra.sweep.subdir",
            )
        # Trainer and module hold each other, and the tables with them.
        gc.collect()
        return done

    def recorded(self, job: Job) -> Row | None:
        """Return the row of a job by its record; None where it has none."""
        name, axes = self._name_and_axes(job)
        record = record_at(inside(self.folder.path, name))
        if record is None:
            return None
        kept = record.get("checkpoints", {}).get("best") or {}
        best = (kept["epoch"], kept.get("metrics", {})) if "epoch" in kept else None
        status, seconds, error = record["status"], record.get("seconds"), record.get("error")
        parameters = record.get("trained_parameters")
        metrics = self._metrics(record.get("metrics", {}), best, parameters, seconds)
        metrics = {name: value for name, value in metrics.items() if value is not None}
        row = Row(job.number, axes, status, name, metrics, seconds, error)
        if self.rule is None:
            return row
        epochs, stopped = record.get("metrics_epoch") or 0, stopped_text(record.get("stopped"))
        return replace(row, epochs=epochs, stopped=stopped)

    def _metrics(
        self,
        metrics: Mapping[str, float],
        best: tuple[int, Mapping[str, float]] | None,
        parameters: int | None,
        seconds: float | None,
    ) -> dict[str, float]:
        """Return the metrics of a job's row; what no epoch measures is there if it is judged by."""
        judged_by = self.plan.objectives
        of_epochs = metrics_of_job(metrics, judged_by.metric, best, judged_by.names)
        return {**of_epochs, **judged_by.once_a_run(parameters, seconds)}

    def axes(self, job: Job) -> dict[str, Any]:
        """Return what a job has for each axis."""
        return self._name_and_axes(job)[1]

    def _name_and_axes(self, job: Job) -> tuple[str, dict[str, Any]]:
        """Return the name of a job's folder, and what it has for each axis.

        Of a group that is the option that it chose.
        """
        with self.composer.applied(job) as config:
            return name_of_job(config), self._axes(config)

    def _axes(self, config: DictConfig) -> dict[str, Any]:
        """Return what a job has for each axis; a key that it lacks is left out."""
        values = {key: _chosen(config, key) for key in self.plan.axes}
        return {key: value for key, value in values.items() if value is not _LACKING}


# Of a key that is none of a config.
_LACKING = object()


def _is_there(name: str, there: Collection[str]) -> bool:
    """Return whether a folder may be there; `there` are names of folders, and their beginnings."""
    return name in there or name.partition(os.sep)[0] in there


def _refused(row: Row, error: str | None) -> Row:
    """Return the row of a job, which has failed where its folder could not be written."""
    return row if error is None else replace(row, status="failed", error=error, folder="")


def _require_folder(config: DictConfig, sweep: Path) -> None:
    """Raise RunFolderError where a job of a sweep that goes on would be run outside of it."""
    if os.path.realpath(str(config.hydra.sweep.dir)) != os.path.realpath(sweep):
        raise RunFolderError(f"{sweep}: hydra.sweep.dir={config.hydra.sweep.dir} leads out of it")
    inside(sweep, name_of_job(config))


def _chosen(config: DictConfig, key: str) -> Any:
    """Return what a job has for an axis: the option of a group, or the value of a key."""
    # Without OmegaConf, which takes a tenth of a millisecond to say that a mapping lacks a key.
    option = raw_value(config, ("hydra", "runtime", "choices", key))
    return _selected(config, key) if option == UNKNOWN else option


def _selected(config: DictConfig, key: str) -> Any:
    plain = raw_value(config, key.split("."))
    if isinstance(plain, int | float):  # As nearly always.
        return plain
    value = OmegaConf.select(config, key, default=_LACKING)
    is_container = isinstance(value, DictConfig | ListConfig)
    return OmegaConf.to_container(value, resolve=True) if is_container else value
