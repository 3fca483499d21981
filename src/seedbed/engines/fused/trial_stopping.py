"""Stopping of the trials of a search that train side by side, by the rule of `stop`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seedbed.engines.fused.history import History, Metrics
from seedbed.runs.outcome import StoppedEarly
from seedbed.training.trial_stopping.judge import Judge

_ARRAYS = ("looked", "measured", "reported", "latest", "best", "stopped")


class TrialStopping:
    """Stopping of trials by a judge, who knows each job by its number in the group."""

    def __init__(self, judge: Judge | None = None) -> None:
        """`judge` is None where no rule stops a trial."""
        self.judge = judge

    def after_epoch(
        self,
        epoch: int,
        metrics: Metrics,
        job: NDArray[np.int64],
        running: NDArray[np.bool_],
        history: History,
    ) -> dict[int, StoppedEarly]:
        """Return why jobs stop after this epoch, by row.

        Args:
            epoch: The epoch.
            metrics: Its metrics, a number a row.
            job: Number of the job of each row.
            running: Rows that train on where they are not stopped.
            history: What became of the jobs.
        """
        if self.judge is None:
            return {}
        jobs = len(self.judge.latest)
        measured = {}
        for metric, _ in self.judge.watched:
            if metric in metrics:
                # The rows of jobs that have ended show anything.
                goes_on = ~history.has_ended(job)
                measured[metric] = np.full(jobs, np.nan)
                measured[metric][job[goes_on]] = metrics[metric][goes_on]
        runs = np.zeros(jobs, dtype=bool)
        runs[job[running]] = True
        stops = self.judge.after_epoch(epoch, measured, runs, history.has_diverged())
        rule = self.judge.rule.name
        return {
            row: StoppedEarly(rule=rule, rung=stop.rung, epoch=epoch, reason=stop.reason)
            for row, number in enumerate(job.tolist())
            if (stop := stops.get(number)) is not None and running[row]
        }

    def state(self) -> dict[str, Any]:
        """Return what the judge has seen, as tensors and plain values."""
        if self.judge is None:
            return {}
        state = self.judge.state()
        tensors = {name: torch.from_numpy(state[name]) for name in _ARRAYS}
        return {"epochs": state["epochs"], **tensors}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; where another rule decides now, it begins."""
        if self.judge is not None and state:
            arrays = {name: state[name].numpy() for name in _ARRAYS}
            self.judge.restore({"epochs": state["epochs"], **arrays})
