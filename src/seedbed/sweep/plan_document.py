"""Document of a plan: what a sweep would run, as `sweep.plan=true --json` gives it."""

from collections.abc import Mapping
from typing import Any, cast

from seedbed.documents.sweeps import (
    Alone,
    Dimension,
    Objective,
    Plan,
    Planned,
    SearchPlan,
    Together,
)
from seedbed.sweep.results.plan_file import REFUSED, SweepPlan
from seedbed.sweep.search.space.stored import space_of


def plan_document(plan: SweepPlan, refused: Mapping[int, str], text: str) -> Plan:
    """Return the document of a plan, of which the first round is known.

    Args:
        plan: the plan.
        refused: what is wrong with jobs that would not run, by their numbers.
        text: the plan as it is printed.
    """
    first = plan.rounds[0]
    notes = {number: note for note, numbers in first.notes.items() for number in numbers}
    return Plan(
        objectives=[
            Objective(metric=each.metric, mode=cast(Any, each.mode)) for each in plan.objectives.all
        ],
        rank=cast(Any, plan.rank),
        constraints=[each.text for each in plan.objectives.constraints],
        axes=dict(plan.axes),
        search=_search(plan),
        folds=plan.folds,
        together=[Together(jobs=list(group), note=notes.get(group[0])) for group in first.groups],
        alone=[
            Alone(jobs=list(numbers), reason=reason)
            for reason, numbers in first.alone.items()
            if not reason.startswith(REFUSED)
        ],
        jobs=[
            Planned(
                number=job.number, overrides=list(job.overrides), refused=refused.get(job.number)
            )
            for job in first.jobs
        ],
        told=text.splitlines(),
    )


def _search(plan: SweepPlan) -> SearchPlan | None:
    if plan.search is None:
        return None
    dimensions = space_of(plan.search).dimensions
    return SearchPlan(
        sampler=plan.search.sampler,
        trials=plan.search.trials,
        jobs_of_trial=plan.jobs_of_trial,
        space=[Dimension(key=each.name, values=each.values.told()) for each in dimensions],
    )
