"""Judging of the trials of a sweep by the rule of `stop`."""

from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from seedbed.config.metrics import TRAIN_SECONDS
from seedbed.config.schema.stop import first_value
from seedbed.errors import ConfigError
from seedbed.runs.outcome import StoppedEarly
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.table import Row, mean_row
from seedbed.training.trial_stopping.judge import EarlierTrial, Judge
from seedbed.training.trial_stopping.making import make_rule
from seedbed.training.trial_stopping.median import Median
from seedbed.training.trial_stopping.patient import Patient
from seedbed.training.trial_stopping.trials import Rule


def rule_of(composer: Composer, plan: SweepPlan) -> Rule | None:
    """Return the rule that stops the trials of a sweep; None where none does.

    It looks after the same epochs at all of them: those that follow from the first one's length.
    """
    with composer.applied(plan.begun[0]) as config:
        if config.stop.get("_target_") is None or config.trainer.max_epochs is None:
            return None
        options: Any = OmegaConf.to_object(config.stop)
        return make_rule(options, config.trainer.max_epochs, first_value(config))


def require_generations(composer: Composer, plan: SweepPlan) -> None:
    """Raise ConfigError where a rule would stop no trial, as all of them are one generation.

    So it is in a grid, and where `search.generation` says so.
    """
    if plan.search is not None:
        with composer.applied(plan.begun[0]) as config:
            chosen = config.search.generation is None
        if chosen or len(plan.jobs) < plan.search.trials * plan.jobs_of_trial:
            return
    rule = rule_of(composer, plan)
    inner = rule.wrapped if isinstance(rule, Patient) and rule.wrapped is not None else rule
    if isinstance(inner, Median):
        raise ConfigError(
            "stop=median: it compares with completed trials of earlier generations, and there is "
            "one; leave search.generation out, in a grid take search=random, or stop=halving, "
            "which compares side by side"
        )


def judge_of(
    rule: Rule, plan: SweepPlan, jobs: Sequence[int], earlier: Sequence[EarlierTrial]
) -> Judge:
    """Return the judge of jobs that train together.

    The seconds of a training have no part in it: they would be others when it is repeated. A trial
    of which some jobs train elsewhere is not judged, since they would not stop together.

    Args:
        rule: The rule.
        plan: The plan of the sweep.
        jobs: Numbers of the jobs.
        earlier: Trials of earlier generations.
    """
    block, here = plan.jobs_of_trial, set(jobs)
    trials = [
        job // block
        if all(job // block * block + place in here for place in range(block))
        else None
        for job in jobs
    ]
    objectives = [each for each in plan.objectives.all if each.metric != TRAIN_SECONDS]
    bounds = [each for each in plan.objectives.constraints if each.metric != TRAIN_SECONDS]
    by_best = plan.objectives.rank == "best"
    return Judge(rule, objectives, trials, earlier, by_best, bounds)


def earlier_trials(plan: SweepPlan, rows: Sequence[Row], first: int) -> list[EarlierTrial]:
    """Return the trials that have ended before the generation whose first job this is.

    Those of which no job has reported tell a rule nothing, but for those that diverged.
    """
    block, trials = plan.jobs_of_trial, dict[int, list[Row]]()
    for row in sorted(rows, key=lambda row: row.number):
        if row.number < first:
            trials.setdefault(row.number // block, []).append(row)
    found = []
    for number, of_trial in trials.items():
        row = mean_row(of_trial)
        if len(of_trial) == block and (row.reports or row.status == "diverged"):
            missed = _violation(plan.objectives, row)
            found.append(EarlierTrial(number, row.status, row.reports, missed))
    return found


def _violation(objectives: Objectives, row: Row) -> float:
    """Return by how much a trial misses the constraints that a judge looks at."""
    pairs = zip(objectives.constraints, objectives.violations(row), strict=True)
    return sum(max(missed, 0.0) for bound, missed in pairs if bound.metric != TRAIN_SECONDS)


def stopped_text(stopped: str | StoppedEarly | None) -> str | None:
    """Return which rule of a search stopped a trial, and why; None where none did."""
    if not isinstance(stopped, dict):
        return None
    return f"{stopped['rule']}: {stopped['reason']}"
