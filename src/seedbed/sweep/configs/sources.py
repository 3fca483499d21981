"""Where the configs of a sweep come from: Hydra's composition, or what a sweep has saved of it.

A sweep that goes on later must not look at the config files again: they may have been edited.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypedDict

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.conf import HydraConf
from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf, open_dict

from seedbed.config.schema import typed
from seedbed.config.trust.config_folders import require_plain_job
from seedbed.config.trust.restriction import restriction
from seedbed.config.trust.saved_config import read_config
from seedbed.errors import ConfigError
from seedbed.experiment.weights.source import name_latest
from seedbed.files import write_atomically
from seedbed.reading.json_files import read_json
from seedbed.runs.provenance.secrets import plain_yaml
from seedbed.runs.record import write_json

MASTER, INDEX = "multirun.yaml", "configs.json"

# Overrides that Hydra composes for: choices of groups, and what is about Hydra itself.
Lines = tuple[str, ...]

# How Hydra runs a job: of a sweep that goes on, which may be a stranger's, as the command says.
_OF_COMMAND = ("job_logging", "hydra_logging", "verbose", "output_subdir")
_OF_COMMAND_FOR_JOB = ("chdir", "env_set", "env_copy")


class Index(TypedDict):
    """What is saved beside the configs: the overrides of each, and what resolvers answered."""

    configs: list[list[str]]
    resolved: list[tuple[str, list[str | int | float | bool], str | int | float | bool]]


class HydraSource:
    """Composes with Hydra, from the config files."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        """`master` is the config of the whole sweep, as a Sweeper's `setup` is given it."""
        assert isinstance(loader, ConfigLoaderImpl)
        self.loader = loader
        self.master = master
        # As by Hydra: evaluated once before the first job, so that all jobs share date and time.
        _ = master.hydra.sweep.dir
        # What the sweep says about Hydra may name other folders of configs.
        words: Any = OmegaConf.to_container(master.hydra.overrides.hydra, resolve=False)
        name = master.hydra.job.config_name
        _, self._repository = loader._parse_overrides_and_create_caching_repo(name, words)

    def is_group(self, name: str) -> bool:
        """Tell whether a name chooses options, such as `model`."""
        return bool(self._repository.group_exists(name))

    def compose(self, lines: Lines) -> DictConfig:
        """Return the config with these overrides; raises what Hydra raises."""
        config = self.loader.load_sweep_config(self.master, list(lines))
        name_latest(config)
        if restriction() is not None:
            require_plain_job(" ".join(lines), config)
        return config


