"""Population based training: which trials take over which others, and with what numbers.

Jaderberg et al., "Population Based Training of Neural Networks" (arXiv 1711.09846, 2017), with
their truncation selection: every so many epochs the worst trials take weights and optimizer state
of one of the best, drawn uniformly, and explore from its numbers: each is drawn anew with a small
probability, and else multiplied by 0.8 or 1.2. All trials train as one program, as in Flajolet et
al., "Fast Population-Based Reinforcement Learning on a Single Machine" (PMLR 162:6533, 2022).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seedbed.engines.fused.population.searched_number import SearchedNumber

# What the trials have for each searched key.
Values = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """Rules of a population.

    Attributes:
        interval: epochs between two exchanges.
        quantile: share of the trials that give way, and of those that they take over.
        factors: what a number may be multiplied by.
        resample_probability: probability that a number is drawn anew instead.
        seed: seed of all that is drawn.
    """

    interval: int
    quantile: float
    factors: tuple[float, ...]
    resample_probability: float
    seed: int

    def share(self, trials: int) -> int:
        """Return how many of the trials give way, and how many of the best they may take over."""
        return min(ceil(trials * self.quantile), trials // 2)


class Step(NamedTuple):
    """Entry of a schedule: from the end of `epoch` on a line has these values.

    `trial` is the one whose weights the line goes on with, at epoch 0 the one that it begins with.
    """

    epoch: int
    trial: int
    values: Values


class Exchange(NamedTuple):
    """A trial that takes over another one, with what they had reached in that epoch."""

    epoch: int
    trial: int
    source: int
    score: float
    source_score: float
    values: Values


class Population:
    """Trials of a group that train as one population.

    Args:
        numbers: The searched numbers.
        rules: How trials give way.
        trials: Number of each trial in the search, (trials,).
        values: What each begins with.
        lanes: Jobs of a trial, which lie beside each other in the group: one for each seed or fold.
        epochs: Epochs that all of them train.
    """

    def __init__(
        self,
        numbers: Sequence[SearchedNumber],
        rules: Rules,
        trials: Sequence[int],
        values: Sequence[Values],
        lanes: int,
        epochs: int,
    ) -> None:
        self.numbers = list(numbers)
        self.rules = rules
        self.trials = list(trials)
        self.starts = [dict(own) for own in values]
        self.values = [dict(own) for own in values]
        self.lanes = lanes
        self.epochs = epochs
        # The schedule of the line that each trial has come to be.
        self.lines = [
            [Step(0, trial, dict(own))] for trial, own in zip(trials, values, strict=True)
        ]
        self.exchanges: list[Exchange] = []

    def is_due(self, epoch: int) -> bool:
        """Return whether trials give way after this epoch: never after the last one."""
        return epoch % self.rules.interval == 0 and epoch < self.epochs

    def goes_on(self, epoch: int) -> bool:
        """Return whether trials will give way after this epoch or a later one."""
        return (epoch // self.rules.interval + bool(epoch % self.rules.interval)) * (
            self.rules.interval
        ) < self.epochs

    def roots(self) -> NDArray[np.int64]:
        """Return the places of the trials whose initial weights each trial's line began with."""
        places = {trial: place for place, trial in enumerate(self.trials)}
        return np.array([places[line[0].trial] for line in self.lines], dtype=np.int64)

    def jobs_of(self, places: Sequence[int]) -> NDArray[np.int64]:
        """Return the jobs of some trials, trial by trial."""
        first = np.asarray(places, dtype=np.int64)[:, None] * self.lanes
        jobs: NDArray[np.int64] = (first + np.arange(self.lanes)).reshape(-1)
        return jobs

    def exchange(
        self,
        epoch: int,
        reached: NDArray[np.float64],
        mode: str,
        best: NDArray[np.float64] | None = None,
    ) -> list[tuple[int, int]]:
        """Let the worst trials give way; return their places, and those of the ones taken over.

        `reached` is what each job has reached in this epoch, (jobs,), nan where it has diverged. A
        trial is judged by the mean over its jobs; one that diverged is worse than all others.
        `best` is the best that each job's line has reached in any epoch; the trial that alone holds
        the best of all does not give way, so that its weights are not lost.
        """
        scores = reached.reshape(-1, self.lanes).mean(axis=1)
        pairs = []
        worst = self._worst(scores, mode)
        kept = None if best is None else self._kept(scores, best, mode, [p for p, _ in worst])
        for place, tops in worst:
            if place == kept:
                continue
            random = np.random.default_rng([self.rules.seed, epoch, self.trials[place]])
            source = tops[int(random.integers(len(tops)))]
            self._take_over(epoch, place, source, scores, random)
            pairs.append((place, source))
        return pairs

    def _worst(self, scores: NDArray[np.float64], mode: str) -> list[tuple[int, list[int]]]:
        """Return the places of the trials that give way, each with those that it may take over."""
        finite = np.isfinite(scores)
        if not finite.any() or len(scores) < 2:
            return []
        costs = np.where(finite, scores if mode == "min" else -scores, np.inf)
        order = np.argsort(costs, kind="stable").tolist()
        share = self.rules.share(len(order))
        alive = [place for place in order if finite[place]]
        tops = alive[:share]
        worst = [place for place in order[-share:] if place not in tops]
        lost = [place for place in order if not finite[place] and place not in worst]
        return [(place, tops) for place in sorted([*worst, *lost])]

    def _kept(
        self,
        scores: NDArray[np.float64],
        best: NDArray[np.float64],
        mode: str,
        worst: Sequence[int],
    ) -> int | None:
        """Return the trial that would give way and must not; None where there is none."""
        bests = best.reshape(-1, self.lanes).mean(axis=1) * (1.0 if mode == "min" else -1.0)
        known = np.where(np.isfinite(scores), bests, np.nan)
        if np.isnan(known).all():
            return None
        holders = np.flatnonzero(known == np.nanmin(known)).tolist()
        return holders[0] if set(holders) <= set(worst) else None

    def _take_over(
        self,
        epoch: int,
        place: int,
        source: int,
        scores: NDArray[np.float64],
        random: np.random.Generator,
    ) -> None:
        values = self._explored(self.values[source], random)
        self.values[place] = values
        step = Step(epoch, self.trials[source], dict(values))
        self.lines[place] = [*self.lines[source], step]
        reached = float(scores[place]), float(scores[source])
        trials = self.trials[place], self.trials[source]
        self.exchanges.append(Exchange(epoch, *trials, *reached, dict(values)))

    def _explored(self, values: Values, random: np.random.Generator) -> Values:
        """Return the numbers of a trial with a step of each."""
        explored = dict(values)
        for number in self.numbers:
            if random.random() < self.rules.resample_probability:
                explored[number.key] = number.drawn(random)
            else:
                before = values[number.key]
                explored[number.key] = number.perturbed(before, self.rules.factors, random)
        return explored

    def schedule(self, place: int) -> list[dict[str, Any]]:
        """Return the schedule of the trial at this place as its record has it."""
        return [
            {"epoch": step.epoch, "from": step.trial, "values": dict(step.values)}
            for step in self.lines[place]
        ]

    def schedules(self) -> list[list[dict[str, Any]]]:
        """Return the schedules of all trials."""
        return [self.schedule(place) for place in range(len(self.lines))]

    def state(self) -> dict[str, Any]:
        """Return lineage and values as plain values."""
        return {
            "lines": [[[s.epoch, s.trial, dict(s.values)] for s in line] for line in self.lines],
            "exchanges": [list(exchange) for exchange in self.exchanges],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; raises ValueError where it is not of these trials."""
        lines = [[Step(*step) for step in line] for line in state["lines"]]
        known, trials = [number.key for number in self.numbers], set(self.trials)
        if len(lines) != len(self.lines):
            raise ValueError
        for step in (step for line in lines for step in line):
            held = step.trial in trials and list(step.values) == known
            if not held or not all(n.holds(step.values[n.key]) for n in self.numbers):
                raise ValueError
        self.lines = lines
        self.values = [dict(line[-1].values) for line in lines]
        self.exchanges = [Exchange(*exchange) for exchange in state["exchanges"]]
