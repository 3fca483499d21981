"""Configs of all jobs of a sweep, from the few that it has saved and the words of each job.

Nothing is composed and no interpolation resolved: ten thousand jobs take a tenth of a second.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from seedbed.errors import RunFolderError
from seedbed.page.configs import LEFT_AWAY, flattened, without_secrets
from seedbed.page.part import JobConfig
from seedbed.reading.content import inside
from seedbed.reading.json_files import read_json
from seedbed.reading.yaml_files import read_plain_yaml
from seedbed.runs.folder import run_folder
from seedbed.sweep.job import Job
from seedbed.sweep.results.folder import SweepFolder

INDEX = "configs.json"
# Configs that are read from the folders of jobs, where the words do not lead to one.
MOST_READ = 1_000
_DELETED = object()


class _Index(TypedDict):
    configs: list[list[str]]


class JobConfigs(NamedTuple):
    """Configs of jobs: the bases, and of each job which one it has and what is another in it."""

    bases: list[Mapping[str, Any]]
    configs: list[JobConfig | None]


def job_configs(folder: SweepFolder, jobs: Sequence[Job], folders: Sequence[str]) -> JobConfigs:
    """Return the configs of some jobs.

    Args:
        folder: the sweep's.
        jobs: the jobs, with the words that they have now.
        folders: names of their folders below the sweep's; empty where a job has none.
    """
    bases: list[Mapping[str, Any]] = []
    places: dict[tuple[str, ...], int] = {}
    for place, saved in enumerate(_saved_lines(folder)):
        known = _config(folder, folder.saved / f"config-{place}.yaml")
        if known is not None:
            places[tuple(saved)] = len(bases)
            bases.append(known)
    composed = {line for lines in places for line in lines}
    changes = _Changes()
    configs: list[JobConfig | None] = []
    read = 0
    for job, name in zip(jobs, folders, strict=True):
        lines = tuple(word for word in job.overrides if word in composed)
        words = [word for word in job.overrides if word not in composed]
        if lines in places:
            base = places[lines]
            changed = changes.of(words, bases[base])
            if changed is not None:
                configs.append(JobConfig(base, changed))
                continue
        config = None
        if name and read < MOST_READ:
            read += 1
            config = _config_of_job(folder.path / name, folder)
        configs.append(None if config is None else JobConfig(len(bases)))
        bases += [] if config is None else [config]
    return JobConfigs(bases, configs)


def _saved_lines(folder: SweepFolder) -> list[list[str]]:
    """Return the overrides of the configs that a sweep has saved; none where that is not known."""
    try:
        return read_json(folder.saved / INDEX, _Index)["configs"]
    except RunFolderError:
        return []


def _config_of_job(path: Path, folder: SweepFolder) -> dict[str, Any] | None:
    """Return the config in a job's folder, packed or not, as `_config` does."""
    try:
        job = run_folder(path)
        if not job.is_packed:
            return _config(folder, job.config)
        return flattened(read_plain_yaml(job.config))
    except RunFolderError:
        return None


def _config(folder: SweepFolder, path: Path) -> dict[str, Any] | None:
    """Return a saved config by dotted keys; None where it cannot be read."""
    try:
        inside(folder.path, str(path.relative_to(folder.path)))
        return flattened(read_plain_yaml(path))
    except RunFolderError:
        return None


class _Changes:
    """Changes that the words of jobs make to a config, each word looked at once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Any] | None] = {}

    def of(self, words: Sequence[str], base: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the changes of some words; None where one does more than set a value."""
        changes: dict[str, Any] = {}
        for word in words:
            if word not in self._known:
                self._known[word] = _parsed(word)
            known = self._known[word]
            if known is None:
                return None
            key, value = known
            if key.partition(".")[0] in LEFT_AWAY:
                continue
            if key not in base and _is_above(key, base):
                return None
            # As the types of the schema have it.
            is_real = isinstance(base.get(key), float) and type(value) is int
            changes[key] = float(value) if is_real else value
        return changes


def _is_above(key: str, base: Mapping[str, Any]) -> bool:
    """Return whether a key names a node with keys of its own."""
    start = f"{key}."
    return any(name.startswith(start) for name in base)


def _parsed(word: str) -> tuple[str, Any] | None:
    """Return key and value of an override that sets one; None of any other, as Hydra reads it."""
    key, _, text = word.partition("=")
    if key.startswith("~") or "@" in key or key.lstrip("+").startswith("hydra."):
        return None
    key = key.lstrip("+")
    number = _number(text)
    if number is not None:
        return key, number
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        [override] = OverridesParser.create().parse_overrides([word])
        value = override.value()
    except (HydraException, ValueError, RecursionError):
        return None
    if override.is_sweep_override() or isinstance(value, dict):
        return None
    return key, without_secrets(key, value)


def _number(text: str) -> int | float | None:
    """Return a plain number; Hydra's grammar takes half a millisecond for one."""
    if not text or text[-1] not in "0123456789.":
        return None
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return None
