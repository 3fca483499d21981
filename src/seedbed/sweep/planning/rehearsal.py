"""Rehearsal of a sweep's jobs: what would go wrong with each is found before the first one starts.

Jobs of one kind, which differ in nothing that could be wrong, are rehearsed once.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig
from torch import nn

from seedbed.config.instantiation import keys_of
from seedbed.config.known_keys import is_independent
from seedbed.config.schema.model import InitialWeights
from seedbed.config.spec import RunSpec, run_spec
from seedbed.data import DataModule, InMemoryData
from seedbed.data.table import Table
from seedbed.engines.fused.engine import Engine
from seedbed.engines.fused.group import Group
from seedbed.engines.fused.network_state import CannotFuse
from seedbed.engines.fused.rows.independence import why_rows_depend
from seedbed.errors import ConfigError, DoesNotFit, SeedbedError
from seedbed.experiment.build import NetworkBuilder, accelerator, build_task
from seedbed.experiment.checks import check_network, check_rows
from seedbed.experiment.fitted_task import fitted_numbers
from seedbed.process import garbage_collection
from seedbed.runs.folder import RunFolder
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job
from seedbed.sweep.planning.batch_sizes import Load, size_note, sizes_together
from seedbed.sweep.planning.compatibility import is_plain, key_of
from seedbed.sweep.planning.data_modules import TableFacts, data_of, table_facts, table_key
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import JobNumbers, hidden_sizes
from seedbed.sweep.planning.memory.chunk_sizes import heaviest
from seedbed.sweep.planning.networks import with_model
from seedbed.sweep.planning.speedup import kept_for_the_gradient
from seedbed.sweep.planning.widths import costs_of, width_classes, width_note
from seedbed.training.schedulers import RunLength, length_problem
from seedbed.training.tasks import Task

# Rows of the pass that tells what a step costs.
ROWS_TRIED = 16


class Part(NamedTuple):
    """Jobs of a group whose tables go into one program.

    Attributes:
        places: places of the jobs in the group.
        note: why they are apart from others of the group, where that asks for a word.
    """

    places: list[int]
    note: str = ""


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
        self._tables: dict[str, TableFacts] = {}

    def parts(self) -> list[Part]:
        """Read each table that differs once, and return which jobs can train as one program."""
        tables: dict[str, list[int]] = {}
        for place, job in enumerate(self.numbers):
            tables.setdefault(table_key(job), []).append(place)
        kinds: dict[str, list[str]] = {}
        example: Table | None = None
        for key, places in tables.items():
            try:
                data = self._read(self.numbers[places[0]])
            except ConfigError as error:
                self.wrong |= dict.fromkeys(places, error)
                continue
            example = example or data.table("train")
            self._tables[key] = facts = table_facts(data)
            kinds.setdefault(facts.kind, []).append(key)
        parts = []
        for keys in kinds.values():
            rows = {self._tables[key].rows for key in keys}
            reason = self._why_rows_depend(example) if example and len(rows) > 1 else ""
            for counts in sorted(rows) if reason else [None]:
                chosen = [k for k in keys if counts is None or self._tables[k].rows == counts]
                places = sorted(place for key in chosen for place in tables[key])
                parts.append(Part(places, reason))
        return parts

    def _read(self, job: JobNumbers) -> InMemoryData:
        data = data_of(self.spec, job, keep=True)
        check_rows(self.spec, data, self._task)
        fitted_numbers(self._task, data)
        return data

    @cached_property
    def _task(self) -> Task:
        return build_task(self.spec)

    def _why_rows_depend(self, table: Table) -> str:
        try:
            net = NetworkBuilder(self.spec).build(self.spec.seed, self.spec.initial_weights)
        except ConfigError:  # Its jobs are found to be wrong when they are built.
            return ""
        task = build_task(self.spec)
        if task.own_loss is not None and not task.own_loss.takes_weights:
            reason = f"task.loss: {task.own_loss.name} takes no weight of rows"
        else:
            reason = why_rows_depend(net, task, table)
        return reason and f"apart from jobs of another number of rows: {reason}"

    def size_classes(self, part: Part, fuse: str) -> list[Part]:
        """Return jobs of a part by their batch sizes, as it costs least."""
        sizes = [self._facts(job).size(job.data["batch_size"]) for job in self._jobs(part)]
        if len(set(sizes)) == 1:
            return [part]
        if reason := self._why_batches_differ(part):
            classes = [[n for n, own in enumerate(sizes) if own == size] for size in set(sizes)]
        elif fuse == "always" or accelerator(self.spec.trainer.accelerator) != "cpu":
            return [part]
        else:
            try:
                classes = sizes_together(sizes, self._load(part))
            except ConfigError:  # Its jobs are found to be wrong when they are built.
                return [part]
        if len(classes) == 1:
            return [part]
        return [
            Part(
                [part.places[place] for place in places],
                size_note([sizes[place] for place in places], part.note or reason),
            )
            for places in classes
        ]

    def _why_batches_differ(self, part: Part) -> str:
        """Return why jobs of different batch sizes do not go into one program, or nothing."""
        if self._task.own_loss is not None:
            reason = f"task.loss: {self._task.own_loss.name} may be no mean over rows"
            return f"apart from jobs of another batch size: {reason}"
        table = self._read(self.numbers[part.places[0]]).table("train")
        return self._why_rows_depend(table).replace("number of rows", "batch size", 1)

    def _jobs(self, part: Part) -> list[JobNumbers]:
        return [self.numbers[place] for place in part.places]

    def _facts(self, job: JobNumbers) -> TableFacts:
        return self._tables[table_key(job)]

    def _largest_batch(self, places: Sequence[int]) -> int | None:
        sizes = [self.numbers[place].data["batch_size"] for place in places]
        return None if None in sizes else max(sizes)

    def _load(self, part: Part) -> Load:
        """Return what the jobs of a part train, by a pass through the network in their middle."""
        jobs = sorted(self._jobs(part), key=hidden_sizes)
        middle = jobs[len(jobs) // 2]
        net = self._build(middle)
        inputs = self._read(middle).table("train").inputs[:ROWS_TRIED]
        numbers = kept_for_the_gradient(self._task, net, inputs) / len(inputs)
        parameters = sum(parameter.numel() for parameter in net.parameters())
        rows = max(self._facts(job).rows[0] for job in self._jobs(part))
        return Load(rows, numbers, parameters, max(job.max_epochs for job in self._jobs(part)))

    def width_classes(self, part: Part) -> list[Part]:
        """Return jobs of a part by their hidden sizes, as it costs least."""
        sizes = [hidden_sizes(self.numbers[place]) for place in part.places]
        group = self.first(part.places) if len(set(sizes)) > 1 else None
        costs = None if group is None else costs_of(group)
        if costs is None:
            return [part]
        classes = width_classes(sizes, costs)
        if len(classes) == 1:
            return [part]
        return [
            Part([part.places[place] for place in places], width_note(sizes, places, part.note))
            for places in classes
        ]

    def first(self, places: Sequence[int]) -> Group | None:
        """Return the group of one of these jobs, as heavy as any; None where all are wrong."""
        most = max(places, key=lambda place: self._tables[table_key(self.numbers[place])].rows)
        for kind in self._kinds(places):
            own = self.numbers[kind[0]]
            heavy = heaviest([self.numbers[place] for place in (kind[0], *places)])
            own_data = {"seed": heavy.data["seed"], "batch_size": self._largest_batch(places)}
            heavy = replace(heavy, data={**self.numbers[most].data, **own_data})
            try:
                if hidden_sizes(own) != hidden_sizes(heavy):  # What it is given fits itself alone.
                    self._build(own)
                    heavy = replace(heavy, initial_weights=keys_of(InitialWeights()))
                group = make_group(self.spec, [heavy])
                check_network(self.spec, group.batches.data[0], group.nets[0], group.task)
            except ConfigError as error:
                self.wrong |= dict.fromkeys(kind, error)
                continue
            self._check_lengths(places)
            return group
        return None

    def others(self, places: Sequence[int]) -> None:
        """Build each network that differs from the first job's by more than its seed."""
        for kind in self._kinds(places)[1:]:
            try:
                self._build(self.numbers[kind[0]])
            except ConfigError as error:
                self.wrong |= dict.fromkeys(kind, error)

    def _build(self, job: JobNumbers) -> nn.Module:
        spec = with_model(self.spec, job.model)
        return NetworkBuilder(spec).build(job.seed, InitialWeights(**job.initial_weights))

    def _kinds(self, places: Sequence[int]) -> list[list[int]]:
        """Return the jobs by their initial weights, those that are not wrong.

        By their hidden sizes, too, where those must fit what is given.
        """
        kinds: dict[str, list[int]] = {}
        for place in places:
            if place not in self.wrong:
                job = self.numbers[place]
                weights = job.initial_weights
                is_given = bool(weights["parameters"]) or weights["run"] is not None
                kind = repr((weights, hidden_sizes(job) if is_given else ()))
                kinds.setdefault(kind, []).append(place)
        return list(kinds.values())

    def _check_lengths(self, places: Sequence[int]) -> None:
        known: dict[str, str] = {}
        for place in places:
            job = self.numbers[place]
            steps = self._facts(job).steps(job.data["batch_size"])
            kind = repr((job.scheduler, job.max_epochs, steps))
            if kind not in known:
                length = RunLength(job.max_epochs, steps_per_epoch=steps)
                known[kind] = length_problem(job.scheduler, length, self.cut_short)
            if known[kind]:
                self.wrong.setdefault(place, DoesNotFit(known[kind]))


def why_not_recorded(group: Group) -> str:
    """Return why a step of a group cannot be recorded, or nothing."""
    try:
        engine = Engine(group)
        engine.try_out()
    except CannotFuse as reason:
        return str(reason)
    return ""


class Tables:
    """The data that were read last: most jobs of a sweep have the same."""

    def __init__(self) -> None:
        self._key = ""
        self._data: DataModule | None = None

    def of(self, spec: RunSpec) -> DataModule | None:
        key = self._key_of(spec)
        return self._data if key == self._key else None

    @property
    def description(self) -> Any:
        """Return what the columns of the data are, as a rich table; None where nobody says it."""
        return None if self._data is None else self._data.description()

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
    with garbage_collection.paused_for("seedbed.experiment.training.loading"):
        from seedbed.experiment.training.experiment import build_experiment
        from seedbed.experiment.training.loading import load

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
