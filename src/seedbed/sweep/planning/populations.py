"""Populations of `search=pbt`: what of a space may change while trials train, and the trials."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from seedbed.config.scheduled_numbers import CLIP, DROPOUT, RATE, is_number, why_fixed
from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.config.schema.search import PBT
from seedbed.engines.fused.group import Group
from seedbed.engines.fused.population.population import Population, Rules, Values
from seedbed.engines.fused.population.searched_number import Part, SearchedNumber
from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job, bare_key
from seedbed.sweep.planning.groups import PlannedGroup
from seedbed.sweep.results.lineage import Taken
from seedbed.sweep.results.search_plan import SearchPlan, StoredDimension
from seedbed.sweep.results.searched.populations import POPULATION

NAME = f"search={POPULATION}"
# Values of a range with steps.
MOST_VALUES = 10_000
# Exchanges in a training, where the interval is not given.
EXCHANGES = 10


def searched_numbers(space: Iterable[StoredDimension]) -> list[SearchedNumber]:
    """Return the numbers that a population searches.

    Raises ConfigError for a key that cannot change while a trial trains, or is no number.
    """
    return [_number(stored) for stored in space if len(stored.get("values", ("", ""))) > 1]


def _number(stored: StoredDimension) -> SearchedNumber:
    key = bare_key(stored["key"])
    if reason := why_fixed(key):
        raise ConfigError(f"{NAME}: {reason}")
    if stored.get("when"):
        raise ConfigError(f"{NAME}: {key}: it counts only under a choice, and must for every trial")
    part, names = _place(key)
    choices = tuple(map(_value, stored["values"])) if "values" in stored else _steps(stored)
    for value in choices:
        if not is_number(key, value):
            raise ConfigError(f"{NAME}: {key}: {value} is no number")
    if key.endswith(".momentum") and 0 in choices:
        raise ConfigError(
            f"{NAME}: {key}: 0 among its values: a trial without momentum has no buffer for others"
        )
    if choices:
        return SearchedNumber(key, part, names, choices=choices)
    low, high = stored["low"], stored["high"]
    return SearchedNumber(
        key, part, names, low, high, stored.get("log", False), stored.get("whole", False)
    )


def _place(key: str) -> tuple[Part, tuple[str, ...]]:
    """Return where in the engine a number lies, and its names there."""
    group, _, name = key.partition(".")
    if key == RATE:
        return "rate", ("lr",)
    if key == CLIP:
        return "optimizer", ("clip",)
    if key == DROPOUT:
        return "dropout", ()
    if key == "optimizer.betas":
        return "optimizer", ("beta1", "beta2")
    return ("loss" if group == "task" else "optimizer"), (name,)


def _value(text: str) -> Any:
    return OverridesParser.create().parse_override(f"key={text}").value()


def _steps(stored: StoredDimension) -> tuple[Any, ...]:
    """Return the values of a range with steps; none of one without."""
    step, whole = stored.get("step"), stored.get("whole", False)
    if step is None or (whole and step == 1):
        return ()
    low, high = stored["low"], stored["high"]
    count = int((high - low) / step + 1e-9) + 1
    if count > MOST_VALUES:
        raise ConfigError(f"{NAME}: {stored['key']}: {count:,} values; take an interval")
    values = [low + place * step for place in range(count)]
    return tuple(int(value) if whole else value for value in values)


def check_population(config: DictConfig, space: Iterable[StoredDimension]) -> None:
    """Raise ConfigError where the trials of a config cannot train as a population."""
    searched_numbers(space)
    if config.stop.get("_target_") is not None:
        raise ConfigError(f"stop: {NAME} replaces bad trials itself; leave stop out, or stop=none")
    if config.sweep.fuse == "never":
        raise ConfigError(
            f"sweep.fuse=never: the trials of {NAME} take over each other's weights, as one program"
        )
    if config.sweep.refit:
        raise ConfigError(
            f"sweep.refit=true: {NAME} finds a schedule, which seedbed train schedule_of=SWEEP "
            "trains"
        )
    generation = config.search.generation
    if generation is not None and generation < config.search.trials:
        raise ConfigError(
            f"search.generation: {generation}, and all {config.search.trials} trials of {NAME} "
            "train at the same time"
        )
    for name, node in config.callbacks.items():
        if node is not None and str(node.get("_target_")).endswith("EarlyStopping"):
            raise ConfigError(
                f"callbacks.{name}: {NAME} replaces bad trials itself, and all train to the end"
            )
    epochs, interval = config.trainer.max_epochs, config.search.interval
    if interval is not None and epochs is not None and interval >= epochs:
        raise ConfigError(
            f"search.interval: {interval}, and trainer.max_epochs={epochs}: no trial would ever "
            "take over another one"
        )
    if config.trainer.max_epochs is not None and config.trainer.max_epochs < 2:
        raise ConfigError(f"trainer.max_epochs: {epochs}, and {NAME} needs two at least")


def require_no_population(search: SearchPlan | None, words: Sequence[str]) -> None:
    """Raise ConfigError where the trials of a population shall go on with other words."""
    if search is not None and search.sampler == POPULATION:
        said = " ".join(words) or "sweep.top"
        raise ConfigError(
            f"{said}: a population goes on as it was begun; seedbed train schedule_of=TRIAL "
            f"trains one trial alone, with other words, too"
        )


def rules_of(options: PBT, epochs: int) -> Rules:
    """Return the rules of a population that trains so many epochs."""
    return Rules(
        interval=options.interval or max(1, round(epochs / EXCHANGES)),
        quantile=options.quantile,
        factors=tuple(options.perturb),
        resample_probability=options.resample_probability,
        seed=options.seed,
    )


@dataclass(frozen=True)
class PlannedPopulation:
    """Population that is about to train: its trials, and what is searched.

    Attributes:
        jobs: The jobs, those of one trial beside each other.
        numbers: What is searched.
        options: The keys of `search`.
        lanes: Jobs of a trial: one for each seed and fold.
    """

    jobs: Sequence[Job]
    numbers: Sequence[SearchedNumber]
    options: PBT
    lanes: int

    def names_in(self, part: Part) -> list[str]:
        """Return the names of the numbers that lie in a part of the engine."""
        return [name for number in self.numbers if number.part == part for name in number.names]

    def of(self, group: Group) -> Population:
        """Return the population at its beginning; `group` are its jobs in the engine."""
        firsts = self.jobs[:: self.lanes]
        trials = [job.number // self.lanes for job in firsts]
        values = [_values(job, self.numbers) for job in firsts]
        epochs = int(max(group.max_epochs))
        rules = rules_of(self.options, epochs)
        return Population(self.numbers, rules, trials, values, self.lanes, epochs)


def _values(job: Job, numbers: Sequence[SearchedNumber]) -> Values:
    """Return what a trial begins with."""
    texts: Mapping[str, str] = {bare_key(word): word.partition("=")[2] for word in job.overrides}
    return {number.key: _value(texts[number.key]) for number in numbers}


def lineage_rows(population: Population) -> list[Taken]:
    """Return the lineage of a population, as population.csv has it."""
    begins = [
        Taken(0, trial, trial, None, None, own)
        for trial, own in zip(population.trials, population.starts, strict=True)
    ]
    return begins + [
        Taken(
            e.epoch,
            e.trial,
            e.source,
            e.score if isfinite(e.score) else None,
            e.source_score,
            e.values,
        )
        for e in population.exchanges
    ]


class Frame(NamedTuple):
    """What the populations of a sweep have in common: jobs of a trial, rules and epochs."""

    lanes: int
    rules: Rules
    epochs: int

    def told(self, trials: int) -> str:
        """Return what a population of so many trials does, in words."""
        share = self.rules.share(trials)
        every = "epoch" if self.rules.interval == 1 else f"{self.rules.interval} epochs"
        return (
            f"a population of {trials}: every {every} the worst {share} take over the best {share}"
        )


def frame_of(composer: Composer, job: Job, options: SweepOptions) -> Frame | None:
    """Return what the populations of a sweep have in common; None of other sweeps."""
    with composer.applied(job) as config:
        if OmegaConf.get_type(config.search) is not PBT:
            return None
        search: Any = OmegaConf.to_object(config.search)
        epochs = int(config.trainer.max_epochs or 1)
    return Frame(options.repeats * (options.folds or 1), rules_of(search, epochs), epochs)


def as_populations(groups: Sequence[PlannedGroup], frame: Frame) -> list[PlannedGroup]:
    """Return groups of jobs whose trials are populations.

    Raises ConfigError where trials cannot train side by side, or not with all their jobs.
    """
    lanes, populations = frame.lanes, []
    for group in groups:
        if group.reason:
            raise ConfigError(
                f"{NAME}: its trials take over each other's weights as one program, and "
                f"{group.reason}"
            )
        trials = Counter(job.number // lanes for job in group.jobs)
        if any(count != lanes for count in trials.values()):
            raise ConfigError(f"{NAME}: the {lanes} jobs of a trial do not fit into one program")
        population = replace(group, lanes=lanes)
        if group.jobs:
            largest = max(map(len, population.chunks())) // lanes
            population = replace(population, note=frame.told(largest))
        populations.append(population)
    return populations
