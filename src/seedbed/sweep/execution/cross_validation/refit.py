"""Refit: the best configuration of a cross-validation, trained on all rows but the test rows."""

from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from hydra.core.utils import JobStatus
from omegaconf import DictConfig, read_write

from seedbed.config.groups import is_of_sweep
from seedbed.config.instantiation import target_of
from seedbed.config.metrics import is_of_validation, named
from seedbed.config.schema import schema_of, shipped_schema_of
from seedbed.config.schema.callbacks import Checkpoint, EarlyStopping, StoppingRule
from seedbed.config.validation import check
from seedbed.errors import ConfigError, SeedbedError
from seedbed.runs.claim import Claim, claim
from seedbed.runs.folder import HYDRA, RECORD, RunFolder
from seedbed.runs.record import read_record
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.execution.own_folders import OwnFolders
from seedbed.sweep.execution.worker import EpochTrained, Worker
from seedbed.sweep.job import Job, Words, bare_key, with_value, without
from seedbed.sweep.job_runner import WRONG_CONFIG
from seedbed.sweep.results.folder import REFIT
from seedbed.sweep.results.ranking import Winner
from seedbed.sweep.results.table import BEST_EPOCH

# Limits that would end a training before its last epoch.
_LIMITS = ("min_epochs", "max_steps", "max_time")


class FinalModel(NamedTuple):
    """Run on all rows: its words, the command that does it alone, and its epochs."""

    words: Words
    command: list[str]
    epochs: int | None


def final_model(worker: Worker, best: Winner) -> FinalModel:
    """Return the run on all rows with the configuration of a cross-validation, and its first seed.

    It takes the median over the jobs of their best epoch. Where jobs are ranked by their last
    epoch, and no rule stops them, they all have the same.
    """
    job = worker.plan.jobs[min(row.number for row in best.jobs)]
    epochs = [row.metrics[BEST_EPOCH] for row in best.jobs if BEST_EPOCH in row.metrics]
    with worker.composer.applied(job) as config:
        stopped = any(_stops(node) for node in config.callbacks.values())
        if not epochs or (worker.plan.rank == "last" and not stopped):
            count = config.trainer.max_epochs
        else:
            count = round(median(epochs))
        words = refit_words(config, job.overrides, count)
    return FinalModel(words, ["seedbed", "train", *worker.plan.flags, *words], count)


def refit_words(config: DictConfig, words: Words, epochs: int | None) -> Words:
    """Return the words of a run on all rows, without validation, from those of a job of a fold."""
    words = tuple(word for word in words if not is_of_sweep(bare_key(word)))
    words = without(words, ("data.folds", "data.fold"))
    changes: dict[str, Any] = {"trainer.max_epochs": "null" if epochs is None else epochs}
    limits = [name for name in _LIMITS if config.trainer[name] is not None]
    changes |= {f"trainer.{name}": "null" for name in limits}
    for name, node in config.callbacks.items():
        key = f"callbacks.{name}"
        if _stops(node):
            words = tuple(word for word in words if not bare_key(word).startswith(f"{key}."))
            changes[key] = "null"
        if schema_of(node) is Checkpoint:
            changes[f"{key}.keep_best"] = "false"
    if any(is_of_validation(str(metric)) for metric in named(config.optimized_metric)):
        changes |= {"optimized_metric": "null", "optimized_mode": "null"}
    for key, value in changes.items():
        words = with_value(words, key, value)
    return words


def _stops(node: Any) -> bool:
    """Return whether a callback ends a training early."""
    schema = schema_of(node)
    if schema is not None:
        return issubclass(schema, EarlyStopping | StoppingRule)
    return isinstance(node, DictConfig) and str(target_of(node)).endswith(".EarlyStopping")


def require_refit(composer: Composer, job: Job) -> None:
    """Raise ConfigError where a job of a fold could not be trained without validation."""
    with composer.applied(job) as config:
        words = refit_words(config, job.overrides, config.trainer.max_epochs)
        if not any(shipped_schema_of(node) is Checkpoint for node in config.callbacks.values()):
            raise ConfigError("sweep.refit=true: no weights are kept without callbacks.checkpoint")
    try:
        with composer.applied(Job(job.number, words)) as config:
            check(config, cut_short=True)
    except ConfigError as error:
        raise ConfigError(f"sweep.refit=true trains without validation: {error}") from None


class RefitFolder(OwnFolders):
    """Folder of the refit; what an earlier one has left may be of another configuration."""

    def path(self, job: Job) -> Path:
        """Return the folder of the refit."""
        return self.folder.refit

    def claim(self, job: Job) -> Claim:
        """Claim the folder of the refit; what an earlier one has left is removed."""
        self.remove(job)
        return claim(self.path(job), "hydra.sweep.dir", HYDRA, shared=True)

    def has_ended(self, job: Job) -> bool:
        """Return whether the folder holds this refit, done."""
        self.require_own(job)
        record = self.folder.refit / RECORD
        if not record.is_file() or not super()._is_own(job, RunFolder(self.folder.refit)):
            return False
        return bool(read_record(record)["status"] == "completed")

    def _is_own(self, job: Job, folder: RunFolder) -> bool:
        return True


def refit(worker: Worker, model: FinalModel, epoch_trained: EpochTrained) -> dict[str, Any]:
    """Train the final model into `refit/`, unless that is done; return the fields of its run.json.

    `epoch_trained` is told of every epoch. Raises SeedbedError where it did not complete.
    """
    folder = RefitFolder(worker.composer, worker.folder)
    job = Job(len(worker.plan.jobs), model.words)
    if not folder.has_ended(job):
        _train(worker, folder, job, model, epoch_trained)
    return read_record(worker.folder.refit / RECORD)


def _train(
    worker: Worker, folder: RefitFolder, job: Job, model: FinalModel, epoch_trained: EpochTrained
) -> None:
    claimed = folder.claim(job)
    config = worker.composer.config(job)
    with read_write(config.hydra):
        config.hydra.sweep.subdir = REFIT
    try:
        done = worker.run_config(config, worker.runner.with_command(model.command), epoch_trained)
    except BaseException:
        if not (claimed.path / RECORD).exists():
            folder.withdraw(job, claimed)
        raise
    if done.status == JobStatus.FAILED:
        raise done._return_value
    if done.return_value.code == WRONG_CONFIG:
        folder.withdraw(job, claimed)
    if done.return_value.code:
        raise SeedbedError(done.return_value.error or "it diverged")
