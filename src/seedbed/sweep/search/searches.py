"""Searches: from the keys of `search` and a space to the sampler that a sweep asks."""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from seedbed.config.schema.search import Search
from seedbed.config.schema.store import SCHEMAS
from seedbed.errors import ConfigError, listed
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.search_plan import SearchPlan
from seedbed.sweep.search.folds import Folds
from seedbed.sweep.search.repeats import Repeats
from seedbed.sweep.search.sampler import Sampler
from seedbed.sweep.search.space.dimensions import Number, Space
from seedbed.sweep.search.space.stored import space_of, stored_space

if TYPE_CHECKING:  # Optuna takes 0.2 s, which a grid does not wait for.
    from seedbed.sweep.search.samplers.study import StudySampler

# Trials of a generation where each trains by itself: rules and sampler see those before.
ALONE = 4
# At most so many trials are a generation where a rule would see nothing if all were.
MOST = 50


def option_of(options: Any) -> str:
    """Return the option of the group `search` that has these keys."""
    return next(name for name, schema in SCHEMAS["search"].items() if type(options) is schema)


def plan_of_search(space: Space, options: Search) -> SearchPlan:
    """Return what is kept of a search."""
    return SearchPlan(option_of(options), options.trials, space.fixed, stored_space(space))


def check_search(space: Space, options: Search, objectives: int) -> None:
    """Raise ConfigError where a sampler cannot search a space, or so many objectives."""
    name = option_of(options)
    others = [
        other
        for other, schema in SCHEMAS["search"].items()
        if issubclass(schema, Search) and schema.several_objectives and schema.takes_constraints
    ]
    if objectives > 1 and not options.several_objectives:
        raise ConfigError(
            f"search={name}: it has a single objective, and optimized_metric names {objectives}; "
            f"several have: {listed(others)}"
        )
    if options.constraints and not options.takes_constraints:
        raise ConfigError(
            f"search={name}: it takes no search.constraints; these do: {listed(others)}"
        )
    numbers = sum(isinstance(dimension.values, Number) for dimension in space.varied)
    if numbers < options.least_numbers:
        raise ConfigError(
            f"search={name}: it needs {options.least_numbers} numbers to search at least, and "
            f"the space has {numbers}; choices are drawn at random. Take search=tpe or search=gp"
        )


def make_search(
    search: SearchPlan, options: Search, objectives: Objectives, alone: bool, stop: Any = None
) -> "StudySampler":
    """Return the sampler of a search, which is at its beginning.

    Args:
        search: What is kept of the search; its budget counts.
        options: The keys of `search`.
        objectives: What a trial is judged by.
        alone: Whether the trials train one after another.
        stop: The keys of the rule that stops trials before their end; None where none does.
    """
    kind: type[StudySampler] = resolve_name(options._target_)
    generation, stops, instead_of_all = options.generation, stop is not None, None
    options.trials = search.trials
    if generation is None:
        generation = ALONE if alone and (stops or kind.learns) else None
        needed = stop.earlier_trials() if stops else None
        instead_of_all = None if needed is None else _part(search.trials, needed)
    sampler = kind(space_of(search), options, objectives, generation, stops, instead_of_all)
    sampler.plan = search
    return sampler


def _part(trials: int, needed: int) -> int:
    """Return a generation for a rule that needs so many trials of earlier ones: two at least."""
    return min(MOST, max(needed, trials // 4, 1), -(-trials // 2))


def searched(sampler: Sampler) -> "StudySampler | None":
    """Return the sampler of a search behind repeats and folds; None of a sweep that is none."""
    while isinstance(sampler, Repeats | Folds):
        sampler = sampler.sampler
    return sampler if hasattr(sampler, "space") else None  # type: ignore[return-value]
