"""Which jobs train side by side, and why the others do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from omegaconf import DictConfig

from seedbed.config.groups import LABELS
from seedbed.config.instantiation import target_of
from seedbed.config.schema import schema_targets
from seedbed.config.spec import DataFacts, run_spec
from seedbed.engines.fused.network_state import CannotFuse
from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job
from seedbed.sweep.planning.compatibility import (
    is_plain,
    key_of,
    may_differ,
    shared_values,
    shared_words,
    why_alone,
)
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import JobNumbers, hidden_sizes, numbers_of
from seedbed.sweep.planning.memory.chunk_sizes import LARGEST_CHUNK, chunk_size
from seedbed.sweep.planning.rehearsal import Part, Rehearsal, Tables, why_not_recorded
from seedbed.sweep.planning.sharing.workers import NO_WORKERS, Sharing
from seedbed.sweep.planning.speedup import (
    LONELY,
    UNLIKE,
    why_it_does_not_pay,
    why_its_step_does_not_pay,
)


@dataclass(frozen=True)
class PlannedGroup:
    """Jobs that share a program. `reason` says why they train one after another, or is empty.

    `chunk_size` are the jobs that train as one program at most. `note` says why they are apart from
    others that differ in numbers alone, where that asks for a word. `wrong` says why jobs are left
    out, by their numbers. So many `lanes` beside each other stay together: those of a trial. The
    jobs are in a multiple of so many `parts`.
    """

    jobs: list[Job]
    numbers: list[JobNumbers]
    reason: str
    chunk_size: int = LARGEST_CHUNK
    note: str = ""
    wrong: Mapping[int, ConfigError] = field(default_factory=dict)
    lanes: int = 1
    parts: int = 1

    def chunks(self) -> list[list[Job]]:
        """Return the jobs in parts that train together, no part more than a job larger."""
        blocks = len(self.jobs) // self.lanes
        needed = -(-blocks // max(1, self.chunk_size // self.lanes))
        parts = min(blocks, -(-needed // self.parts) * self.parts)
        bounds = pairwise(part * blocks // parts * self.lanes for part in range(parts + 1))
        return [self.jobs[start:end] for start, end in bounds]


def make_plan(composer: Composer, jobs: Sequence[Job], fuse: str) -> list[PlannedGroup]:
    """Return the jobs in groups; `fuse` is auto, always or never."""
    alone: dict[str, list[Job]] = {}
    # By the values that a group shares, and the number of hidden layers, which may differ in size.
    groups: dict[tuple[str, int], list[tuple[Job, JobNumbers]]] = {}
    kinds = _Kinds()
    for job in jobs:
        with composer.applied(job) as config:
            kind = kinds.of(job, config)
            reason = "sweep.fuse=never" if fuse == "never" else kind.reason
            if reason:
                alone.setdefault(reason, []).append(job)
                continue
            shared = shared_values(config) if kind.like is None else kind.shared
            numbers = numbers_of(config, kind.like)
            layers = len(hidden_sizes(numbers))
            groups.setdefault((shared, layers), []).append((job, numbers))
    planned = [_paying(composer, group, fuse) for group in groups.values()]
    return planned + [PlannedGroup(group, [], reason) for reason, group in alone.items()]


def numbers_of_jobs(composer: Composer, jobs: Sequence[Job]) -> list[JobNumbers]:
    """Return what each job of a group has for itself."""
    kinds, numbers = _Kinds(), []
    for job in jobs:
        with composer.applied(job) as config:
            numbers.append(numbers_of(config, kinds.of(job, config).like))
    return numbers


class _Kind(NamedTuple):
    """Kind of jobs that differ in overrides of seed, optimizer and model alone, and in labels.

    `reason` says why they train alone, or is empty. `like` is one of them, where all that differs
    can be told from those words; then `shared` are the values in which their group agrees.
    """

    reason: str
    like: JobNumbers | None
    shared: str = ""


class _Kinds:
    """Kinds of jobs; one job of each is looked at closely, which saves most of a plan's time."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], _Kind] = {}

    def of(self, job: Job, config: DictConfig) -> _Kind:
        others = tuple(
            word for word in job.overrides if not _is_number_or_label(key_of(word), config)
        )
        if others not in self._known:
            reason = why_alone(config)
            plain = not reason and is_plain(config)
            like = numbers_of(config) if plain else None
            self._known[others] = _Kind(reason, like, _shared(job, like, config) if like else "")
        return self._known[others]


