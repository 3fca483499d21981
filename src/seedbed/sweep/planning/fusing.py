"""What each job of a group has for itself, and the group that the fused engine trains."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import nn

from seedbed.callbacks import frozen_parameters
from seedbed.config.validation import optimized_metric
from seedbed.data import InMemoryData
from seedbed.engines.fused.batches import JobBatches
from seedbed.engines.fused.early_stopping import EarlyStopping, JobStopping
from seedbed.engines.fused.engine import Group
from seedbed.engines.fused.optimizers import RULES
from seedbed.engines.fused.schedules import JobRates
from seedbed.experiment import build
from seedbed.experiment.run import Experiment, build_experiment
from seedbed.runs.folder import RunFolder
from seedbed.sweep.planning.compatibility import FREE, kind_of
from seedbed.training.schedulers import make_scheduler

_LOSS_NUMBERS = tuple(key.removeprefix("task.") for key in FREE if key.startswith("task."))


@dataclass(frozen=True)
class JobNumbers:
    """What a job of a group has for itself, as plain values."""

    seed: int
    initial_weights: dict[str, Any]
    data: dict[str, Any]
    task: dict[str, float]
    optimizer: dict[str, float]
    scheduler: dict[str, Any]
    gradient_clip_val: float | None
    max_epochs: int
    early_stopping: EarlyStopping | None


def numbers_of(config: DictConfig, like: JobNumbers | None = None) -> JobNumbers:
    """Read what a job has for itself.

    `like` is a job that differs from this one in nothing but seed and optimizer: it saves time.
    """
    rule = RULES[config.optimizer._target_]
    optimizer = {name: _number(config.optimizer, name) for name in rule.numbers}
    if like is not None:
        # To resolve ${seed} takes OmegaConf a third of the plan's time.
        written: Any = config.data._get_node("seed")
        follows = written._value() == "${seed}"
        data = {**like.data, "seed": config.seed if follows else config.data.seed}
        return replace(like, seed=config.seed, data=data, optimizer=optimizer)
    constant = config.scheduler._target_ is None
    return JobNumbers(
        seed=config.seed,
        initial_weights=_plain(config.initial_weights),
        data=_plain(config.data),
        task={name: config.task[name] for name in _LOSS_NUMBERS if name in config.task},
        optimizer=optimizer,
        scheduler={"_target_": None} if constant else build.scheduler_options(config),
        gradient_clip_val=config.trainer.gradient_clip_val,
        max_epochs=config.trainer.max_epochs,
        early_stopping=_early_stopping(config),
    )


def _plain(node: DictConfig) -> dict[str, Any]:
    values: Any = OmegaConf.to_container(node, resolve=True)
    return dict(values)


def _number(optimizer: DictConfig, name: str) -> float:
    if name in ("beta1", "beta2"):
        return float(optimizer.betas[int(name[-1]) - 1])
    return float(optimizer[name])


def _early_stopping(config: DictConfig) -> EarlyStopping | None:
    for node in config.callbacks.values():
        if kind_of(node) == "EarlyStopping":
            keys = build.watched(_plain(node), config)
            return EarlyStopping(keys["monitor"], keys["mode"], keys["min_delta"], keys["patience"])
    return None


def make_group(
    config: DictConfig, jobs: Sequence[JobNumbers], folder: RunFolder, points: int = 100
) -> Group:
    """Return the group of jobs that share `config` but for their numbers.

    `config` is that of one of them and is changed here. `folder` is where the objects of that job
    believe to run; nothing is written there. Raises ConfigError as building a job alone would.
    """
    experiment = build_experiment(config, folder)
    rule = RULES[config.optimizer._target_]
    monitor, mode = optimized_metric(config)
    flags = {name: bool(config.optimizer[name]) for name in rule.flags}
    numbers = {name: [job.optimizer[name] for job in jobs] for name in rule.numbers}
    clips = [job.gradient_clip_val for job in jobs]
    clips_any = any(clip is not None for clip in clips)
    if clips_any:
        numbers["clip"] = [float("inf") if clip is None else float(clip) for clip in clips]
    nets = _nets(config, jobs)
    batches = _batches(config, jobs, experiment)
    return Group(
        nets=nets,
        task=experiment.module.task,
        batches=batches,
        optimizer=config.optimizer._target_,
        flags=flags,
        numbers=numbers,
        clip_by_norm=config.trainer.gradient_clip_algorithm == "norm" if clips_any else None,
        loss_numbers=_loss_numbers(jobs),
        rates=_rates(jobs, batches.data[0]),
        stopping=JobStopping([job.early_stopping for job in jobs]),
        max_epochs=[job.max_epochs for job in jobs],
        monitor=monitor,
        mode=mode,
        data_of_job=batches.which.tolist(),
        logs_rate=any(kind_of(one) == "LearningRate" for one in config.callbacks.values()),
        keeps_best=any(kind_of(one) == "Checkpoint" for one in config.callbacks.values()),
        points=points,
        seed=jobs[0].seed,
    )


def _loss_numbers(jobs: Sequence[JobNumbers]) -> dict[str, list[float]]:
    """Return the numbers of the loss in which jobs differ; the task has those that they share."""
    columns = {name: [job.task[name] for job in jobs] for name in jobs[0].task}
    return {name: column for name, column in columns.items() if len(set(column)) > 1}


def _nets(config: DictConfig, jobs: Sequence[JobNumbers]) -> list[nn.Module]:
    """Return each job's network with its initial weights; equal ones are made once."""
    made: dict[str, nn.Module] = {}
    nets = []
    for job in jobs:
        key = repr((job.seed, job.initial_weights))
        if key not in made:
            config.seed = job.seed
            _set(config.initial_weights, job.initial_weights)
            net = build.build_net(config)
            for name in frozen_parameters(net, list(config.freeze.parameters)):
                net.get_parameter(name).requires_grad_(False)
            made[key] = net
        nets.append(made[key])
    return nets


