"""Learning rates of many jobs, by torch's own schedulers."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import SGD, Optimizer


class JobRates:
    """Learning rate of each job as its schedule has it now.

    Args:
        rates: Learning rates that the jobs begin with.
        make: Function from an optimizer to Lightning's dictionary of its scheduler; None where the
            rate is constant.
        courses: What tells schedules apart: jobs of one rate and course share theirs.
    """

    # Of a schedule that watches a metric, what it has counted.
    COUNTS = ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")

    def __init__(
        self,
        rates: Sequence[float],
        make: Sequence[Callable[[Optimizer], dict[str, Any] | None] | None],
        courses: Sequence[Hashable],
    ) -> None:
        keys = list(zip(rates, courses, strict=True))
        places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        self.which = np.array([places[key] for key in keys])
        self._places = self.which.tolist()
        self._courses = [repr(course) for _, course in places]
        makers = dict(zip(keys, make, strict=True))
        self._rates = [rate for rate, _ in places]
        # The first optimizer of a process imports torch's compiler: none without a schedule.
        self._optimizers = [
            SGD([nn.Parameter(torch.zeros(1))], lr=key[0]) if makers[key] is not None else None
            for key in places
        ]
        self._schedules = [
            make(optimizer) if make is not None and optimizer is not None else None
            for make, optimizer in zip(map(makers.get, places), self._optimizers, strict=True)
        ]
        self._column: Tensor | None = None
        # The rate of each job before its schedule, and the one that its schedule began with.
        self._bases = self._began = np.array(rates, dtype=np.float64)

    def now(self) -> NDArray[np.float64]:
        """Return the rates, (jobs,)."""
        rates = [
            rate if optimizer is None else float(optimizer.param_groups[0]["lr"])
            for rate, optimizer in zip(self._rates, self._optimizers, strict=True)
        ]
        current: NDArray[np.float64] = np.array(rates)[self.which]
        if self._bases is not self._began:
            constant = np.array([optimizer is None for optimizer in self._optimizers])[self.which]
            factor = np.divide(
                self._bases, self._began, out=np.ones_like(self._bases), where=self._began != 0
            )
            return np.where(constant, self._bases, current * factor)
        return current

    def column(self, device: torch.device) -> Tensor:
        """Return the rates as (jobs, 1) float64."""
        if self._column is None:
            self._column = torch.from_numpy(self.now()).unsqueeze(1).to(device)
        return self._column

    def after_step(self, running: NDArray[np.bool_]) -> None:
        """Advance the schedules that count steps, of the jobs that still run: (jobs,)."""
        self._advance("step", {}, running)

    def after_epoch(self, running: NDArray[np.bool_]) -> None:
        """Advance the schedules that count epochs."""
        self._advance("epoch", {}, running)

    def after_validation(
        self, metrics: dict[str, NDArray[np.float64]], running: NDArray[np.bool_]
    ) -> None:
        """Advance the schedules that watch a metric; each has a job of its own."""
        self._advance("epoch", metrics, running)

    def _advance(
        self,
        interval: str,
        metrics: dict[str, NDArray[np.float64]],
        running: NDArray[np.bool_],
    ) -> None:
        if not any(self._schedules):
            return
        # Beyond the end of its job a schedule of known length would raise.
        for place in np.unique(self.which[running]):
            schedule, optimizer = self._schedules[place], self._optimizers[place]
            if schedule is None or optimizer is None or schedule["interval"] != interval:
                continue
            monitor = schedule.get("monitor")
            if (monitor is not None) != bool(metrics):
                continue
            # The optimizer only holds the rate; torch wants to see it step before its schedule.
            optimizer.step()
            if monitor is None:
                schedule["scheduler"].step()
            elif monitor in metrics:
                row = int(np.flatnonzero(self.which == place)[0])
                schedule["scheduler"].step(float(metrics[monitor][row]))
            self._column = None

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Go on with some of the jobs only."""
        is_changed = self._bases is not self._began
        self.which, self._began = self.which[rows], self._began[rows]
        self._bases = self._bases[rows] if is_changed else self._began
        self._column = None

    # Of a population, whose jobs take over others

    def take_over(self, jobs: NDArray[np.int64], sources: NDArray[np.int64]) -> None:
        """Let jobs go on in the schedules of others."""
        began = self._began.copy()
        began[jobs] = began[sources]
        self._bases, self._began = self._bases.copy(), began
        for job, source in zip(jobs.tolist(), sources.tolist(), strict=True):
            schedule = self._schedules[self.which[source]]
            optimizer = self._optimizers[self.which[source]]
            if schedule is None or optimizer is None or schedule.get("monitor") is None:
                self.which[job] = self.which[source]
            else:  # It watches each job by itself.
                states = optimizer.state_dict(), schedule["scheduler"].state_dict()
                self._load(self.which[job], *deepcopy(states))
        self._column = None

    def set_bases(self, rates: NDArray[np.float64]) -> None:
        """Change the rates before the schedules, (jobs,); the schedules' factors stay."""
        self._bases, self._column = rates.copy(), None

    def lanes(self) -> dict[str, Tensor]:
        """Return the schedule of each job, and the rate that it began with."""
        return {"which": torch.from_numpy(self.which), "began": torch.from_numpy(self._began)}

    def restore_lanes(self, state: Mapping[str, Tensor]) -> None:
        """Go on with what `lanes` returned."""
        which, began = state["which"].numpy(), state["began"].numpy()
        if which.shape != self.which.shape or which.max(initial=0) >= len(self._rates):
            raise ValueError
        self.which, self._began = which.copy(), began.copy()
        self._bases, self._column = self._began.copy(), None

    def state(self) -> dict[str, Any]:
        """Return how far every schedule is, as plain values."""
        return {
            "places": list(self._places),
            "courses": list(self._courses),
            "rates": list(self._rates),
            "optimizers": [part and part.state_dict() for part in self._optimizers],
            "schedules": [part and part["scheduler"].state_dict() for part in self._schedules],
        }

    def restore(self, state: dict[str, Any], epoch: int, steps: Sequence[int]) -> None:
        """Go on from what `state` returned, after so many epochs and steps of each job.

        Where a job had another rate or course, its rate is the one that the new course has by then.
        """
        firsts = {place: job for job, place in reversed(list(enumerate(self._places)))}
        for place, job in sorted(firsts.items()):
            before = state["places"][job]
            known = (state["rates"][before], state["courses"][before])
            saved = state["optimizers"][before], state["schedules"][before]
            if known == (self._rates[place], self._courses[place]):
                self._load(place, *saved)
            else:
                self._change(place, known[0], *saved, epoch, steps[job])
        self._column = None

    def _load(self, place: int, optimizer: Any, schedule: Any) -> None:
        own, scheduled = self._optimizers[place], self._schedules[place]
        if own is not None and scheduled is not None:
            own.load_state_dict(optimizer)
            scheduled["scheduler"].load_state_dict(schedule)

    def _change(
        self, place: int, rate: float, optimizer: Any, schedule: Any, epoch: int, steps: int
    ) -> None:
        own, scheduled = self._optimizers[place], self._schedules[place]
        if own is None or scheduled is None:
            return
        if scheduled.get("monitor") is None:
            for _ in range(steps * epoch if scheduled["interval"] == "step" else epoch):
                own.step()
                scheduled["scheduler"].step()
        elif schedule is not None and "num_bad_epochs" in schedule:
            for name in self.COUNTS:
                setattr(scheduled["scheduler"], name, schedule[name])
            own.param_groups[0]["lr"] *= optimizer["param_groups"][0]["lr"] / rate