class SavedSource:
    """Reads what `save_configs` wrote; `folder` is the sweep's, which may have been moved.

    What was not saved is composed by `origin`, if there is one. `command` is the config of the
    command that goes on with a sweep: how Hydra runs a job and where data lie is taken from it.
    """

    def __init__(
        self,
        folder: Path,
        saved: Path,
        origin: HydraSource | None = None,
        command: DictConfig | None = None,
    ) -> None:
        """Raises ConfigError where a file is missing or damaged."""
        self.command = command
        self.folder = folder
        self.saved = saved
        self.origin = origin
        index = read_index(saved)
        self._places = {tuple(lines): place for place, lines in enumerate(index["configs"])}
        self._derived: dict[Lines, DictConfig] = {}
        self._groups = {_group(line) for lines in self._places for line in lines}
        self.master = self._typed(folder / MASTER, ())
        cache = OmegaConf.get_cache(self.master)
        for resolver, arguments, value in index["resolved"]:
            cache.setdefault(resolver, {})[tuple(arguments)] = value
        self.moved = os.path.abspath(self.master.hydra.sweep.dir) != os.path.abspath(folder)
        self._place(self.master)

    @property
    def lines(self) -> list[Lines]:
        """The overrides whose configs are saved, in the order of their files."""
        return list(self._places)

    def derive(self, lines: Lines, config: DictConfig) -> None:
        """Take the config of these overrides, which is not saved yet."""
        self._derived[lines] = config
        self._groups |= {_group(line) for line in lines}

    def is_group(self, name: str) -> bool:
        """Tell whether a name chooses options; without an origin, whether it did in a saved job."""
        return self.origin.is_group(name) if self.origin else name in self._groups

    def compose(self, lines: Lines) -> DictConfig:
        """Return the config with these overrides; raises ConfigError where it no longer fits."""
        if lines in self._derived:
            config = self._derived[lines]
        elif lines not in self._places and self.origin is not None:
            config = self.origin.compose(lines)
            self._as_commanded(config)
        else:
            config = self._typed(self.saved / _file(self._places[lines]), lines)
        self._place(config)
        return config

    def _place(self, config: DictConfig) -> None:
        if self.moved:
            config.hydra.sweep.dir = str(self.folder)

    def _typed(self, path: Path, lines: Lines) -> DictConfig:
        """Return a saved config with its types back, which YAML does not keep."""
        loaded = read_config(path)
        try:
            hydra = _typed_hydra(loaded.pop("hydra"))
            added = {line.partition("=")[0] for line in lines if line.startswith("+")}
            extra = {key: loaded.pop(key) for key in list(loaded) if f"+{key}" in added}
            config = typed(loaded)
            with open_dict(config):
                config.update({"hydra": hydra, **extra})
            self._as_commanded(config)
        except Exception as error:  # A file of somebody else's may hold anything.
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ConfigError(f"{path}: does not fit this version: {reason}") from None
        OmegaConf.set_struct(config, True)
        return config

    def _as_commanded(self, config: DictConfig) -> None:
        if self.command is None:
            return
        with open_dict(config):
            for name in _OF_COMMAND:
                config.hydra[name] = self.command.hydra[name]
            for name in _OF_COMMAND_FOR_JOB:
                config.hydra.job[name] = self.command.hydra.job[name]
            config.paths = self.command.paths


def save_master(folder: Path, saved: Path, master: DictConfig) -> None:
    """Write the config of the whole sweep, and what resolvers have answered."""
    _save(folder / MASTER, master)
    resolved = [
        [resolver, list(arguments), value]
        for resolver, answers in OmegaConf.get_cache(master).items()
        for arguments, value in answers.items()
        if all(isinstance(part, str | int | float | bool) for part in (*arguments, value))
    ]
    write_json(saved / INDEX, {"configs": [], "resolved": resolved})


def save_configs(saved: Path, configs: Iterable[tuple[Lines, DictConfig]]) -> None:
    """Write more of the configs that a sweep's jobs are derived from."""
    index = read_index(saved)
    for lines, config in configs:
        _save(saved / _file(len(index["configs"])), config)
        index["configs"].append(list(lines))
    write_json(saved / INDEX, {**index})


def read_index(saved: Path) -> Index:
    """Return what was saved beside the configs; raises ConfigError where it is damaged."""
    return read_json(saved / INDEX, Index)


def _typed_hydra(loaded: DictConfig) -> DictConfig:
    """Return the saved `hydra` with its types and with the keys that it had, in their order."""
    # Hydra's own configs bring keys along that its dataclass does not have.
    known = OmegaConf.structured(HydraConf, flags={"struct": False})
    merged: Any = OmegaConf.merge(known, loaded)
    _order_as(loaded, merged)
    return merged  # type: ignore[no-any-return]


def _order_as(loaded: DictConfig, node: DictConfig) -> None:
    """Leave a node the keys that were loaded, in their order."""
    content = node.__dict__["_content"]
    node.__dict__["_content"] = {name: content[name] for name in loaded}
    for name, below in loaded.items_ex(resolve=False):
        if isinstance(below, DictConfig) and isinstance(below.__dict__["_content"], dict):
            _order_as(below, content[name])


def _group(line: str) -> str:
    """Return the name of the group that a line such as +model@here=mlp chooses of."""
    return line.partition("=")[0].partition("@")[0].lstrip("+~")


def _file(place: int) -> str:
    return f"config-{place}.yaml"


def _save(path: Path, config: DictConfig) -> None:
    write_atomically(path, plain_yaml(OmegaConf.to_yaml(config)).encode())
