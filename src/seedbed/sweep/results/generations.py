"""Generations of a search: rounds of trials that are asked for at once."""

from typing import NamedTuple

from seedbed.sweep.results.plan_file import Round, SweepPlan


class Generation(NamedTuple):
    """Generation of a search: its number, from 1, and how many there will be at this size."""

    number: int
    of: int


def generation_of(plan: SweepPlan, planned: Round) -> Generation | None:
    """Return the generation that a round is; None where the sweep is no search."""
    if plan.search is None:
        return None
    lanes = plan.jobs_of_trial
    first, size = planned.jobs[0].number // lanes, len(planned.jobs) // lanes
    number = sum(each.jobs[0].number <= first * lanes for each in plan.rounds)
    left = plan.search.trials - first - size
    return Generation(number, number + -(-left // size))


def planned_jobs(plan: SweepPlan) -> int:
    """Return how many jobs a sweep will have: of a search those of all of its trials."""
    trials = plan.search.trials if plan.search is not None else 0
    return max(len(plan.jobs), trials * plan.jobs_of_trial)
