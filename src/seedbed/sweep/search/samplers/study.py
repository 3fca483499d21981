"""Study of a search: Optuna is asked for trials and told of them, in memory."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from typing import Any, ClassVar, NamedTuple

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from seedbed.sweep.job import Words
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.search_plan import SearchPlan
from seedbed.sweep.results.table import Row
from seedbed.sweep.search.space.dimensions import Choice, Dimension, Space, Values


class AskedTrial(NamedTuple):
    """Trial as it was asked for: its values and their distributions, by key."""

    params: Mapping[str, Any]
    distributions: Mapping[str, BaseDistribution]


def distribution_of(values: Values) -> BaseDistribution:
    """Return Optuna's distribution of the values of a dimension."""
    if isinstance(values, Choice):
        return CategoricalDistribution(values.values)
    if values.whole:
        step = int(values.step or 1)
        return IntDistribution(int(values.low), int(values.high), values.log, step)
    return FloatDistribution(float(values.low), float(values.high), values.log, values.step)


class StudySampler:
    """Sampler over one of Optuna's, in a study in memory; the base of those of a search.

    It is asked for generations of trials, until there are `search.trials`, and told of each. With
    the same seed, generations and results it asks for the same trials to the digit.

    Args:
        space: What the trials may have.
        options: The keys of `search`.
        objectives: What a trial is judged by.
        generation: Trials that are asked for at once; None: as the sampler advises.
        stops: Whether a rule stops trials before their end.
        instead_of_all: Trials that are asked for at once where it would otherwise be all.
    """

    # Of a trial that a rule stopped, its value when it stopped counts as that of a whole one.
    takes_stopped_as_whole: ClassVar[bool] = False
    # Whether the trials that it asks for depend on the results of those before.
    learns: ClassVar[bool] = True

    def __init__(
        self,
        space: Space,
        options: Any,
        objectives: Objectives,
        generation: int | None = None,
        stops: bool = False,
        instead_of_all: int | None = None,
    ) -> None:
        self.space = space
        self.options = options
        self.objectives = objectives
        self.stops = stops
        self.generation = generation or self.advised_generation()
        if instead_of_all is not None and self.generation >= options.trials:
            self.generation = instead_of_all
        self._varied = space.varied
        self._distributions = {d.name: distribution_of(d.values) for d in self._varied}
        with _quiet():
            self._sampler = self.make()
            directions: Any = [
                "minimize" if mode == "min" else "maximize" for _, mode in objectives.all
            ]
            self._study = optuna.create_study(sampler=self._sampler, directions=directions)
        # What sweep.json keeps of the search.
        self.plan: SearchPlan | None = None
        # All trials that were asked for, in the order of their numbers.
        self.trials: list[AskedTrial] = []
        self._asked: list[optuna.trial.Trial] = []

    def make(self) -> optuna.samplers.BaseSampler:
        """Return Optuna's sampler."""
        raise NotImplementedError

    def advised_generation(self) -> int:
        """Return how many trials to ask for at once."""
        return int(self.options.trials)

    def ask(self, count: int | None = None) -> list[Words]:
        """Return the overrides of the trials of the next generation; none after the last one."""
        left = self.options.trials - len(self.trials)
        with _quiet():
            self._asked = [self._ask() for _ in range(min(count or self.generation, left))]
        self.trials += [AskedTrial(trial.params, trial.distributions) for trial in self._asked]
        return [self._words(trial.params) for trial in self._asked]

    def _ask(self) -> optuna.trial.Trial:
        if not self.space.is_conditional:
            return self._study.ask(self._distributions)
        trial = self._study.ask()
        chosen: dict[str, str] = {}
        for dimension in self.space.dimensions:
            if dimension.counts(chosen):
                chosen[dimension.name] = self._text(trial, dimension)
        return trial

    def _text(self, trial: optuna.trial.Trial, dimension: Dimension) -> str:
        """Return the value of a dimension, which the trial is asked for where there is a choice."""
        values = dimension.values
        if dimension.is_fixed:
            return values.probes()[0]
        if isinstance(values, Choice):
            return str(trial.suggest_categorical(dimension.name, values.values))
        if values.whole:
            low, high, step = int(values.low), int(values.high), int(values.step or 1)
            return values.text(
                trial.suggest_int(dimension.name, low, high, step=step, log=values.log)
            )
        return values.text(
            trial.suggest_float(
                dimension.name, values.low, values.high, step=values.step, log=values.log
            )
        )

    def _words(self, params: Mapping[str, Any]) -> Words:
        texts = {d.name: d.values.text(params[d.name]) for d in self._varied if d.name in params}
        return self.space.words(texts)

    def tell(self, results: Sequence[Row]) -> None:
        """Take how the trials of the last generation ended: a row each."""
        with _quiet():
            for trial, row in zip(self._asked, results, strict=True):
                self._tell(trial, row)
        self._asked = []

    def _tell(self, trial: optuna.trial.Trial, row: Row) -> None:
        values = self._values(row)
        if row.status not in ("completed", "diverged", "stopped_early") or values is None:
            self._study.tell(trial, state=TrialState.FAIL)
            return
        whole_row = replace(row, status="completed")
        for number, violation in enumerate(self.objectives.violations(whole_row)):
            trial.set_constraint(str(number), violation)
        whole = row.status != "stopped_early" or self.takes_stopped_as_whole
        if whole or len(values) > 1:
            self._study.tell(trial, values)
            return
        for epoch, value in _reports(row).items():
            trial.report(value, epoch)
        self._study.tell(trial, state=TrialState.PRUNED)

    def _values(self, row: Row) -> list[float] | None:
        """Return the value of each objective; of a trial that diverged the worst there is."""
        if row.status == "diverged":
            return [inf if mode == "min" else -inf for _, mode in self.objectives.all]
        if row.status == "stopped_early":  # What it has measured until then counts.
            row = replace(row, status="completed")
        values = [value for value in self.objectives.values(row) if value is not None]
        return values if len(values) == len(self.objectives.all) else None


def _reports(row: Row) -> Mapping[int, float]:
    """Return the values of the objective at the epochs at which a rule looked at a trial."""
    return {
        epoch: float(values[0])
        for epoch, values in (row.reports or {}).items()
        if values and values[0] is not None
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from saying what it is: what a user must know is said in our words."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)