def _shared(job: Job, like: JobNumbers, config: DictConfig) -> str:
    """Return what the other jobs of a group must have as well, where no key follows another.

    But for the facts of data, which may follow from the rows.
    """
    facts = {name: like.data.get(name) for name in DataFacts.__dataclass_fields__}
    return repr((shared_words(job, config), facts))


def _paying(composer: Composer, group: Sequence[tuple[Job, JobNumbers]], fuse: str) -> PlannedGroup:
    jobs, numbers = [job for job, _ in group], [number for _, number in group]
    reason = ""
    if fuse == "auto":
        narrow, _ = min(group, key=lambda job: sum(hidden_sizes(job[1])))
        with composer.applied(narrow) as config:
            reason = why_it_does_not_pay(config, len(jobs))
    return PlannedGroup(jobs, [] if reason else numbers, reason)


def rehearsed(
    composer: Composer,
    group: PlannedGroup,
    fuse: str,
    most: int,
    tables: Tables | None = None,
    sharing: Sharing = NO_WORKERS,
) -> list[PlannedGroup]:
    """Return the jobs of a group by what their tables are, with the size of their chunks.

    A chunk has `most` jobs at most. Every network and table that differs is built once: some
    mistakes show only then, and jobs that have them are left out. `tables` are given what was read.
    """
    if group.reason:
        return [group]
    with composer.applied(group.jobs[0]) as config:
        spec = run_spec(config)
        debugs = bool(config.hydra.runtime.choices.get("debug"))
    rehearsal = Rehearsal(spec, group.numbers, debugs)
    parts = [
        of_size for part in rehearsal.parts() for of_size in rehearsal.size_classes(part, fuse)
    ]
    if fuse == "auto":
        parts = [of_width for part in parts for of_width in rehearsal.width_classes(part)]
    asked = _Asked(fuse, most, tables, sharing)
    planned = [_planned(composer, group, rehearsal, part, asked) for part in parts]
    wrong = {group.jobs[place].number: error for place, error in rehearsal.wrong.items()}
    return [*planned, PlannedGroup([], [], "", wrong=wrong)] if wrong else planned


class _Asked(NamedTuple):
    """What is asked of the plan of a group, as `rehearsed` takes it."""

    fuse: str
    most: int
    tables: Tables | None
    sharing: Sharing


def _planned(
    composer: Composer,
    group: PlannedGroup,
    rehearsal: Rehearsal,
    part: Part,
    asked: _Asked,
) -> PlannedGroup:
    with composer.applied(group.jobs[part.places[0]]) as config:
        rehearsal.spec = run_spec(config)
    single = rehearsal.first(part.places)
    reason, size = "", LARGEST_CHUNK
    if single is not None:
        if asked.tables is not None:
            asked.tables.keep(rehearsal.spec, single.batches.data[0])
        if asked.fuse == "auto":
            reason = _lonely(rehearsal, part) or why_its_step_does_not_pay(single)
        if not reason:
            rehearsal.others(part.places)
            reason = _why_not_recorded(rehearsal, part, asked.fuse)
    places = part.places
    if single is not None and not reason:
        try:
            numbers = [group.numbers[place] for place in places]
            size = chunk_size(single, numbers, asked.most, asked.sharing)
        except CannotFuse as refusal:
            reason = str(refusal)
    right = [place for place in places if place not in rehearsal.wrong]
    numbers = [] if reason else [group.numbers[place] for place in right]
    note = "" if reason else part.note
    return PlannedGroup([group.jobs[place] for place in right], numbers, reason, size, note)


def _lonely(rehearsal: Rehearsal, part: Part) -> str:
    """Return why a job is by itself, or nothing of several."""
    if len(part.places) > 1:
        return ""
    sizes = {hidden_sizes(job) for job in rehearsal.numbers}
    return LONELY if len(sizes) == 1 else UNLIKE


def _why_not_recorded(rehearsal: Rehearsal, part: Part, fuse: str) -> str:
    """Return why a step cannot be recorded, or nothing; of Seedbed's own networks that is known."""
    spec, jobs = rehearsal.spec, rehearsal.numbers
    right = [place for place in part.places if place not in rehearsal.wrong]
    if not right or (fuse != "always" and target_of(spec.model) in schema_targets()):
        return ""
    # Two that differ in more than their tensors do not go together.
    first, last = (jobs[place] for place in (right[0], right[-1]))
    return why_not_recorded(make_group(spec, [first] if first is last else [first, last]))


def _is_number_or_label(key: str, config: DictConfig) -> bool:
    known = key in ("seed", "data.seed", *LABELS) or key.startswith(("optimizer.", "model."))
    return known and may_differ(key, config)
