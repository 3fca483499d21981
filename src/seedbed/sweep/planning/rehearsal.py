"""Rehearsal of a sweep's jobs: what would go wrong with each is found before the first one starts.

Jobs of one kind, which differ in nothing that could be wrong, are rehearsed once.
"""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from seedbed.config.instantiation import keys_of
from seedbed.config.known_keys import is_independent
from seedbed.config.spec import RunSpec, run_spec
from seedbed.data import DataModule
from seedbed.engines.fused.group import Group
from seedbed.errors import ConfigError, DoesNotFit, SeedbedError
from seedbed.experiment.checks import check_network, check_rows
from seedbed.process import garbage_collection
from seedbed.runs.folder import RunFolder
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job
from seedbed.sweep.planning.chunk_sizes import heaviest
from seedbed.sweep.planning.compatibility import is_plain, key_of
from seedbed.sweep.planning.fusing import JobNumbers, make_group, table_key
from seedbed.training.schedulers import RunLength, length_problem


class Rehearsal:
    """Rehearsal of the jobs of a group, which finds those that are `wrong`, by their places.

    Args:
        spec: Spec of one of the jobs.
        numbers: What each job has for itself.
        cut_short: Whether the runs are shorter than meant on purpose, to debug them.
    """

    def __init__(self, spec: RunSpec, numbers: Sequence[JobNumbers], cut_short: bool) -> None:
        self.spec = spec
        self.numbers = numbers
        self.cut_short = cut_short
        self.wrong: dict[int, ConfigError] = {}
        self._kinds: dict[str, list[int]] = {}
        for place, job in enumerate(numbers):
            self._kinds.setdefault(_network_and_table(job), []).append(place)

    def first(self) -> Group | None:
        """Return the group of a single job, as heavy as any; None where all are wrong."""
        for places in self._kinds.values():
            heavy = heaviest(
                [self.numbers[place] for place in (places[0], *range(len(self.numbers)))]
            )
            try:
                group = make_group(self.spec, [heavy])
                check_rows(self.spec, group.batches.data[0], group.task)
                check_network(self.spec, group.batches.data[0], group.nets[0], group.task)
            except ConfigError as error:
                self.wrong |= dict.fromkeys(places, error)
                continue
            self._check_lengths(len(group.batches.data[0].train_dataloader()))
            return group
        return None

    def others(self, first: Group, at_once: int) -> None:
        """Build what differs from the first job, so many networks and tables at once."""
        kinds = [places for places in self._kinds.values() if places[0] not in self.wrong][1:]
        for start in range(0, len(kinds), at_once):
            chunk = kinds[start : start + at_once]
            try:
                self._build([places[0] for places in chunk])
            except ConfigError as error:
                for places in chunk:
                    self.wrong |= dict.fromkeys(places, error) if len(chunk) == 1 else {}
                self._one_by_one(chunk if len(chunk) > 1 else [])

    def _one_by_one(self, kinds: Sequence[Sequence[int]]) -> None:
        for places in kinds:
            try:
                self._build(places[:1])
            except ConfigError as error:
                self.wrong |= dict.fromkeys(places, error)

    def _build(self, places: Sequence[int]) -> None:
        group = make_group(self.spec, [self.numbers[place] for place in places])
        for data in group.batches.data:
            check_rows(self.spec, data, group.task)

    def _check_lengths(self, steps_per_epoch: int) -> None:
        known: dict[str, str] = {}
        for place, job in enumerate(self.numbers):
            kind = repr((job.scheduler, job.max_epochs))
            if kind not in known:
                length = RunLength(job.max_epochs, steps_per_epoch=steps_per_epoch)
                known[kind] = length_problem(job.scheduler, length, self.cut_short)
            if known[kind]:
                self.wrong.setdefault(place, DoesNotFit(known[kind]))


def _network_and_table(job: JobNumbers) -> str:
    return repr((job.initial_weights, table_key(job)))


class Tables:
    """The data that were read last: most jobs of a sweep have the same."""

    def __init__(self) -> None:
        self._key = ""
        self._data: DataModule | None = None

    def of(self, spec: RunSpec) -> DataModule | None:
        key = self._key_of(spec)
        return self._data if key == self._key else None

    def keep(self, spec: RunSpec, data: DataModule) -> None:
        self._key, self._data = self._key_of(spec), data

    def _key_of(self, spec: RunSpec) -> str:
        keys = {name: value for name, value in keys_of(spec.data).items() if name != "seed"}
        return repr((keys, spec.trainer.precision, spec.trainer.accelerator))


def wrong_alone(composer: Composer, jobs: Sequence[Job], tables: Tables) -> dict[int, ConfigError]:
    """Return what is wrong with jobs that train alone, by their numbers."""
    wrong: dict[int, ConfigError] = {}
    seen: dict[tuple[str, ...], ConfigError | None] = {}
    for job in jobs:
        kind = tuple(word for word in job.overrides if not is_independent(key_of(word)))
        if kind not in seen:
            with composer.applied(job) as config:
                error = _rehearse(config, tables)
                if is_plain(config):
                    seen[kind] = error
        else:
            error = seen[kind]
        if error is not None:
            wrong[job.number] = error
    return wrong


def _rehearse(config: DictConfig, tables: Tables) -> ConfigError | None:
    # Only here: jobs side by side need no Lightning.
    with garbage_collection.paused_for("seedbed.experiment.run"):
        from seedbed.experiment.run import build_experiment, load

    debugs = bool(config.hydra.runtime.choices.get("debug"))
    try:
        spec = run_spec(config)
        folder = RunFolder(Path(str(config.hydra.sweep.dir)))
        experiment = build_experiment(spec, folder, tables.of(spec))
        load(experiment, debugs)
        tables.keep(spec, experiment.data)
    except SeedbedError as error:
        # Its config is right by itself, or it would not have come so far.
        return DoesNotFit(str(error))
    return None
