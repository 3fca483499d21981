"""Group of jobs that train side by side: what they share, and what each has for itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from seedbed.engines.fused.early_stopping import JobStopping
from seedbed.engines.fused.population.population import Population
from seedbed.engines.fused.rows.batches import JobBatches
from seedbed.engines.fused.schedules import JobRates
from seedbed.engines.fused.trial_stopping import TrialStopping
from seedbed.training.tasks import Task


@dataclass(frozen=True)
class Group:
    """Jobs that train side by side.

    Attributes:
        nets: networks with their initial weights.
        task: task of all jobs.
        batches: batches of each job.
        optimizer: full name of the torch.optim class, a key of RULES.
        flags: hyperparameters of the optimizer that all jobs share, by name.
        numbers: hyperparameters of the optimizer of each job, by name; `clip`, if `clip_by_norm` is
            not None, is infinite for a job that does not clip.
        clip_by_norm: whether gradients are clipped by norm, or by value; None: not at all.
        rates: learning rate of each job.
        stopping: early stopping of each job.
        trials: stopping of those that are trials of a search.
        max_epochs: epochs of each job.
        monitor, mode: metric that picks the best epoch, and `min` or `max`.
        loss_numbers: hyperparameters of the loss in which jobs differ, by name; each a number, or a
            list of them.
        net_numbers: numbers of the networks in which jobs differ, by the names of the buffers that
            hold them, (jobs, ...).
        data_of_job: number of the data module of each job.
        logs_rate: whether the learning rate is logged.
        gradient_norms: names of the parameters the norms of whose gradients are logged, beside that
            of all; None: none at all.
        keeps_best: whether the best weights are kept and tested; else the last are tested.
        points: largest number of logged epochs.
        log_every_n_epochs: epochs between two logged ones.
        threads: CPU threads; None is one where a step is small, else PyTorch's default.
        deterministic: whether deterministic algorithms alone are used.
        seeds: seed of what dropout draws in each job.
        seed: seed of what other layers draw, all jobs together.
        population: the jobs as the trials of a population; None: each trains for itself.
    """

    nets: Sequence[nn.Module]
    task: Task
    batches: JobBatches
    optimizer: str
    flags: dict[str, bool]
    numbers: dict[str, list[float]]
    clip_by_norm: bool | None
    rates: JobRates
    stopping: JobStopping
    max_epochs: Sequence[int]
    monitor: str
    mode: str
    trials: TrialStopping = field(default_factory=TrialStopping)
    loss_numbers: dict[str, list[Any]] = field(default_factory=dict)
    net_numbers: dict[str, Tensor] = field(default_factory=dict)
    data_of_job: Sequence[int] = ()
    logs_rate: bool = True
    gradient_norms: Sequence[str] | None = None
    keeps_best: bool = True
    points: int = 100
    log_every_n_epochs: int = 1
    threads: int | None = None
    deterministic: bool = False
    seeds: Sequence[int] = ()
    seed: int = 0
    population: Population | None = None
