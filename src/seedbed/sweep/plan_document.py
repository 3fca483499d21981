"""Document of a plan: what a sweep would run, as `sweep.plan=true --json` gives it."""

from collections.abc import Collection, Mapping, Sequence
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
from seedbed.sweep.job import Job
from seedbed.sweep.results.continuations import Continuation, continued
from seedbed.sweep.results.plan_file import REFUSED, SweepPlan
from seedbed.sweep.search.space.stored import space_of

# Why a job of a continuation trains by itself.
BY_ITSELF = "goes on by itself"


def plan_document(plan: SweepPlan, refused: Mapping[int, str], text: str) -> Plan:
    """Return the document of a plan, of which the first round is known.

    Args:
        plan: the plan.
        refused: what is wrong with jobs that would not run, by their numbers.
        text: the plan as it is printed.
    """
    jobs = [job for planned in plan.rounds for job in planned.jobs]
    together, alone = _groups(plan, {job.number for job in jobs})
    return _plan(plan, jobs, refused, together, alone, text)


def plan_of_the_rest(plan: SweepPlan, left: Collection[int], folder: str, text: str) -> Plan:
    """Return the document of what is left of a sweep, the jobs with these numbers."""
    jobs = [job for job in plan.jobs if job.number in left]
    together, alone = _groups(plan, left)
    return _plan(plan, jobs, {}, together, alone, text, folder)


def plan_of_continuation(
    plan: SweepPlan, continuation: Continuation, folder: str, text: str
) -> Plan:
    """Return the document of jobs that would go on with other words."""
    jobs = [continued(plan.jobs[number], continuation.words) for number in continuation.jobs]
    together = [Together(jobs=list(group["jobs"]), note=None) for group in continuation.groups]
    grouped = {number for group in together for number in group.jobs}
    rest = [number for number in continuation.jobs if number not in grouped]
    alone = [Alone(jobs=rest, reason=BY_ITSELF)] if rest else []
    return _plan(plan, jobs, {}, together, alone, text, folder)


def _groups(plan: SweepPlan, left: Collection[int]) -> tuple[list[Together], list[Alone]]:
    """Return which of some jobs train together, and which do not."""
    notes = {
        number: note
        for planned in plan.rounds
        for note, numbers in planned.notes.items()
        for number in numbers
    }
    together = [
        Together(jobs=jobs, note=notes.get(group[0]))
        for planned in plan.rounds
        for group in planned.groups
        if (jobs := [number for number in group if number in left])
    ]
    alone = [
        Alone(jobs=jobs, reason=reason)
        for planned in plan.rounds
        for reason, numbers in planned.alone.items()
        if not reason.startswith(REFUSED)
        if (jobs := [number for number in numbers if number in left])
    ]
    return together, alone


def _plan(
    plan: SweepPlan,
    jobs: Sequence[Job],
    refused: Mapping[int, str],
    together: list[Together],
    alone: list[Alone],
    text: str,
    folder: str | None = None,
) -> Plan:
    objectives = plan.objectives
    return Plan(
        folder=folder,
        objectives=[
            Objective(metric=each.metric, mode=cast(Any, each.mode)) for each in objectives.all
        ],
        rank=cast(Any, plan.rank),
        constraints=[each.text for each in objectives.constraints],
        axes=dict(plan.axes),
        search=_search(plan),
        folds=plan.folds,
        together=together,
        alone=alone,
        jobs=[
            Planned(
                number=job.number, overrides=list(job.overrides), refused=refused.get(job.number)
            )
            for job in jobs
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
