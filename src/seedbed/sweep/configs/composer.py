"""The config of each job of a sweep, as Hydra would compose it, and the files of its `.hydra`.

Hydra composes once for every choice of groups. What else the overrides of a job change is changed
in place, by Hydra's own code.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType, ValueType
from omegaconf import DictConfig, OmegaConf

from seedbed.errors import ConfigError
from seedbed.runs.hydra_job import is_number, name_of_job
from seedbed.runs.provenance.secrets import plain_yaml
from seedbed.sweep.configs.composed_config import ComposedConfig, Undo
from seedbed.sweep.configs.sources import HydraSource, Lines, SavedSource, save_configs, save_master
from seedbed.sweep.configs.yaml_text import item_text
from seedbed.sweep.job import Job

# Held by the thread that changes what HydraConfig holds, of which a process has but one: units may
# run in the process whose other thread takes the results of those before.
HYDRA_CONFIG = RLock()
# A config with what belongs to it takes some megabytes.
MOST_CONFIGS = 64


class Composer:
    """Composer of the jobs of one sweep."""

    def __init__(self, source: HydraSource | SavedSource) -> None:
        self.source = source
        self.master = source.master
        # The overrides that had to be composed for, so far.
        self.composed: dict[Lines, None] = {}
        self._parser = OverridesParser.create()
        self._parsed_overrides: dict[str, _ParsedOverride] = {}
        self._bases: dict[Lines, ComposedConfig] = {}

    def save(self, folder: Path, saved: Path) -> None:
        """Write what all jobs so far are derived from, and derive them from the files from now on.

        `folder` is the sweep's. What was written before stays as it is.
        """
        source = self.source
        known = source.lines if isinstance(source, SavedSource) else []
        new = [lines for lines in self.composed if lines not in known]
        if known and not new:
            return
        if isinstance(source, HydraSource):
            save_master(folder, saved, self.master)
        save_configs(saved, ((lines, self._base(lines).config) for lines in new))
        origin = source.origin if isinstance(source, SavedSource) else source
        command = source.command if isinstance(source, SavedSource) else None
        self.source = SavedSource(folder, saved, origin, command)

    def compose_new(self, loader: ConfigLoader) -> None:
        """Let Hydra compose jobs that a sweep which goes on has not saved, from its own command."""
        source = self.source
        if isinstance(source, SavedSource) and source.origin is None:
            origin = HydraSource(loader, self.master)
            self.source = SavedSource(source.folder, source.saved, origin, source.command)

    @contextmanager
    def applied(self, job: Job) -> Iterator[DictConfig]:
        """Give the job's config, `hydra` included, for as long as the context lasts.

        It is to be read, and shared by all jobs: one at a time, from one thread. Meanwhile it is
        what HydraConfig holds; another thread waits. Raises what Hydra raises where it cannot be
        composed.
        """
        with self._applied(job) as (base, _):
            yield base.config

    def config(self, job: Job) -> DictConfig:
        """Return the job's config, `hydra` included, as a copy of its own."""
        with self.applied(job) as config:
            copied = deepcopy(config)
        OmegaConf.set_readonly(copied.hydra, True)
        return copied

    def folder_name(self, job: Job) -> str:
        """Return the name of the job's folder below that of the sweep; it may lead out of it."""
        lines = self.composed_lines(job)
        if lines in self._bases and is_number(self._bases[lines].config):
            return str(job.number)  # Whatever else its words change.
        with self.applied(job) as config:
            return name_of_job(config)

    @contextmanager
    def described(self, job: Job) -> Iterator["Description"]:
        """Give what is to be known of a job, for as long as the context lasts (see `applied`)."""
        with self._applied(job) as (base, changes):
            words = map(self._parsed, job.overrides)
            tasks = [word.line for word in words if not word.override.is_hydra_override()]
            texts = {
                "config.yaml": base.config_text(changes),
                "hydra.yaml": base.hydra_text(tasks),
                "overrides.yaml": "".join(map(item_text, tasks)) or "[]\n",
            }
            texts = {name: plain_yaml(text) for name, text in texts.items()}
            resolved = partial(base.resolved_text, changes)
            yield Description(
                base.config, base.choices, tasks, texts, lambda: plain_yaml(resolved())
            )

    def texts(self, job: Job) -> dict[str, str]:
        """Return what Hydra would write to the job's `.hydra`: file name -> text."""
        with self.described(job) as description:
            return description.texts

    @contextmanager
    def _applied(self, job: Job) -> Iterator[tuple[ComposedConfig, list[Override]]]:
        with HYDRA_CONFIG:
            yield from self._changed_for(job)

    def _changed_for(self, job: Job) -> Iterator[tuple[ComposedConfig, list[Override]]]:
        undo = Undo()
        base, changes = self._changed(job, undo)
        if base.busy:
            raise RuntimeError("one job at a time: the config of another is still in use")
        base.busy, before = True, HydraConfig.instance().cfg
        # Without the copy that Hydra makes; read through HydraConfig.get() it is the same.
        HydraConfig.instance().cfg = base.config  # type: ignore[assignment]
        try:
            if OmegaConf.get_cache(base.config) != OmegaConf.get_cache(self.master):
                OmegaConf.copy_cache(self.master, base.config)
            base.label(job.number, [self._parsed(word).override for word in job.overrides], undo)
            yield base, changes
        finally:
            HydraConfig.instance().cfg = before
            base.busy = False
            undo.restore()

    def _changed(self, job: Job, undo: Undo) -> tuple[ComposedConfig, list[Override]]:
        """Return a base with the job's changes made, and which these are."""
        try:
            words = [self._parsed(word) for word in job.overrides]
            changes = [word.override for word in words if not word.is_composed]
            base = self._base(self.composed_lines(job))
            if not base.busy:
                base.change(changes, undo)
        except ConfigError:  # What was saved does not fit any more.
            undo.restore()
            raise
        except Exception:
            undo.restore()
            # What Hydra alone makes of the job; as a rule it raises, and in its own words.
            return self._base(job.overrides), []
        return base, changes

    def composed_lines(self, job: Job) -> Lines:
        """Return the overrides of a job that Hydra composes for."""
        words = map(self._parsed, job.overrides)
        return tuple(word.line for word in words if word.is_composed)

    def _base(self, lines: tuple[str, ...]) -> ComposedConfig:
        if lines not in self._bases:
            config = self.source.compose(lines)
            self.composed[lines] = None
            if len(self._bases) >= MOST_CONFIGS:
                del self._bases[next(iter(self._bases))]
            self._bases[lines] = ComposedConfig(config)
        return self._bases[lines]

    def _parsed(self, line: str) -> "_ParsedOverride":
        if line not in self._parsed_overrides:
            override = plain_number(line) or self._parser.parse_overrides([line])[0]
            self._parsed_overrides[line] = _ParsedOverride(
                line, override, self._is_composed(override)
            )
        return self._parsed_overrides[line]

    def _is_composed(self, override: Override) -> bool:
        """Tell whether Hydra has to compose for this override: it chooses or is about Hydra."""
        key = override.key_or_group
        if override.is_sweep_override() or re.match(r"hydra\b", key):
            return True
        return not isinstance(override.value(), dict) and self.source.is_group(key)


class Description(NamedTuple):
    """A job's config, the options it chose by group, its overrides, and the texts of `.hydra`.

    `resolved` returns that of resolved.yaml, which not every job has; asked within the context.
    """

    config: DictConfig
    choices: dict[str, str]
    overrides: list[str]
    texts: dict[str, str]
    resolved: Callable[[], str]


class _ParsedOverride(NamedTuple):
    """An override, and whether Hydra has to compose for it."""

    line: str
    override: Override
    is_composed: bool


_NUMBER = re.compile(
    r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)=(?:(0|[1-9][0-9]*)|(-?[0-9]+\.[0-9]+(?:e-?[0-9]+)?|-?[0-9]+e-?[0-9]+))",
    re.ASCII,
)


def plain_number(line: str) -> Override | None:
    """Return an override such as seed=3 or optimizer.lr=1e-05 as Hydra parses it.

    That takes Hydra half a millisecond, and the trials of a search have few words in common.
    """
    match = _NUMBER.fullmatch(line)
    if match is None:
        return None
    number = int(match[2]) if match[2] is not None else float(match[3])
    return Override(OverrideType.CHANGE, match[1], ValueType.ELEMENT, number, input_line=line)
