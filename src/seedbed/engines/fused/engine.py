"""Training of the jobs of a group side by side, each as it would have trained alone.

The state of all jobs is a matrix with a row a job. After every epoch each job is looked at by
itself: whether its loss is still finite, whether the epoch was its best, whether a rule stops it.
Jobs that have ended take no further part; when half of the rows are idle, the others are packed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from seedbed.engines.fused.batches import Batch, JobBatches
from seedbed.engines.fused.early_stopping import JobStopping
from seedbed.engines.fused.history import History, Metrics
from seedbed.engines.fused.metrics import JobSums
from seedbed.engines.fused.optimizers import RULES
from seedbed.engines.fused.program import (
    CannotFuse,
    Layout,
    Program,
    difference,
    evaluation_program,
    fixed,
    named_tensors,
    random_numbers_kept,
    record,
    refuse_differences,
    state_names,
    training_program,
)
from seedbed.engines.fused.schedules import JobRates
from seedbed.errors import Diverged
from seedbed.process.torch_settings import deterministic_algorithms, using_threads
from seedbed.runs.outcome import RunOutcome
from seedbed.training.metrics import LEARNING_RATE, out_of_range, say_out_of_range
from seedbed.training.tasks import Task

# Parameters, (jobs, numbers), and the other tensors of the networks by name, (jobs, ...).
Weights = tuple[Tensor, dict[str, Tensor]]

# Of state or batch, all jobs together.
FEW_NUMBERS = 1_000_000


@dataclass(frozen=True)
class Group:
    """Jobs that train side by side: what they have in common, and what each has for itself.

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
        max_epochs: epochs of each job.
        monitor, mode: metric that picks the best epoch, and `min` or `max`.
        loss_numbers: hyperparameters of the loss in which jobs differ, by name.
        data_of_job: number of the data module of each job.
        logs_rate: whether the learning rate is logged.
        keeps_best: whether the best weights are kept and tested; else the last are tested.
        points: largest number of logged epochs.
        log_every_n_epochs: epochs between two logged ones.
        threads: CPU threads; None is one where a step is small, else PyTorch's default.
        deterministic: whether deterministic algorithms alone are used.
        seed: seed of dropout.
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
    loss_numbers: dict[str, list[float]] = field(default_factory=dict)
    data_of_job: Sequence[int] = ()
    logs_rate: bool = True
    keeps_best: bool = True
    points: int = 100
    log_every_n_epochs: int = 1
    threads: int | None = None
    deterministic: bool = False
    seed: int = 0


