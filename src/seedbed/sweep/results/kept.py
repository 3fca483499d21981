"""Jobs of a sweep whose folders are kept, or which go on, where only the best do."""

from collections import Counter
from collections.abc import Sequence

from seedbed.runs.record import DONE
from seedbed.sweep.job import without
from seedbed.sweep.results.configurations import (
    AVERAGED,
    Configuration,
    configurations,
    shown_axes,
)
from seedbed.sweep.results.judged import best_first, judged
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.table import Row


def kept_jobs(plan: SweepPlan, rows: Sequence[Row], top: int | None) -> list[Row]:
    """Return the rows of the best jobs.

    In a cross-validation, a search whose trials have several jobs, and of several objectives, these
    are all jobs of the best configurations. One is kept as long as some of its jobs are not among
    the rows. What misses a constraint is never kept.

    Args:
        plan: plan of the sweep.
        rows: the jobs that have ended.
        top: so many jobs, or configurations; None: of several objectives the whole Pareto front,
            which depends on nothing but the rows. The best few of it would depend on which jobs
            ended first, since a configuration is more crowded the more others there are.
    """
    objectives = plan.objectives
    if not keeps_configurations(plan):
        return best_first(rows, objectives)[:top]
    named = [without(job.overrides, AVERAGED) for job in plan.jobs]
    planned = Counter(named)

    def is_whole(each: Configuration) -> bool:
        return len(each.jobs) == planned[named[each.jobs[0].number]]

    grouped = [each for each in configurations(rows, shown_axes(rows)) if is_whole(each)]
    ranked = judged(grouped, objectives)
    best = [each for each in ranked if each.rank is not None or _counts(each.configuration, plan)]
    best = best[:top] if top is not None else [each for each in best if each.rank == 1]
    kept = {id(each.configuration) for each in best}
    dropped = {row.number for each in grouped if id(each) not in kept for row in each.jobs}
    ended = [row for row in rows if row.status in DONE]
    return [row for row in ended if row.number not in dropped]


def keeps_configurations(plan: SweepPlan) -> bool:
    """Return whether jobs are kept together with others, and not each for itself."""
    objectives = plan.objectives
    whole = objectives.whole and plan.jobs_of_trial > 1
    return bool(plan.folds or whole or objectives.several)


def _counts(configuration: Configuration, plan: SweepPlan) -> bool:
    """Return whether a configuration without a rank is better than none."""
    objectives = plan.objectives
    if objectives.whole or any(value > 0 for value in objectives.violations_of(configuration)):
        return False
    return all(configuration.completed(column) for column in objectives.columns)
