"""What a sweep asks for jobs: the points of its axes, the rows of a table, or a search."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from seedbed.config.composition_errors import SPACE_AS_TYPED
from seedbed.config.groups import OF_SWEEP
from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.config.schema.root import problems_of_workers
from seedbed.config.schema.search import PBT, Grid, Search
from seedbed.errors import ConfigError
from seedbed.experiment.weights.source import words_with_latest_named
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.continuing.words import BUDGET, check_words_of_sweep
from seedbed.sweep.job import Job, Words, bare_key, numbered
from seedbed.sweep.planning.compatibility import why_alone
from seedbed.sweep.planning.job_folders import JobFolders
from seedbed.sweep.planning.populations import check_population
from seedbed.sweep.planning.speedup import why_it_does_not_pay
from seedbed.sweep.planning.validation import wrong_jobs
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.objectives import objectives_of
from seedbed.sweep.results.plan_file import SweepPlan
from seedbed.sweep.results.search_plan import SearchPlan
from seedbed.sweep.results.searched.populations import POPULATION
from seedbed.sweep.search.axes import KnownKeys, job_overrides, require_few
from seedbed.sweep.search.folds import Folds
from seedbed.sweep.search.repeats import Repeats
from seedbed.sweep.search.sampler import ListSampler, Sampler
from seedbed.sweep.search.searches import check_search, make_search, plan_of_search
from seedbed.sweep.search.space.building import build_space, probes
from seedbed.sweep.search.space.reading import SPACE, space_of_config
from seedbed.sweep.search.space.stored import stored_space


def options_of_command(composer: Composer, arguments: Sequence[str]) -> SweepOptions:
    """Return the keys of `sweep`; raises ConfigError where the jobs would differ in them."""
    overrides = OverridesParser.create().parse_overrides(list(arguments))
    for override in overrides:
        group = bare_key(override.get_key_element()).partition(".")[0]
        if override.is_sweep_override() and group in OF_SWEEP:
            raise _swept(override, group)
    with composer.applied(Job(0, _fixed(overrides))) as config:
        if config.sweep.resume is not None:  # The jobs of a new sweep are checked with all else.
            check_words_of_sweep(config)
        # They are needed before the jobs are checked.
        for problem in problems_of_workers(config.sweep.workers):
            raise ConfigError(problem)
        return sweep_options(config)


def _swept(override: Override, group: str) -> ConfigError:
    """Return what is said of swept values of a key that all jobs share."""
    key, line = bare_key(override.get_key_element()), override.input_line
    if key.startswith(f"{SPACE}."):
        return ConfigError(f"{line}: {SPACE_AS_TYPED}")
    more = "; a sweep has a single sampler, such as search=tpe" if key == "search" else ""
    return ConfigError(f"{line}: the keys of {group} cannot be swept{more}")


def _fixed(overrides: Sequence[Override]) -> Words:
    """Return the words that all jobs share, but for those of a group whose option is swept."""
    swept = [each.get_key_element() for each in overrides if each.is_sweep_override()]
    return tuple(
        str(override.input_line)
        for override in overrides
        if not override.is_sweep_override() and override.key_or_group.partition(".")[0] not in swept
    )


def sweep_options(config: DictConfig) -> SweepOptions:
    """Return the keys of `sweep`."""
    options = OmegaConf.to_object(config.sweep)
    assert isinstance(options, SweepOptions)
    return options


def search_options(config: DictConfig) -> Search | None:
    """Return the keys of `search`; None of a grid. Raises ConfigError for what is no option."""
    options = OmegaConf.to_object(config.search)
    if isinstance(options, Grid) or config.search.get("_target_") is None:
        return None
    known = getattr(type(options), "_target_", None)
    if not isinstance(options, Search) or options._target_ != known:
        raise ConfigError(f"search._target_: {config.search._target_} is no sampler of Seedbed's")
    return options


def make_sampler(
    composer: Composer,
    arguments: list[str],
    params: Mapping[str, Any],
    loader: ConfigLoader,
    options: SweepOptions,
) -> Sampler:
    """Return what a new sweep is asked for jobs: the points of its axes, a table, or a search."""
    words = _fixed(OverridesParser.create().parse_overrides(arguments))
    with composer.applied(Job(0, words)) as config:
        search = search_options(config)
        space: Any = OmegaConf.to_container(config.sweep.space)
    if search is None:
        sampler = _grid(composer, arguments, {**params, **_axes(space)}, loader, options)
    else:
        sampler = _search(composer, arguments, params, loader, options, space)
    return _wrapped(sampler, composer, options)


def _wrapped(sampler: Sampler, composer: Composer, options: SweepOptions) -> Sampler:
    if options.folds is not None and options.folds > 1:
        sampler = Folds(sampler, composer, options.folds)
    return Repeats(sampler, composer, options.repeats) if options.repeats > 1 else sampler


def _axes(space: Mapping[str, Any]) -> dict[str, str]:
    """Return the axes that `sweep.space` gives a grid, by key."""
    axes = {}
    for key, (override, when) in space_of_config(OverridesParser.create(), space).items():
        if when:
            raise ConfigError(
                f"{SPACE}: {key}: a grid crosses all its axes; search=random takes when"
            )
        axes[key] = str(override.input_line).partition("=")[2]
    return axes


def _grid(
    composer: Composer,
    arguments: list[str],
    params: Mapping[str, Any],
    loader: ConfigLoader,
    options: SweepOptions,
) -> Sampler:
    known = None
    if options.table is not None:
        with composer.applied(Job(0, ())) as config:
            groups = [name for name in config.hydra.runtime.choices if "/" not in name]
            known = KnownKeys(config, groups)
    zipped, table = options.zip, options.table
    words = job_overrides(
        arguments, loader, params=params, zip_axes=zipped, table=table, known=known
    )
    outputs = str(composer.master.paths.outputs)
    return ListSampler([words_with_latest_named(each, outputs) for each in words])


# A search


def _search(
    composer: Composer,
    arguments: list[str],
    params: Mapping[str, Any],
    loader: ConfigLoader,
    options: SweepOptions,
    space_of_yaml: Mapping[str, Any],
) -> Sampler:
    """Return the sampler of a search; raises ConfigError where something would go wrong with it."""
    for name, value in (("zip", options.zip), ("table", options.table)):
        if value:
            raise ConfigError(
                f"sweep.{name}: a search draws its trials itself; search=grid takes sweep.{name}"
            )
    space = build_space(composer, arguments, loader, params=params, space=space_of_yaml)
    outputs = str(composer.master.paths.outputs)
    space = space._replace(fixed=tuple(words_with_latest_named(space.fixed, outputs)))
    tried = numbered(probes(space))
    folders = JobFolders(SweepFolder(str(composer.master.hydra.sweep.dir)))
    for error in wrong_jobs(composer, tried, folders).values():
        raise error
    with composer.applied(tried[0]) as config:
        search = search_options(config)
        assert search is not None
        check_search(space, search, len(objectives_of(config).all))
        if isinstance(search, PBT):
            check_population(config, stored_space(space))
        trials = f"search.trials={search.trials}"
        require_few(trials, search.trials * options.repeats * (options.folds or 1))
        return _sampler(plan_of_search(space, search), config)


def _sampler(search: SearchPlan, config: DictConfig) -> Sampler:
    options = search_options(config)
    if options is None:
        raise ConfigError("sweep.json: a search, and the configs of its jobs have none")
    alone = bool(
        config.sweep.fuse == "never"
        or why_alone(config)
        or (config.sweep.fuse == "auto" and why_it_does_not_pay(config, search.trials))
    )
    stops = config.stop.get("_target_") is not None
    stop = OmegaConf.to_object(config.stop) if stops else None
    return make_search(search, options, replace(objectives_of(config), whole=True), alone, stop)


def raise_budget(search: SearchPlan | None, asked: int, words: Sequence[str]) -> bool:
    """Give a search that goes on the trials that a word of its command names; tell if it did.

    `asked` are the trials that it has begun already. Raises ConfigError where there is no search,
    or fewer than it has.
    """
    word = next((word for word in words if bare_key(word) == BUDGET), None)
    if word is None:
        return False
    if search is None:
        raise ConfigError(f"{word}: this sweep is no search, and has no trials to add")
    value = OverridesParser.create().parse_override(word).value()
    if not isinstance(value, int) or isinstance(value, bool) or value < max(1, asked):
        least = f"at least the {asked:,} that it has begun" if asked else "at least 1"
        raise ConfigError(f"{word}: the trials of a search in total: {least}")
    require_few(word, value)
    if search.sampler == POPULATION and value != search.trials:
        raise ConfigError(f"{word}: a population of {search.trials} has begun, and stays as large")
    raised, search.trials = value != search.trials, value
    return raised


def saved_sampler(plan: SweepPlan, composer: Composer) -> Sampler:
    """Return the sampler of a sweep that goes on.

    Of a grid, and of a search whose jobs went on with other words, it gives the jobs of the plan:
    there are no others.
    """
    if plan.search is None or plan.continuations:
        return ListSampler([job.overrides for job in plan.begun])
    with composer.applied(plan.begun[0]) as config:
        options = sweep_options(config)
        sampler = _sampler(plan.search, config)
    return _wrapped(sampler, composer, options)