class Engine:
    """Engine that trains one group; row i of every tensor belongs to job number `self.job[i]`."""

    def __init__(self, group: Group) -> None:
        refuse_differences(group.nets)
        self.group = group
        self.device = group.batches.data[0].device
        self.layout = Layout(group.nets[0])
        tensors = [named_tensors(net) for net in group.nets]
        # The names of a state_dict, and what each is called among the network's own tensors.
        self.names = state_names(group.nets[0])
        self.rows = torch.stack([self.layout.flat(named) for named in tensors]).to(self.device)
        self.others = {
            name: torch.stack([named[name].detach() for named in tensors]).to(self.device)
            for name in tensors[0]
            if name not in self.layout.shapes
        }
        # Only now: the other networks stay where they are.
        self.net = group.nets[0].to(self.device)
        self.numbers = {
            name: torch.tensor(values, dtype=torch.float64, device=self.device).unsqueeze(1)
            for name, values in group.numbers.items()
        }
        self.loss_numbers = {
            name: torch.tensor(values, dtype=torch.float64, device=self.device)
            for name, values in group.loss_numbers.items()
        }
        self.rule = RULES[group.optimizer]
        self.states = self.rule.states(self.rows, self.numbers, group.flags)
        self.job = np.arange(len(group.nets))
        self.running = np.ones(len(group.nets), dtype=bool)
        self.history = History(
            group.max_epochs, group.monitor, group.mode, group.points, group.log_every_n_epochs
        )
        self.best: Weights = tree_map(torch.clone, (self.rows, self.others))
        self.epoch = self.steps = 0
        # Whether a step draws random numbers, as dropout does: a job alone draws others.
        self.draws = False
        self._programs: dict[Any, Program] = {}
        self._random_state: list[Tensor] | None = None
        self.threads = group.threads or _threads(self._numbers_in_a_step())

    @property
    def ended(self) -> int:
        """How many jobs have come to their end."""
        return len(self.group.nets) - int(self.running.sum())

    def train(self, after_epoch: Callable[["Engine"], None] | None = None) -> list[RunOutcome]:
        """Train all jobs to their ends and return what became of them, in the group's order.

        `after_epoch` may look at the engine, save its `state`, and raise in order to stop.
        """
        with (
            using_threads(self.threads),
            deterministic_algorithms(self.group.deterministic),
            random_numbers_kept(self.device),
        ):
            if self._random_state is None:
                torch.manual_seed(self.group.seed)
            else:
                _set_random_state(self.device, self._random_state)
            while self.running.any():
                if self.running.sum() <= len(self.running) // 2:
                    self._pack()
                self.epoch += 1
                self._epoch(self.epoch)
                if after_epoch is not None:
                    after_epoch(self)
        return self.history.outcomes()

    def _numbers_in_a_step(self) -> int:
        batch = next(iter(self.group.batches.training(0)))
        return max(self.rows.numel(), batch.inputs.numel())

    def state(self) -> dict[str, Any]:
        """Return all that has changed since the beginning, as tensors and plain values.

        To be asked between two epochs, by `after_epoch`.
        """
        return {
            "epoch": self.epoch,
            "steps": self.steps,
            "draws": self.draws,
            "job": torch.from_numpy(self.job),
            "running": torch.from_numpy(self.running),
            "rows": self.rows,
            "others": self.others,
            "states": self.states,
            "best": self.best,
            "history": self.history.state(),
            "rates": self.group.rates.state(),
            "stopping": self.group.stopping.state(),
            "random_state": _random_state(self.device),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where a state was taken; the engine was just made of the same jobs."""
        self._keep(state["job"].numpy())
        self.epoch, self.steps, self.draws = state["epoch"], state["steps"], state["draws"]
        self.running = state["running"].numpy()
        tensors = [state[name] for name in ("rows", "others", "states", "best")]
        self.rows, self.others, self.states, self.best = tree_map(self._on_device, tensors)
        self.history.restore(state["history"])
        self.group.rates.restore(state["rates"])
        self.group.stopping.restore(state["stopping"])
        self._random_state = state["random_state"]

    def _epoch(self, epoch: int) -> None:
        group = self.group
        began: Weights = tree_map(torch.clone, (self.rows, self.others))
        rates, steps_before = group.rates.now(), self.steps
        sums, losses, step_rates = JobSums(group.task.metrics, self._programs), [], []
        self.net.train()
        for batch in group.batches.training(epoch - 1):
            step_rates.append(group.rates.column(self.device))
            loss, output, target = self._step(batch)
            sums.add(loss, output, target)
            losses.append(loss)
            self.steps += 1
            group.rates.after_step(self.running)
        group.rates.after_epoch(self.running)
        metrics = _named_metrics("train", sums) | self._measure("val", (self.rows, self.others))
        self._end_diverged(epoch, torch.stack(losses), metrics, began, step_rates, steps_before)
        group.rates.after_validation(metrics, self.running)
        logged = {**metrics, LEARNING_RATE: rates} if group.logs_rate else metrics
        self.history.log(epoch, logged, self.job, self.running)
        self._keep_best(epoch, metrics)
        self._end_arrived(epoch, metrics)

    # Tensor programs

    def _step(self, batch: Batch) -> tuple[Tensor, ...]:
        group, key = self.group, ("step", len(self.rows), batch.inputs.shape)
        self.numbers["lr"] = group.rates.column(self.device)
        state = (self.rows, self.others, self.numbers, self.states, self.loss_numbers)
        if key not in self._programs:
            step = training_program(
                self.net,
                group.task,
                self.layout,
                self.rule,
                group.flags,
                group.clip_by_norm,
                batch.shared,
            )
            self._programs[key] = self._recorded(step, *state, batch.inputs, batch.targets)
        with torch.no_grad():
            return self._programs[key](*state, batch.inputs, batch.targets)

    def _recorded(self, step: Callable[..., tuple[Tensor, ...]], *example: Any) -> Program:
        """Record a training step; raises CannotFuse where the network itself counts its steps."""
        before = fixed(self.net)
        program = record(step, *example)
        if name := difference(before, fixed(self.net)):
            raise CannotFuse(f"{name} of the network changes while it trains")
        self.draws = self.draws or program.draws
        return program

    def _measure(self, split: str, weights: Weights) -> Metrics:
        """Return loss and metrics of a split, by `split/name`; nothing where it has no rows."""
        if not self.group.batches.has_split(split):
            return {}
        sums = JobSums(self.group.task.metrics, self._programs)
        self.net.eval()
        for batch in self.group.batches.evaluation(split):
            key = (split, len(weights[0]), batch.inputs.shape)
            given = (*weights, self.loss_numbers, batch.inputs, batch.targets)
            if key not in self._programs:
                step = evaluation_program(self.net, self.group.task, self.layout, batch.shared)
                self._programs[key] = record(step, *given)
            with torch.no_grad():
                sums.add(*self._programs[key](*given))
        return _named_metrics(split, sums)

    # Each job by itself

    def _end_diverged(
        self,
        epoch: int,
        losses: Tensor,
        metrics: Metrics,
        began: Weights,
        step_rates: list[Tensor],
        steps_before: int,
    ) -> None:
        """End the jobs whose loss, (steps, rows), is not finite: as the epoch before left them."""
        finite = torch.isfinite(losses).cpu().numpy()
        bad = self.running & ~(finite.all(axis=0) & np.isfinite(metrics["train/loss"]))
        rows = np.flatnonzero(bad)
        if not len(rows):
            return
        for row, weights in zip(rows.tolist(), self._weights(began, rows), strict=True):
            missed = np.flatnonzero(~finite[:, row])
            if len(missed):
                step = int(missed[0])
                loss, rate = float(losses[step, row]), float(step_rates[step][row])
            else:  # All losses are finite and their sum is not, which is seen after the epoch.
                step = len(losses) - 1
                loss = float(metrics["train/loss"][row])
                rate = float(self.group.rates.now()[row])
            error = Diverged(loss, epoch, steps_before + step + 1, rate)
            self.history.diverge(int(self.job[row]), str(error), epoch - 1, steps_before, weights)
        self.running[bad] = False
        self._measure_ended(rows, tested=False)

    def _keep_best(self, epoch: int, metrics: Metrics) -> None:
        """Copy the weights of the jobs whose watched metric was never as good."""
        better = self.history.improve(epoch, self.steps, metrics, self.job, self.running)
        if self.group.keeps_best and better.any():
            self._copy_to_best(np.flatnonzero(better))

    def _copy_to_best(self, rows: NDArray[np.int64]) -> None:
        chosen = self._chosen(rows)
        self.best[0][chosen] = self.rows[chosen]
        for name, value in self.others.items():
            self.best[1][name][chosen] = value[chosen]

    def _end_arrived(self, epoch: int, metrics: Metrics) -> None:
        """End the jobs that a rule stops, and those that have trained their last epoch."""
        reasons = self.group.stopping.after_epoch(epoch, metrics, self.running)
        ended = self.running & (np.asarray(self.group.max_epochs)[self.job] <= epoch)
        ended[list(reasons)] = True
        rows = np.flatnonzero(ended)
        if not len(rows):
            return
        last = self._weights((self.rows, self.others), rows)
        for row, weights in zip(rows.tolist(), last, strict=True):
            self.history.complete(int(self.job[row]), epoch, self.steps, reasons.get(row), weights)
        self.running[rows] = False
        self._measure_ended(rows, tested=True)

    def _measure_ended(self, ended: NDArray[np.int64], tested: bool) -> None:
        """Hand the best weights of jobs that have ended to the history, measured on the test.

        A job in which no epoch was the best is tested as it ended.
        """
        keeps_best = self.group.keeps_best
        if keeps_best:
            self._copy_to_best(ended[~self.history.has_best(self.job[ended])])
            kept = self._weights(self.best, ended)
            for job, weights in zip(self.job[ended].tolist(), kept, strict=True):
                self.history.keep_best(job, weights)
        if tested and self.group.batches.has_split("test"):
            measured = self._measure("test", self.best if keeps_best else (self.rows, self.others))
            self.history.test(self.job[ended], {k: v[ended] for k, v in measured.items()})

    def _weights(self, weights: Weights, chosen: NDArray[np.int64]) -> list[dict[str, Tensor]]:
        """Return the state_dicts of the jobs in these rows, on the CPU."""
        at = self._chosen(chosen)
        rows, others = _rows_of(weights, at)
        everything = {**self.layout.split(rows), **others}
        columns = [everything[own].detach().cpu().unbind() for own in self.names.values()]
        # Copies: what is kept of one job shall not keep the others.
        return [
            {name: value.clone() for name, value in zip(self.names, of_job, strict=True)}
            for of_job in zip(*columns, strict=True)
        ]

    def _pack(self) -> None:
        """Leave out the rows of jobs that have ended."""
        self._keep(np.flatnonzero(self.running))

    def _keep(self, kept: NDArray[np.int64]) -> None:
        """Go on with some of the rows only."""
        chosen = self._chosen(kept)
        self.rows, self.best = self.rows[chosen], _rows_of(self.best, chosen)
        for tensors in (self.others, self.numbers, self.states, self.loss_numbers):
            tensors.update({name: value[chosen] for name, value in tensors.items()})
        for part in (self.group.batches, self.group.rates, self.group.stopping):
            part.keep(kept)
        self.job, self.running = self.job[kept], self.running[kept]
        self._programs.clear()

    def _chosen(self, rows: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(rows).to(self.device)

    def _on_device(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device)


def _rows_of(weights: Weights, chosen: Tensor) -> Weights:
    """Return the weights of some jobs."""
    return weights[0][chosen], {name: value[chosen] for name, value in weights[1].items()}


def _threads(numbers: int) -> int:
    """Return one where a tensor operation is over before a second thread has come to help."""
    return 1 if numbers < FEW_NUMBERS else torch.get_num_threads()


def _random_state(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device)] if device.type == "cuda" else states


def _set_random_state(device: torch.device, states: Sequence[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if device.type == "cuda" and len(states) > 1:
        torch.cuda.set_rng_state(states[1], device)


def _named_metrics(split: str, sums: JobSums) -> Metrics:
    """Return the metrics of a split by `split/name`; one that cannot be is nan, and said."""
    metrics = {name: value.cpu().numpy() for name, value in sums.compute().items()}
    for name in sums.names:
        wrong = out_of_range(name, metrics[name])
        if wrong.any():
            say_out_of_range(name)
            metrics[name] = np.where(wrong, np.nan, metrics[name])
    return {f"{split}/{name}": value for name, value in metrics.items()}