def _set(node: DictConfig, values: dict[str, Any]) -> None:
    """Change the values of a node, which keeps its type."""
    for name, value in values.items():
        node[name] = value


def _batches(config: DictConfig, jobs: Sequence[JobNumbers], experiment: Experiment) -> JobBatches:
    """Load each table that differs once."""
    modules: dict[str, InMemoryData] = {}
    keys = [table_key(job) for job in jobs]
    for key, job in zip(keys, jobs, strict=True):
        if key not in modules:
            _set(config.data, job.data)
            data: Any = build.build_data(config)
            data.trainer = experiment.trainer
            if not modules:
                data.prepare_data()
            data.setup("fit")
            modules[key] = data
    places = {key: place for place, key in enumerate(modules)}
    which = [places[key] for key in keys]
    return JobBatches(list(modules.values()), which, [job.data["seed"] for job in jobs])


def table_key(job: JobNumbers) -> str:
    """Return what jobs have in common that train on one table: all but the order of the batches."""
    return repr({name: value for name, value in job.data.items() if name != "seed"})


def _rates(jobs: Sequence[JobNumbers], data: InMemoryData) -> JobRates:
    make, courses = [], []
    for number, job in enumerate(jobs):
        # As much of a trainer as tells a schedule how long the run is.
        length: Any = SimpleNamespace(
            max_epochs=job.max_epochs,
            max_steps=-1,
            overfit_batches=0,
            limit_train_batches=1.0,
            accumulate_grad_batches=1,
            datamodule=data,
        )
        make.append(partial(make_scheduler, job.scheduler, trainer=length))
        # A schedule that watches a metric takes a course of its own.
        own = number if job.scheduler.get("monitor") is not None else None
        courses.append((repr(job.scheduler), job.max_epochs, own))
    return JobRates([job.optimizer["lr"] for job in jobs], make, courses)
