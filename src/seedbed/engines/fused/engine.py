"""Training of the jobs of a group side by side, each as it would have trained alone.

The state of all jobs is a matrix with a row a job. After every epoch each job is looked at by
itself: whether its loss is still finite, whether the epoch was its best, whether a rule stops it.
Jobs that have ended take no further part; when half of the rows are idle, the others are packed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._pytree import tree_map

from seedbed.engines.fused.gradient_norms import JobNorms
from seedbed.engines.fused.group import Group
from seedbed.engines.fused.history import History, Metrics
from seedbed.engines.fused.metrics import JobSums, named_metrics
from seedbed.engines.fused.nets.dropout import StepKeys
from seedbed.engines.fused.nets.widths import Widths, width_facts
from seedbed.engines.fused.network_state import (
    Layout,
    Weights,
    named_tensors,
    refuse_differences,
    rows_of,
    state_names,
)
from seedbed.engines.fused.optimizers import RULES
from seedbed.engines.fused.population.taking_over import exchange, restore, state_of
from seedbed.engines.fused.recording import random_numbers_kept
from seedbed.engines.fused.rows.batches import Batch
from seedbed.engines.fused.saved.ended_jobs import EndedJobs
from seedbed.engines.fused.steps import Steps
from seedbed.engines.fused.torchmetrics_of_jobs import JobTorchmetrics
from seedbed.errors import Diverged
from seedbed.process.torch_settings import deterministic_algorithms, using_threads
from seedbed.runs.outcome import RunOutcome, StoppedEarly
from seedbed.training.metrics import LEARNING_RATE

# Share of the rows that go on below which those are dropped at once that a search has stopped.
KEPT_ROWS = 0.9
# Of state or batch, all jobs together.
FEW_NUMBERS = 1_000_000


class Engine:
    """Engine that trains one group; row i of every tensor belongs to job number `self.job[i]`."""

    def __init__(self, group: Group) -> None:
        refuse_differences(group.nets, but_for=width_facts(group.nets[0]))
        self.group = group
        self.device = group.batches.data[0].device
        self.widths = Widths(group.nets)
        net = self.widths.widest(group.nets[0])
        self.layout = Layout(net)
        tensors = [self.widths.padded(named_tensors(net)) for net in group.nets]
        # The names of a state_dict, and what each is called among the network's own tensors.
        self.names = state_names(net)
        self.rows = torch.stack([self.layout.flat(named) for named in tensors]).to(self.device)
        self.others = {
            name: torch.stack([named[name].detach() for named in tensors]).to(self.device)
            for name in tensors[0]
            if name not in self.layout.shapes
        }
        self.others |= {name: values.to(self.device) for name, values in group.net_numbers.items()}
        # Only now: the other networks stay where they are.
        self.net = net.to(self.device)
        self.numbers = {
            name: torch.tensor(values, dtype=torch.float64, device=self.device).unsqueeze(1)
            for name, values in group.numbers.items()
        }
        if (padding := self.widths.padding(self.layout)) is not None:
            self.numbers["padded"] = padding.to(self.device)
        self.loss_numbers = {
            name: torch.tensor(values, dtype=torch.float64, device=self.device)
            for name, values in group.loss_numbers.items()
        }
        self.population = group.population
        self.rule = RULES[group.optimizer]
        self.states = self.rule.states(self.rows, self.numbers, group.flags)
        self.job = np.arange(len(group.nets))
        self.running = np.ones(len(group.nets), dtype=bool)
        self.history = History(
            group.max_epochs, group.monitor, group.mode, group.points, group.log_every_n_epochs
        )
        self.best: Weights = tree_map(torch.clone, (self.rows, self.others))
        self.epoch = 0
        self.ended_jobs = EndedJobs(self._saved(np.arange(0), (self.rows, self.others)))
        # Steps that each job takes in an epoch.
        self.steps = group.batches.steps()
        self.programs = Steps(self.net, self.layout, self.rule, group)
        # Of what each job draws in a step, as dropout does.
        self.keys = StepKeys(self.net, group.seeds, group.net_numbers, self.device)
        # By split.
        self._torchmetrics: dict[str, JobTorchmetrics] = {}
        self._random_state: list[Tensor] | None = None
        self._between_steps: Callable[[Engine], None] = lambda engine: None
        self.threads = group.threads or _threads(self._numbers_in_a_step())

    @property
    def draws(self) -> list[bool]:
        """Whether a step draws random numbers, as dropout does, by job: alone it has others."""
        return [self.programs.draws or drops for drops in self.keys.drops]

    @property
    def ended(self) -> int:
        """How many jobs have come to their end."""
        return len(self.group.nets) - int(self.running.sum())

    def train(
        self,
        after_epoch: Callable[["Engine"], None] | None = None,
        between_steps: Callable[["Engine"], None] = lambda engine: None,
    ) -> list[RunOutcome]:
        """Train all jobs to their ends and return what became of them, in the group's order.

        `after_epoch` may look at the engine, save its `state`, and raise in order to stop;
        `between_steps`, which is called in the middle of an epoch, may raise, too.
        """
        self._between_steps = between_steps
        with (
            using_threads(self.threads),
            deterministic_algorithms(self.group.deterministic),
            random_numbers_kept(self.device),
        ):
            if self._random_state is None:
                torch.manual_seed(self.group.seed)
            else:
                _set_random_state(self.device, self._random_state)
            self._random_state = None
            while self.running.any():
                if self.running.sum() <= len(self.running) // 2 and not self._waits():
                    self._pack()
                self.epoch += 1
                self._epoch(self.epoch)
                if after_epoch is not None:
                    after_epoch(self)
            self._random_state = _random_state(self.device)
        return self.history.outcomes()

    def try_out(self) -> None:
        """Take a step and measure a batch of each split, after which the engine is of no use.

        Raises CannotFuse where the network or the loss does not go through torch.func.
        """
        batches = self.group.batches
        with random_numbers_kept(self.device):
            self.net.train()
            self._step(next(iter(batches.training(0))), next(self.keys.of_epoch(1)))
            for split in filter(batches.has_split, ("val", "test")):
                self.net.eval()
                weights, batch = (self.rows, self.others), next(iter(batches.evaluation(split)))
                self.programs.evaluate(split, weights, self.loss_numbers, batch)

    def _numbers_in_a_step(self) -> int:
        batch = next(iter(self.group.batches.training(0)))
        return max(self.rows.numel(), batch.inputs.numel())

    def state(self) -> dict[str, Any]:
        """Return all that has changed since the beginning, as tensors and plain values.

        To be asked between two epochs, by `after_epoch`, or when all have come to their end.
        """
        return {
            "epoch": self.epoch,
            "shapes": {name: list(shape) for name, shape in self.widths.shapes.items()},
            "draws": self.programs.draws,
            "job": torch.from_numpy(self.job),
            "running": torch.from_numpy(self.running),
            "rows": self.rows,
            "others": self.others,
            "states": self.states,
            "best": self.best,
            "ended": self.ended_jobs.state(),
            "history": self.history.state(),
            "rates": self.group.rates.state(),
            "stopping": self.group.stopping.state(),
            "trials": self.group.trials.state(),
            "random_state": self._random_state or _random_state(self.device),
            **({} if self.population is None else {"population": state_of(self, self.population)}),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where a state was taken; the engine was just made of the same jobs.

        Jobs that had come to their end, and have more epochs or another rule than then, go on, too.
        """
        steps = self.steps.tolist()
        self._keep(state["job"].numpy())
        self.epoch, self.programs.draws = state["epoch"], state["draws"]
        self.running = state["running"].numpy()
        tensors = [state[name] for name in ("rows", "others", "states", "best", "ended")]
        self.rows, self.others, self.states, self.best, ended = tree_map(self._on_device, tensors)
        self.ended_jobs.restore({**ended, "job": ended["job"].cpu()})
        self.history.restore(state["history"])
        self.group.rates.restore(state["rates"], self.epoch, steps)
        self.group.stopping.restore(state["stopping"])
        self.group.trials.restore(state["trials"])
        self._random_state = state["random_state"]
        if self.population is not None:
            restore(self, self.population, state["population"])
        self._give_weights()
        self._reopen()

    def _give_weights(self) -> None:
        """Give the outcomes of jobs that have ended their weights."""
        ended, jobs = self.ended_jobs.state(), self.ended_jobs.jobs
        here = np.flatnonzero(self.history.has_ended(self.job) & ~np.isin(self.job, jobs))
        self._give(
            jobs,
            self._state_dicts((ended["rows"], ended["others"]), jobs),
            self._state_dicts(ended["best"], jobs),
        )
        last = (self.rows, self.others)
        self._give(self.job[here], self._weights(last, here), self._weights(self.best, here))

    def _give(
        self,
        jobs: NDArray[np.int64],
        last: list[dict[str, Tensor]],
        best: list[dict[str, Tensor]],
    ) -> None:
        for job, *weights in zip(jobs.tolist(), last, best, strict=True):
            self.history.give_weights(job, *weights)

    def _reopen(self) -> None:
        """Let the jobs train on that ended in this epoch and have not come to their end now."""
        idle = np.flatnonzero(~self.running & ~np.isin(self.job, self.ended_jobs.jobs))
        goes_on = [
            self.history.has_more_to_train(int(self.job[row]), self.epoch)
            and not self.group.stopping.stops(int(row))
            for row in idle
        ]
        reopened, others = idle[goes_on], idle[~np.array(goes_on, dtype=bool)]
        for job in self.job[reopened].tolist():
            self.history.reopen(job)
        self.running[reopened] = True
        if self.running.any():
            self._keep_ended(others, (self.rows, self.others))

    def _keep_ended(self, rows: NDArray[np.int64], last: Weights) -> None:
        """Keep the state of jobs that have ended, before it is changed by the steps of others."""
        if len(rows):
            self.ended_jobs.add(self.job[rows], self._saved(rows, last))

    def _saved(self, rows: NDArray[np.int64], last: Weights) -> dict[str, Any]:
        chosen = self._chosen(rows)
        weights, others = rows_of(last, chosen)
        return {
            "rows": weights,
            "others": others,
            "best": rows_of(self.best, chosen),
            "states": {name: value[chosen] for name, value in self.states.items()},
            "stopping": self.group.stopping.counts(rows),
        }

    def _epoch(self, epoch: int) -> None:
        group = self.group
        began: Weights = tree_map(torch.clone, (self.rows, self.others))
        rates = group.rates.now()
        sums, losses, step_rates = self._sums("train"), [], []
        norms = None
        if group.gradient_norms is not None:
            norms = JobNorms(self.layout, group.gradient_norms)
        self.net.train()
        for batch, key in zip(
            group.batches.training(epoch - 1), self.keys.of_epoch(epoch), strict=False
        ):
            step_rates.append(group.rates.column(self.device))
            loss, *results = self._step(batch, key)
            if norms is not None:
                norms.add(results.pop(), batch.part.takes_part)
            sums.add(loss, *results, present=batch.part.present)
            losses.append(loss)
            group.rates.after_step(self.running & batch.part.takes_part)
            self._between_steps(self)
        group.rates.after_epoch(self.running)
        metrics, beside = named_metrics("train", sums), dict[str, Any]()
        if norms is not None:
            of_gradients, beside = norms.means(self._clips())
            metrics |= of_gradients
        metrics |= self._measure("val", (self.rows, self.others))
        self._end_diverged(epoch, torch.stack(losses), metrics, began, step_rates)
        group.rates.after_validation(metrics, self.running)
        logged = {**metrics, **({LEARNING_RATE: rates} if group.logs_rate else {}), **beside}
        self.history.log(epoch, logged, self.job, self.running)
        self._keep_best(epoch, metrics)
        self._end_arrived(epoch, metrics)
        if self.population is not None:
            exchange(self, self.population, epoch, metrics)

    def _clips(self) -> NDArray[np.bool_]:
        """Return which jobs clip their gradients, (rows,)."""
        if self.group.clip_by_norm is None:
            return np.zeros(len(self.rows), dtype=bool)
        return self.numbers["clip"].isfinite().squeeze(1).cpu().numpy()

    def _step(self, batch: Batch, key: Tensor | None) -> tuple[Tensor, ...]:
        batch = batch if key is None else replace(batch, draw=key)
        self.numbers["lr"] = self.group.rates.column(self.device)
        state = (self.rows, self.others, self.numbers, self.states, self.loss_numbers)
        return self.programs.train(*state, batch)

    def _measure(self, split: str, weights: Weights) -> Metrics:
        """Return loss and metrics of a split, by `split/name`; nothing where it has no rows."""
        if not self.group.batches.has_split(split):
            return {}
        sums = self._sums(split)
        self.net.eval()
        for batch in self.group.batches.evaluation(split):
            results = self.programs.evaluate(split, weights, self.loss_numbers, batch)
            sums.add(*results, present=batch.part.present)
            self._between_steps(self)
        return named_metrics(split, sums)

    def _sums(self, split: str) -> JobSums:
        task, jobs = self.group.task, len(self.rows)
        if task.has_torchmetrics and split not in self._torchmetrics:
            self._torchmetrics[split] = JobTorchmetrics(task, jobs)
        others = self._torchmetrics.get(split)
        if others is not None:
            others.reset(jobs)
        return JobSums(task.metrics, self.programs.recorded, others)

    # Each job by itself

    def _end_diverged(
        self,
        epoch: int,
        losses: Tensor,
        metrics: Metrics,
        began: Weights,
        step_rates: list[Tensor],
    ) -> None:
        """End the jobs whose loss, (steps, rows), is not finite: as the epoch before left them."""
        finite = torch.isfinite(losses).cpu().numpy()
        bad = self.running & ~(finite.all(axis=0) & np.isfinite(metrics["train/loss"]))
        rows = np.flatnonzero(bad)
        if not len(rows):
            return
        for row, weights in zip(rows.tolist(), self._weights(began, rows), strict=True):
            steps_before = int(self.steps[row]) * (epoch - 1)
            missed = np.flatnonzero(~finite[:, row])
            if len(missed):
                step = int(missed[0])
                loss, rate = float(losses[step, row]), float(step_rates[step][row])
            else:  # All losses are finite and their sum is not, which is seen after the epoch.
                step = int(self.steps[row]) - 1
                loss = float(metrics["train/loss"][row])
                rate = float(self.group.rates.now()[row])
            error = Diverged(loss, epoch, steps_before + step + 1, rate)
            self.history.diverge(int(self.job[row]), str(error), epoch - 1, steps_before, weights)
        self.running[bad] = False
        self._measure_ended(rows, tested=False)
        self._keep_ended(rows, began)

    def _keep_best(self, epoch: int, metrics: Metrics) -> None:
        """Copy the weights of the jobs whose watched metric was never as good."""
        better = self.history.improve(epoch, self.steps * epoch, metrics, self.job, self.running)
        if self.group.keeps_best and better.any():
            self._copy_to_best(np.flatnonzero(better))

    def _copy_to_best(self, rows: NDArray[np.int64]) -> None:
        chosen = self._chosen(rows)
        self.best[0][chosen] = self.rows[chosen]
        for name, value in self.others.items():
            self.best[1][name][chosen] = value[chosen]

    def _end_arrived(self, epoch: int, metrics: Metrics) -> None:
        """End the jobs that a rule stops, and those that have trained their last epoch."""
        reasons: Mapping[int, str | StoppedEarly]
        reasons = self.group.stopping.after_epoch(epoch, metrics, self.running)
        ended = self.running & (np.asarray(self.group.max_epochs)[self.job] <= epoch)
        ended[list(reasons)] = True
        left = self.running & ~ended
        trials = self.group.trials.after_epoch(epoch, metrics, self.job, left, self.history)
        reasons, ended[list(trials)] = {**reasons, **trials}, True
        rows = np.flatnonzero(ended)
        if not len(rows):
            return
        last = self._weights((self.rows, self.others), rows)
        for row, weights in zip(rows.tolist(), last, strict=True):
            steps = int(self.steps[row]) * epoch
            self.history.complete(int(self.job[row]), epoch, steps, reasons.get(row), weights)
        self.running[rows] = False
        self._measure_ended(rows, tested=True)
        if self.running.any():
            self._keep_ended(rows, (self.rows, self.others))
            if trials and self.running.sum() <= KEPT_ROWS * len(self.running):
                self._pack()

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
        return self._state_dicts(rows_of(weights, self._chosen(chosen)), self.job[chosen])

    def _state_dicts(self, weights: Weights, jobs: NDArray[np.int64]) -> list[dict[str, Tensor]]:
        """Return the state_dicts of jobs, of which all the weights are, on the CPU."""
        everything = {**self.layout.split(weights[0]), **weights[1]}
        columns = [everything[own].detach().cpu().unbind() for own in self.names.values()]
        # Copies: what is kept of one job shall not keep the others.
        return [
            {
                name: self.widths.cropped(job, own, value).clone()
                for (name, own), value in zip(self.names.items(), of_job, strict=True)
            }
            for job, of_job in zip(jobs.tolist(), zip(*columns, strict=True), strict=True)
        ]

    def _waits(self) -> bool:
        """Return whether jobs that have ended may take over others yet, and so keep their rows."""
        return self.population is not None and self.population.goes_on(self.epoch + 1)

    def _pack(self) -> None:
        """Leave out the rows of jobs that have ended."""
        self._keep(np.flatnonzero(self.running))

    def _keep(self, kept: NDArray[np.int64]) -> None:
        """Go on with some of the rows only."""
        chosen = self._chosen(kept)
        self.rows, self.best = self.rows[chosen], rows_of(self.best, chosen)
        for tensors in (self.others, self.numbers, self.states, self.loss_numbers):
            tensors.update({name: value[chosen] for name, value in tensors.items()})
        for part in (self.group.batches, self.group.rates, self.group.stopping, self.keys):
            part.keep(kept)
        self.job, self.running = self.job[kept], self.running[kept]
        self.steps = self.steps[kept]
        self.programs.clear()

    def _chosen(self, rows: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(rows).to(self.device)

    def _on_device(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device)


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
