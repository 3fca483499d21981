"""Text of a plan: what a sweep will run, printed by sweep.plan=true and before every sweep."""

from collections.abc import Sequence
from math import ceil
from typing import Any

from omegaconf import OmegaConf

from seedbed.config.schema.stop import Halving, Stop, TopKAfter, first_value
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.results.plan_file import REFUSED, SweepPlan
from seedbed.sweep.results.search_plan import SearchPlan
from seedbed.sweep.search.space.stored import space_of
from seedbed.terminal.words import jobs_text


def plan_text(plan: SweepPlan, composer: Composer, workers: Sequence[str] = ()) -> str:
    """Return what is planned: axes or search, the groups of the first round, when trials stop.

    `workers` are lines that say who works on it.
    """
    first = plan.rounds[0]
    lines = _axes(plan) if plan.search is None else _search(plan, plan.search)
    notes = {number: f", {note}" for note, numbers in first.notes.items() for number in numbers}
    lines += [
        f"  {jobs_text(len(group))} side by side{_first(group)}{notes.get(group[0], '')}"
        for group in first.groups
    ]
    lines += [
        f"  {jobs_text(len(numbers))} {_alone(reason)}" for reason, numbers in first.alone.items()
    ]
    lines += [*workers, *_stop(plan, composer)]
    lines += plan.objectives.lines()
    return "\n".join(lines)


def _axes(plan: SweepPlan) -> list[str]:
    crossed = " x ".join(f"{key} ({len(values)})" for key, values in plan.axes.items())
    return [f"sweep  {jobs_text(len(plan.jobs))}" + (f": {crossed}" if crossed else "")]


def _search(plan: SweepPlan, search: SearchPlan) -> list[str]:
    """Return sampler and budget, a line a key, and what the first generation is."""
    asked = len(plan.rounds[0].jobs) // plan.jobs_of_trial
    lines = [f"search  {search.sampler}, {search.trials:,} trials, {_generations(search, asked)}"]
    if plan.jobs_of_trial > 1:
        lines[0] += f", each the mean of {plan.jobs_of_trial} jobs"
    lines += [f"  {line}" for line in space_of(search).told()]
    if asked < search.trials:
        lines.append("first generation")
    return lines


def _generations(search: SearchPlan, asked: int) -> str:
    """Return the generations in words, where all are like the first one."""
    if asked >= search.trials:
        return "all at once"
    return f"{ceil(search.trials / asked):,} generations of {asked:,}"


def _stop(plan: SweepPlan, composer: Composer) -> list[str]:
    """Return when the rule looks at the trials, and how many epochs they train at most."""
    trials = plan.search.trials if plan.search else len(plan.jobs) // plan.jobs_of_trial
    with composer.applied(plan.begun[0]) as config:
        epochs = config.trainer.max_epochs
        if epochs is None or config.stop.get("_target_") is None:
            return [f"epochs  {_epochs(trials, plan, epochs)} at most"] if plan.search else []
        options: Any = OmegaConf.to_object(config.stop)
        first, name = first_value(config), config.hydra.runtime.choices.get("stop")
    if not isinstance(options, Stop):
        return []
    looks = list(options.looks(epochs, first))
    if not looks:
        return [f"stop    {name}: no trial is stopped: {epochs} epochs are too few for it"]
    shown = ", ".join(map(str, looks[:_MOST_SHOWN])) + ", ..." * (len(looks) > _MOST_SHOWN)
    lines = [f"stop    {name}: looks after epoch {shown}"]
    most = f"epochs  {_epochs(trials, plan, epochs)} at most"
    if isinstance(options, TopKAfter | Halving):
        factor = options.reduction_factor
        lines[0] += f"; 1 of {factor} goes on"
        left, trained, before = trials, 0, 0
        for look in [*looks, epochs]:
            trained += left * (look - before)
            left, before = max(1, left // factor), look
        most += f", {trained * plan.jobs_of_trial:,} where each look lets 1 of {factor} go on"
    return [*lines, most]


_MOST_SHOWN = 8


def _epochs(trials: int, plan: SweepPlan, epochs: int | None) -> str:
    if epochs is None:
        return "as many as the trials take"
    return f"{trials * plan.jobs_of_trial * epochs:,}"


def _alone(reason: str) -> str:
    return reason if reason.startswith(REFUSED) else f"one after another: {reason}"


def _first(numbers: Sequence[int]) -> str:
    first, last = numbers[0], numbers[-1]
    return f" (numbers {first} to {last})" if last - first + 1 == len(numbers) else ""
