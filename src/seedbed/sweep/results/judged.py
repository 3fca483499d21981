"""Configurations as the objectives judge them, the best one first."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from seedbed.sweep.results.configurations import (
    Configuration,
    configurations,
    in_order_of_means,
    shown_axes,
    value_of,
)
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.table import Row
from seedbed.training.pareto import crowding_order, non_domination_ranks


class Judged(NamedTuple):
    """Configuration and what is found of it.

    Attributes:
        configuration: the configuration.
        rank: 1 on the Pareto front, 2 on that of the others, and so on; of one objective its place.
            None where it cannot be the best: it misses a constraint, lacks folds or a number.
        missed: the constraints that it misses, as texts.
    """

    configuration: Configuration
    rank: int | None
    missed: tuple[str, ...] = ()


def judged(shown: Sequence[Configuration], objectives: Objectives) -> list[Judged]:
    """Return configurations in the order in which the objectives put them.

    Of one objective that is the order of its mean; of several that of the Pareto fronts, and in
    each the least crowded first. Then come those that miss constraints, by the sum of what they
    miss; those that lack folds, or jobs where all must have completed, since their means are over
    other rows; those without a number. Equal ones are by their last epoch, then in the jobs' order.
    """
    fit: list[Configuration] = []
    missing: list[tuple[float, Judged]] = []
    others: list[Configuration] = []
    for each in shown:
        if not _is_judged(each, objectives):
            others.append(each)
            continue
        violations = objectives.violations_of(each)
        pairs = zip(objectives.constraints, violations, strict=True)
        missed = tuple(constraint.text for constraint, violation in pairs if violation > 0)
        if missed:
            total = sum(violation for violation in violations if violation > 0)
            missing.append((total, Judged(each, None, missed)))
        else:
            fit.append(each)
    missing.sort(key=lambda pair: pair[0])
    rest = in_order_of_means(others, objectives.mode, objectives.column)
    return [
        *_ranked(fit, objectives),
        *(each for _, each in missing),
        *(Judged(each, None) for each in rest),
    ]


def _is_judged(configuration: Configuration, objectives: Objectives) -> bool:
    """Return whether the means of a configuration can be compared with those of others."""
    columns = objectives.columns
    if any(configuration.mean(column) is None for column in columns):
        return False
    if objectives.whole:
        jobs = len(configuration.jobs)
        return all(configuration.completed(column) == jobs for column in columns)
    return not any(configuration.lacks_folds(column) for column in columns)


def _ranked(fit: Sequence[Configuration], objectives: Objectives) -> list[Judged]:
    if not objectives.several:
        ordered = in_order_of_means(fit, objectives.mode, objectives.column)
        return [Judged(each, place) for place, each in enumerate(ordered, start=1)]
    points = [_point(each, objectives) for each in fit]
    ranks = non_domination_ranks(points)
    return [Judged(fit[place], ranks[place]) for place in crowding_order(points, ranks)]


def _point(configuration: Configuration, objectives: Objectives) -> list[float]:
    """Return the means of a configuration, of which less is better."""
    signs = (1.0 if each.mode == "min" else -1.0 for each in objectives.all)
    means = (configuration.mean(column) or 0.0 for column in objectives.columns)
    return [sign * mean for sign, mean in zip(signs, means, strict=True)]


def pareto_ranks(rows: Sequence[Row], objectives: Objectives) -> dict[int, int]:
    """Return the rank of each job's configuration by its number; of one objective nothing.

    Jobs whose configuration has none are left out.
    """
    if not objectives.several:
        return {}
    shown = judged(configurations(rows, shown_axes(rows)), objectives)
    return {
        row.number: each.rank
        for each in shown
        if each.rank is not None
        for row in each.configuration.jobs
    }


def best_first(rows: Sequence[Row], objectives: Objectives) -> list[Row]:
    """Return the jobs that can be the best, each by itself, by the metric of the epoch that counts.

    Equal ones are by that of their last epoch, then by number.
    """
    sign = 1.0 if objectives.mode == "min" else -1.0
    column = objectives.column
    keyed = [
        ((sign * value, _last(row, objectives, sign), row.number), row)
        for row in rows
        if (value := value_of(row, column)) is not None
        and not any(violation > 0 for violation in objectives.violations(row))
    ]
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def _last(row: Row, objectives: Objectives, sign: float) -> float:
    """Return the metric of a job's last epoch, of which less is better."""
    value = value_of(row, objectives.metric)
    return inf if value is None else sign * value
