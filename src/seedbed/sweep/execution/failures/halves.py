"""Halves of a unit that was too large for the memory or the time that it had."""

from seedbed.sweep.execution.unit import Unit
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.plan_file import SweepPlan, write_plan
from seedbed.sweep.results.searched.populations import POPULATION
from seedbed.sweep.results.splits import Split, middle


def can_be_split(plan: SweepPlan, unit: Unit) -> bool:
    """Return whether the jobs of a unit may train in two parts; those of a population may not."""
    is_population = plan.search is not None and plan.search.sampler == POPULATION
    return unit.fused and len(unit.jobs) > 1 and not is_population


def split(folder: SweepFolder, plan: SweepPlan, unit: Unit) -> list[Unit]:
    """Split a unit, and write it into the plan; return the halves that have jobs to run."""
    at = middle(unit.jobs, plan.jobs_of_trial)
    noted = Split(first=unit.jobs[0], jobs=len(unit.jobs), time=unit.time, at=at)
    plan.splits.append(noted)
    write_plan(folder.plan, plan)
    halves = []
    for jobs, known in ((unit.jobs[:at], unit.known[:at]), (unit.jobs[at:], unit.known[at:])):
        missing = tuple(number for number in unit.missing if number in jobs)
        if missing:
            of_half = unit._replace(jobs=jobs, missing=missing, known=known, part=len(jobs))
            halves.append(of_half)
    return halves
