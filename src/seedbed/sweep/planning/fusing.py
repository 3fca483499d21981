"""Numbers that each job of a group has for itself, and the group that the fused engine trains."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from omegaconf import DictConfig
from torch import nn
from torch.optim import Optimizer

from seedbed.config.instantiation import keys_of, target_of
from seedbed.config.known_keys import varying_keys
from seedbed.config.schema.callbacks import Checkpoint, EarlyStopping, LearningRate
from seedbed.config.schema.model import InitialWeights
from seedbed.config.spec import RunSpec, run_spec
from seedbed.data import InMemoryData
from seedbed.data.data_module import Placement
from seedbed.engines.fused.early_stopping import EarlyStoppingRule, JobStopping
from seedbed.engines.fused.group import Group
from seedbed.engines.fused.optimizers import RULES
from seedbed.engines.fused.rows.batches import JobBatches
from seedbed.engines.fused.schedules import JobRates
from seedbed.experiment.build import (
    NetworkBuilder,
    build_data,
    build_task,
    check_model,
    device,
    floating_point,
)
from seedbed.training.parameters import frozen_parameters
from seedbed.training.schedulers import RunLength, make_scheduler


@dataclass(frozen=True)
class JobNumbers:
    """Numbers and options that a job of a group has for itself, as plain values."""

    seed: int
    initial_weights: dict[str, Any]
    data: dict[str, Any]
    task: dict[str, float]
    optimizer: dict[str, float]
    scheduler: dict[str, Any]
    gradient_clip_val: float | None
    max_epochs: int
    early_stopping: EarlyStoppingRule | None


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
    return _numbers_of_spec(run_spec(config), optimizer)


def _numbers_of_spec(spec: RunSpec, optimizer: dict[str, float]) -> JobNumbers:
    assert spec.trainer.max_epochs is not None
    constant = target_of(spec.scheduler) is None
    task = keys_of(spec.task)
    return JobNumbers(
        seed=spec.seed,
        initial_weights=keys_of(spec.initial_weights),
        data=keys_of(spec.data),
        task={name: task[name] for name in varying_keys("task") if name in task},
        optimizer=optimizer,
        scheduler={"_target_": None} if constant else keys_of(spec.scheduler),
        gradient_clip_val=spec.trainer.gradient_clip_val,
        max_epochs=spec.trainer.max_epochs,
        early_stopping=_early_stopping(spec),
    )


def _number(optimizer: DictConfig, name: str) -> float:
    if name in ("beta1", "beta2"):
        return float(optimizer.betas[int(name[-1]) - 1])
    return float(optimizer[name])


def _early_stopping(spec: RunSpec) -> EarlyStoppingRule | None:
    for node in spec.callbacks.values():
        if isinstance(node, EarlyStopping):
            assert node.monitor is not None and node.mode is not None
            return EarlyStoppingRule(node.monitor, node.mode, node.min_delta, node.patience)
    return None


def make_group(spec: RunSpec, jobs: Sequence[JobNumbers], points: int = 100) -> Group:
    """Return the group of jobs that share a spec but for their numbers.

    Args:
        spec: that of one of the jobs.
        jobs: what each job has for itself.
        points: most epochs in a job's curves.

    Raises:
        ConfigError: whatever building a job alone would raise.
    """
    rule, optimizer = RULES[str(target_of(spec.optimizer))], keys_of(spec.optimizer)
    numbers = {name: [job.optimizer[name] for job in jobs] for name in rule.numbers}
    clips = [job.gradient_clip_val for job in jobs]
    clips_any = any(clip is not None for clip in clips)
    if clips_any:
        numbers["clip"] = [float("inf") if clip is None else float(clip) for clip in clips]
    nets, task = _nets(spec, jobs), build_task(spec)
    check_model(spec, nets[0], task)
    batches = _batches(spec, jobs)
    return Group(
        nets=nets,
        task=task,
        batches=batches,
        optimizer=str(target_of(spec.optimizer)),
        flags={name: bool(optimizer[name]) for name in rule.flags},
        numbers=numbers,
        clip_by_norm=spec.trainer.gradient_clip_algorithm == "norm" if clips_any else None,
        loss_numbers=_loss_numbers(jobs),
        rates=_rates(jobs, batches),
        stopping=JobStopping([job.early_stopping for job in jobs]),
        max_epochs=[job.max_epochs for job in jobs],
        monitor=spec.optimized_metric,
        mode=spec.optimized_mode,
        data_of_job=batches.which.tolist(),
        logs_rate=any(isinstance(node, LearningRate) for node in spec.callbacks.values()),
        keeps_best=any(isinstance(node, Checkpoint) for node in spec.callbacks.values()),
        points=points,
        log_every_n_epochs=spec.trainer.log_every_n_epochs,
        threads=spec.trainer.threads,
        deterministic=spec.trainer.deterministic,
        seed=jobs[0].seed,
    )


def _loss_numbers(jobs: Sequence[JobNumbers]) -> dict[str, list[float]]:
    """Return the numbers of the loss in which jobs differ; the task has those that they share."""
    columns = {name: [job.task[name] for job in jobs] for name in jobs[0].task}
    return {name: column for name, column in columns.items() if len(set(column)) > 1}


def _nets(spec: RunSpec, jobs: Sequence[JobNumbers]) -> list[nn.Module]:
    """Return each job's network with its initial weights; equal ones are made once."""
    builder, nets = NetworkBuilder(spec), dict[str, nn.Module]()
    keys = [repr((job.seed, job.initial_weights)) for job in jobs]
    for key, job in zip(keys, jobs, strict=True):
        if key not in nets:
            net = builder.build(job.seed, InitialWeights(**job.initial_weights))
            for name in frozen_parameters(net, spec.freeze.parameters):
                net.get_parameter(name).requires_grad_(False)
            nets[key] = net
    return [nets[key] for key in keys]


def _batches(spec: RunSpec, jobs: Sequence[JobNumbers]) -> JobBatches:
    """Load each table that differs once."""
    modules: dict[str, InMemoryData] = {}
    keys = [table_key(job) for job in jobs]
    trainer = spec.trainer
    placement = Placement(device(trainer.accelerator), floating_point(trainer.precision))
    for key, job in zip(keys, jobs, strict=True):
        if key not in modules:
            data: Any = build_data(replace(spec, data=replace(spec.data, **job.data)))
            data.place(placement)
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


def _rates(jobs: Sequence[JobNumbers], batches: JobBatches) -> JobRates:
    make: list[Callable[[Optimizer], dict[str, Any] | None] | None] = []
    courses = []
    for number, (job, steps) in enumerate(zip(jobs, batches.steps().tolist(), strict=True)):
        length = RunLength(job.max_epochs, steps_per_epoch=steps)
        constant = job.scheduler["_target_"] is None
        make.append(None if constant else partial(make_scheduler, job.scheduler, length=length))
        # A schedule that watches a metric takes a course of its own.
        own = number if job.scheduler.get("monitor") is not None else None
        courses.append((repr(job.scheduler), job.max_epochs, steps, own))
    return JobRates([job.optimizer["lr"] for job in jobs], make, courses)
