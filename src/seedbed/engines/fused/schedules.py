"""Learning rates of many jobs, by torch's own schedulers."""

from collections.abc import Callable, Hashable, Sequence
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

    def now(self) -> NDArray[np.float64]:
        """Return the rates, (jobs,)."""
        rates = [
            rate if optimizer is None else float(optimizer.param_groups[0]["lr"])
            for rate, optimizer in zip(self._rates, self._optimizers, strict=True)
        ]
        current: NDArray[np.float64] = np.array(rates)[self.which]
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
        self.which = self.which[rows]
        self._column = None

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
