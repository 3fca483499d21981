"""What a rule sees of trials, and what it says of one that it stops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from seedbed.training.pareto import crowding_distances, non_domination_ranks

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Trials:
    """Trials by the epochs at which a rule looks, up to now.

    Attributes:
        numbers: numbers of the trials, (trials,).
        epochs: epochs of the looks, ascending, (looks,); the last one is now.
        values: their objectives by which they are compared, (trials, looks, objectives), of which
            less is better; nan where one is no number. These are the best ones up to each look (see
            `seedbed.training.trial_stopping.judge.Judge`).
        measured: the objectives after those epochs themselves.
        present: whether a trial has a value at a look, (trials, looks). One that has come to its
            end before, or diverged, has: its last value, or nan.
        best: the best of each objective up to now, (trials, objectives); nan where none was a
            number.
        running: trials that train on where the rule does not stop them, (trials,).
        completed: trials that have come to their end, (trials,).
        violations: by how much each misses the constraints of the search, (trials,); 0 where it
            keeps them, infinity where that is not known. None (default): there are none.
    """

    numbers: NDArray[np.int64]
    epochs: Sequence[int]
    values: Values
    measured: Values
    present: Mask
    best: Values
    running: Mask
    completed: Mask
    violations: Values | None = None


class Stop(NamedTuple):
    """Why a trial is stopped; `rung` is None where the rule has none."""

    reason: str
    rung: int | None = None


class Rule(Protocol):
    """Rule that stops trials.

    Attributes:
        name: its option of `stop`.
        epochs: epochs after which it looks at the trials, ascending: after the last one of a
            training there is nothing to stop.
    """

    name: str
    epochs: Sequence[int]

    def stops(self, trials: Trials) -> dict[int, Stop]:
        """Return why trials stop after the last of the epochs, by their places."""


def places(values: Values, violations: Values | None = None) -> NDArray[np.int64]:
    """Return the place of each trial among all, (trials,), 0 for the best; equal ones share one.

    Several objectives are compared by non-dominated rank, and within a front by crowding distance
    (Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", 2002; that a rung
    may be decided so is shown by Schmucker et al., "Multi-objective asynchronous successive
    halving", arXiv 2106.12639). Those that miss constraints come after all that keep them, first
    those that miss them by less. A trial of which a value is no number comes last.

    Args:
        values: Objectives, (trials, objectives), of which less is better.
        violations: By how much constraints are missed, (trials,); None (default): by nothing.
    """
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    found = np.full(len(values), len(known), dtype=np.int64)
    some = values[known]
    missed = np.zeros(len(known)) if violations is None else violations[known]
    if values.shape[1] == 1:
        both = np.column_stack((missed, some))
        _, place, counts = np.unique(both, axis=0, return_inverse=True, return_counts=True)
        found[known] = (np.cumsum(counts) - counts)[place.ravel()]
    else:
        ranks, apart = np.empty(len(known), dtype=np.int64), np.empty(len(known))
        for violation in np.unique(missed):
            alike = np.flatnonzero(missed == violation)
            ranks[alike] = non_domination_ranks(some[alike].tolist())
            for rank in np.unique(ranks[alike]):
                front = alike[ranks[alike] == rank]
                apart[front] = crowding_distances(some[front].tolist())
        found[known[np.lexsort((-apart, ranks, missed))]] = np.arange(len(known))
    return found


def size_of_front(values: Values, violations: Values | None = None) -> int:
    """Return how many of the trials that keep the constraints no other of them dominates."""
    keep = ~np.isnan(values).any(axis=1)
    if violations is not None:
        keep &= violations <= 0
    return non_domination_ranks(values[keep].tolist()).count(1)


def best_so_far(values: Values) -> Values:
    """Return the best of each objective over the looks, (trials, objectives); nan where none is."""
    best: Values = np.where(np.isnan(values), np.inf, values).min(axis=1)
    best[np.isnan(values).all(axis=1)] = np.nan
    return best


def below_the_best(
    trials: Trials, reduction_factor: int, among: Mask
) -> dict[int, tuple[int, int]]:
    """Return the running trials that are not among the best 1/reduction_factor after this look.

    As in Optuna's SuccessiveHalvingPruner these are a whole number of trials, at least one, and
    whoever is as good as the last of them is, too. Of several objectives they are at least the
    whole Pareto front of those that keep the constraints. A trial whose value is no number never
    is.

    Args:
        trials: The trials.
        reduction_factor: How many trials there are for one that goes on.
        among: Which of them compete, (trials,): those that are there at this look count.

    Returns:
        By the place of a trial, its rank (from 1) and the number of trials that compete.
    """
    competing = np.flatnonzero(among & trials.present[:, -1])
    values = trials.values[competing, -1]
    violations = None if trials.violations is None else trials.violations[competing]
    kept = max(1, len(competing) // reduction_factor)
    if values.shape[1] > 1:
        kept = max(kept, size_of_front(values, violations))
    ranks = places(values, violations)
    out = (ranks >= kept) | np.isnan(values).any(axis=1)
    return {
        int(place): (int(rank) + 1, len(competing))
        for place, rank in zip(competing[out], ranks[out], strict=True)
        if trials.running[place]
    }
