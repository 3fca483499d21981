"""Group of jobs as the fused engine trains it, made of what each job has for itself."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from torch import nn
from torch.optim import Optimizer

from seedbed.config.instantiation import keys_of, target_of
from seedbed.config.metrics import PARAMETERS
from seedbed.config.schema.callbacks import Checkpoint, Gradients, LearningRate
from seedbed.config.schema.model import InitialWeights
from seedbed.config.spec import RunSpec
from seedbed.data import InMemoryData
from seedbed.engines.fused.early_stopping import JobStopping
from seedbed.engines.fused.group import Group
from seedbed.engines.fused.optimizers import RULES
from seedbed.engines.fused.rows.batches import JobBatches
from seedbed.engines.fused.schedules import JobRates
from seedbed.engines.fused.trial_stopping import TrialStopping
from seedbed.experiment.build import build_task, check_model
from seedbed.experiment.fitted_task import fitted_numbers
from seedbed.experiment.weights.taking import taken
from seedbed.sweep.planning.data_modules import data_of, table_key
from seedbed.sweep.planning.job_numbers import JobNumbers, hidden_sizes
from seedbed.sweep.planning.networks import networks_of
from seedbed.training.parameters import parameters_matching, trained_count
from seedbed.training.schedulers import RunLength, lasts_as_long_as_the_run, make_scheduler
from seedbed.training.tasks import Task
from seedbed.training.trial_stopping.judge import Judge


def make_group(
    spec: RunSpec,
    jobs: Sequence[JobNumbers],
    points: int = 100,
    judge: Judge | None = None,
    changing: Sequence[str] = (),
) -> Group:
    """Return the group of jobs that share a spec but for their numbers.

    Args:
        spec: that of one of the jobs.
        jobs: what each job has for itself.
        points: most epochs in a job's curves.
        judge: judge of the jobs that are trials of a search; None (default): none stops.
        changing: numbers of the loss that may come to differ while the jobs train.

    Raises:
        ConfigError: whatever building a job alone would raise.
    """
    rule, optimizer = RULES[str(target_of(spec.optimizer))], keys_of(spec.optimizer)
    numbers = {name: [job.optimizer[name] for job in jobs] for name in rule.numbers}
    clips = [job.gradient_clip_val for job in jobs]
    clips_any = any(clip is not None for clip in clips)
    if clips_any:
        numbers["clip"] = [float("inf") if clip is None else float(clip) for clip in clips]
    (nets, net_numbers), task = networks_of(spec, jobs), build_task(spec)
    check_model(spec, nets[0], task)
    batches = _batches(spec, jobs)
    task, fitted = _fitted(task, batches)
    if judge is not None:
        counts = [trained_count(net) for net in nets]
        judge.known[PARAMETERS] = np.array(counts, dtype=float)
    return Group(
        nets=nets,
        task=task,
        batches=batches,
        optimizer=str(target_of(spec.optimizer)),
        flags={name: bool(optimizer[name]) for name in rule.flags},
        numbers=numbers,
        clip_by_norm=spec.trainer.gradient_clip_algorithm == "norm" if clips_any else None,
        loss_numbers={**_loss_numbers(jobs, changing), **fitted},
        net_numbers=net_numbers,
        rates=_rates(jobs, batches),
        stopping=JobStopping([job.early_stopping for job in jobs]),
        trials=TrialStopping(judge),
        max_epochs=[job.max_epochs for job in jobs],
        monitor=spec.optimized_metric,
        mode=spec.optimized_mode,
        data_of_job=batches.which.tolist(),
        logs_rate=any(isinstance(node, LearningRate) for node in spec.callbacks.values()),
        gradient_norms=_gradient_norms(spec, nets[0]),
        keeps_best=any(isinstance(node, Checkpoint) for node in spec.callbacks.values()),
        points=points,
        log_every_n_epochs=spec.trainer.log_every_n_epochs,
        threads=spec.trainer.threads,
        deterministic=spec.trainer.deterministic,
        seeds=[job.seed for job in jobs],
        seed=jobs[0].seed,
    )


def _gradient_norms(spec: RunSpec, net: nn.Module) -> list[str] | None:
    """Return the parameters whose gradients' norms are logged; None where none are at all."""
    for name, node in spec.callbacks.items():
        if isinstance(node, Gradients):
            return parameters_matching(net, node.parameters, f"callbacks.{name}.parameters")
    return None


def _loss_numbers(jobs: Sequence[JobNumbers], changing: Sequence[str]) -> dict[str, list[Any]]:
    """Return the numbers of the loss in which jobs differ; the task has those that they share."""
    columns = {name: [job.task[name] for job in jobs] for name in jobs[0].task}
    return {
        name: column for name, column in columns.items() if name in changing or len(set(column)) > 1
    }


def _fitted(task: Task, batches: JobBatches) -> tuple[Task, dict[str, list[Any]]]:
    """Return the task with what follows from the training rows, and what does in each job."""
    of_data = [fitted_numbers(task, data) for data in batches.data]
    task = task.with_numbers(of_data[0])
    if len(of_data) == 1:
        return task, {}
    which = batches.which.tolist()
    columns = {name: [numbers[name].tolist() for numbers in of_data] for name in of_data[0]}
    return task, {name: [column[place] for place in which] for name, column in columns.items()}


def weights_of_jobs(
    spec: RunSpec, group: Group, jobs: Sequence[JobNumbers]
) -> list[dict[str, Any]]:
    """Return the field `initial_weights` of each job's record, empty where it has none."""
    records: dict[str, dict[str, Any]] = {}
    keys = [repr((job.initial_weights, hidden_sizes(job))) for job in jobs]
    for key, job, net in zip(keys, jobs, group.nets, strict=True):
        if key not in records:
            options = InitialWeights(**job.initial_weights)
            taking = taken(net, options, spec.outputs)
            records[key] = {} if taking is None else taking.record()
    return [records[key] for key in keys]


def _batches(spec: RunSpec, jobs: Sequence[JobNumbers]) -> JobBatches:
    """Load each table that differs once."""
    modules: dict[str, InMemoryData] = {}
    keys = [table_key(job) for job in jobs]
    for key, job in zip(keys, jobs, strict=True):
        if key not in modules:
            modules[key] = data_of(spec, job)
    places = {key: place for place, key in enumerate(modules)}
    which = [places[key] for key in keys]
    seeds, sizes = ([job.data[name] for job in jobs] for name in ("seed", "batch_size"))
    return JobBatches(list(modules.values()), which, seeds, sizes)


def _rates(jobs: Sequence[JobNumbers], batches: JobBatches) -> JobRates:
    make: list[Callable[[Optimizer], dict[str, Any] | None] | None] = []
    courses = []
    for number, (job, steps) in enumerate(zip(jobs, batches.steps().tolist(), strict=True)):
        length = RunLength(job.max_epochs, steps_per_epoch=steps)
        lasts = (job.max_epochs, steps) if lasts_as_long_as_the_run(job.scheduler) else None
        constant = job.scheduler["_target_"] is None
        make.append(None if constant else partial(make_scheduler, job.scheduler, length=length))
        # A schedule that watches a metric takes a course of its own.
        own = number if job.scheduler.get("monitor") is not None else None
        courses.append((repr(job.scheduler), lasts, own))
    return JobRates([job.optimizer["lr"] for job in jobs], make, courses)
