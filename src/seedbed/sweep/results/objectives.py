"""Objectives of a sweep: by what its jobs and trials are judged, and within which bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from omegaconf import DictConfig

from seedbed.config.metrics import (
    ONCE_A_RUN,
    PARAMETERS,
    TRAIN_SECONDS,
    Constraint,
    Objective,
    objectives,
    parsed_constraint,
)
from seedbed.config.metrics.rules import constraint_texts
from seedbed.sweep.results.configurations import Configuration, ranked_column, value_of
from seedbed.sweep.results.table import Row


@dataclass(frozen=True)
class Objectives:
    """What jobs and trials are judged by.

    Attributes:
        all: the objectives, in the order of `optimized_metric`.
        rank: epoch of a job that counts, `best` or `last`.
        constraints: bounds that a trial has to keep, or it is never the best.
        whole: whether a trial is judged only where all of its jobs completed, as in a search;
            otherwise its mean is over those that did.
    """

    all: tuple[Objective, ...]
    rank: str = "best"
    constraints: tuple[Constraint, ...] = ()
    whole: bool = False

    @property
    def epochs(self) -> Objective:
        """The objective that picks the best epoch: the first one that an epoch measures."""
        return next((each for each in self.all if each.metric not in ONCE_A_RUN), self.all[0])

    @property
    def metric(self) -> str:
        """The metric that picks the best epoch."""
        return self.epochs.metric

    @property
    def mode(self) -> str:
        """`min` or `max`, what is better of that metric."""
        return self.epochs.mode

    @property
    def column(self) -> str:
        """The column of results.csv that holds that metric, in the epoch that counts."""
        return self.column_of(self.metric)

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return len(self.all) > 1

    def column_of(self, metric: str) -> str:
        """Return the column of results.csv that holds a metric in the epoch that counts."""
        return ranked_column(metric, self.rank)

    @property
    def columns(self) -> list[str]:
        """The columns of all objectives."""
        return [self.column_of(each.metric) for each in self.all]

    @property
    def wanted(self) -> str:
        """What a job must have to be the best, in words: `with a finite val/loss`."""
        metrics = " and ".join(each.metric for each in self.all)
        bounds = " and ".join(each.text for each in self.constraints)
        return f"with a finite {metrics}" + (f" that keeps {bounds}" if bounds else "")

    def lines(self) -> list[str]:
        """Return lines on what jobs are judged by, where that is more than one metric."""
        lines = []
        if self.several:
            named = ", ".join(f"{each.metric} ({each.mode})" for each in self.all)
            lines.append(f"objectives   {named}; {self.metric} picks the best epoch")
        if self.constraints:
            lines.append(f"constraints  {', '.join(each.text for each in self.constraints)}")
        if TRAIN_SECONDS in self.names:
            lines.append(
                f"note         {TRAIN_SECONDS} is measured: the same command may choose others"
            )
        return lines

    def values(self, row: Row) -> list[float | None]:
        """Return what a job, or the mean row of a trial, has for each objective.

        None where it did not complete, or has no finite number.
        """
        return [value_of(row, column) for column in self.columns]

    def violations(self, row: Row) -> list[float]:
        """Return by how much a job, or the mean row of a trial, misses each constraint.

        Above 0 it does; infinity where its value is not known.
        """
        values = (value_of(row, self.column_of(each.metric)) for each in self.constraints)
        return _violations(self.constraints, list(values))

    def violations_of(self, configuration: Configuration) -> list[float]:
        """Return by how much the means of a configuration miss each constraint."""
        columns = (self.column_of(each.metric) for each in self.constraints)
        return _violations(self.constraints, [configuration.mean(column) for column in columns])

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics of all objectives and constraints."""
        named = [each.metric for each in self.all] + [each.metric for each in self.constraints]
        return tuple(dict.fromkeys(named))

    def once_a_run(self, parameters: int | None, seconds: float | None) -> dict[str, float]:
        """Return what no epoch measures of a job, where it is judged by it."""
        known = {PARAMETERS: parameters, TRAIN_SECONDS: seconds}
        return {
            name: float(value)
            for name, value in known.items()
            if value is not None and name in self.names
        }


def objectives_of(config: DictConfig) -> Objectives:
    """Return by what the jobs of a sweep are judged, from the config of its first one."""
    texts = constraint_texts(config)
    constraints = tuple(map(parsed_constraint, texts))
    return Objectives(objectives(config), config.sweep.rank, constraints)


def one_objective(metric: str, mode: str, rank: str = "best") -> Objectives:
    """Return the objectives of a sweep that has one."""
    return Objectives((Objective(metric, mode),), rank)


def _violations(constraints: Sequence[Constraint], values: Sequence[float | None]) -> list[float]:
    return [
        inf if value is None else constraint.violation(value)
        for constraint, value in zip(constraints, values, strict=True)
    ]
