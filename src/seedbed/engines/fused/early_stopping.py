"""Early stopping of many jobs, each by its own patience."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seedbed.training.early_stopping import early_stopping_reason


@dataclass(frozen=True)
class EarlyStoppingRule:
    """A job's `callbacks.early_stopping`, as pytorch_lightning.callbacks.EarlyStopping has it."""

    monitor: str
    mode: str
    min_delta: float
    patience: int


class JobStopping:
    """Early stopping of each job, by its epochs without improvement."""

    def __init__(self, rules: Sequence[EarlyStoppingRule | None]) -> None:
        self.rules = list(rules)
        self.best = np.array([_worst(rule) for rule in rules])
        self.waited = np.zeros(len(self.rules), dtype=int)
        self._jobs = np.arange(len(self.rules))
        self._watched = [watched(rule) for rule in self.rules]

    def after_epoch(
        self,
        epoch: int,
        metrics: dict[str, NDArray[np.float64]],
        running: NDArray[np.bool_],
    ) -> dict[int, str]:
        """Return the reasons of the jobs that stop after this epoch, by row."""
        reasons: dict[int, str] = {}
        if not any(self.rules):
            return reasons
        for row in np.flatnonzero(running):
            rule = self.rules[row]
            if rule is None or rule.monitor not in metrics:
                continue
            value, sign = float(metrics[rule.monitor][row]), 1.0 if rule.mode == "min" else -1.0
            finite = np.isfinite(value)
            if finite and sign * value + rule.min_delta < sign * self.best[row]:
                self.best[row], self.waited[row] = value, 0
                continue
            self.waited[row] += 1
            if self.waited[row] >= rule.patience or not finite:
                waited = int(self.waited[row])
                reason = early_stopping_reason(epoch, rule.monitor, waited, bool(finite))
                reasons[int(row)] = reason
        return reasons

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Go on with some of the jobs only."""
        self.rules = [self.rules[row] for row in rows]
        self._jobs = self._jobs[rows]
        self.best, self.waited = self.best[rows], self.waited[rows]

    def stops(self, row: int) -> bool:
        """Return whether a job that stopped would stop again, by what was counted of it."""
        rule = self.rules[row]
        return rule is not None and bool(self.waited[row] >= rule.patience)

    def counts(self, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """Return what was counted of some jobs."""
        return {
            "best": torch.from_numpy(self.best[rows]),
            "waited": torch.from_numpy(self.waited[rows]),
        }

    def state(self) -> dict[str, Any]:
        """Return what was counted so far, and of which metric of each job of the group."""
        return {**self.counts(np.arange(len(self.rules))), "watched": list(self._watched)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned; another metric is counted anew.

        Raises ValueError where it is not of as many jobs.
        """
        if not len(state["best"]) == len(state["waited"]) == len(self._jobs):
            raise ValueError
        self.best, self.waited = state["best"].numpy(), state["waited"].numpy()
        for row, job in enumerate(self._jobs.tolist()):
            if state["watched"][job] != self._watched[job]:
                self.best[row], self.waited[row] = _worst(self.rules[row]), 0


def watched(rule: EarlyStoppingRule | None) -> str:
    """Return what a rule counts the epochs of, in a word; empty without a rule."""
    return "" if rule is None else f"{rule.monitor} {rule.mode}"


def _worst(rule: EarlyStoppingRule | None) -> float:
    return np.inf if rule is None or rule.mode == "min" else -np.inf
