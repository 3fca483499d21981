"""Which folders of configs are the user's own.

Own are the working folder, that of the project file, and what lies below them, where it belongs to
this user and is no part of a run's or a sweep's folder. Configs from elsewhere may name only what
is allowed or trusted.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.groups import config_folder
from seedbed.config.project import RECORDS
from seedbed.config.trust.module_path import folders
from seedbed.config.trust.restriction import require_trusted
from seedbed.errors import ConfigError

# Set for the processes that a run starts: the folder of its own config, which they read.
OWN_CONFIG = "SEEDBED_OWN_CONFIG"
# What Hydra makes, or does, for every command.
_OF_HYDRA = ("callbacks", "launcher", "sweeper", "job_logging", "hydra_logging")


def foreign_folder(config: DictConfig) -> str | None:
    """Return a folder that a config was composed from and that is not the user's own."""
    sources = config.hydra.runtime.config_sources
    paths = [str(source.path) for source in sources if source.schema == "file"]
    return next((path for path in paths if path and not is_own(path)), None)


def is_own(folder: str) -> bool:
    """Return whether a folder of configs is Seedbed's or the user's own."""
    path = Path(os.path.realpath(folder))
    if path == Path(os.path.realpath(config_folder())) or str(path) == os.environ.get(OWN_CONFIG):
        return True
    tops = [Path(os.path.realpath(top)) for top in folders()]
    for top in tops:
        if path.is_relative_to(top):
            between = [path, *(parent for parent in path.parents if parent.is_relative_to(top))]
            return _belongs_to_user(path, top) and not _records(between)
    return False


def own_folders_of(saved: DictConfig) -> list[str]:
    """Return the folders that a saved config was composed from and that are the user's own.

    Those that Seedbed brings are not among them; `saved` holds `hydra`.
    """
    sources: Any = OmegaConf.select(saved, "hydra.runtime.config_sources") or []
    paths = [str(source.get("path")) for source in sources if source.get("schema") == "file"]
    shipped = os.path.realpath(config_folder())
    return [
        path
        for path in paths
        if os.path.isdir(path) and os.path.realpath(path) != shipped and is_own(path)
    ]


def _belongs_to_user(path: Path, top: Path) -> bool:
    try:
        return path.stat().st_uid in (os.getuid(), top.stat().st_uid)
    except OSError:
        return True  # Hydra says that it is not there.


def _records(folders: Iterable[Path]) -> bool:
    return any(os.path.exists(folder / record) for folder in folders for record in RECORDS)


def require_own_or_trusted(config: DictConfig, trust: Iterable[str]) -> bool:
    """Return whether a config was composed from the user's own folders alone.

    Raises RunFolderError where it was not, and tells Hydra to make what is not trusted, and
    ConfigError where it would change environment variables.
    """
    folder = foreign_folder(config)
    if folder is None:
        return True
    raw = {
        str(name): OmegaConf.to_container(node, resolve=False)
        for name, node in config.items_ex(resolve=False)
        if OmegaConf.is_config(node) and name != "hydra"
    }
    hydra = OmegaConf.to_container(OmegaConf.masked_copy(config.hydra, [*_OF_HYDRA]), resolve=False)
    require_trusted(folder, list(trust), {**raw, "hydra": hydra}, resolved=False)
    require_plain_job(folder, config)
    return False


def require_plain_job(source: object, config: DictConfig) -> None:
    """Raise ConfigError where a job would change environment variables, which steer libraries."""
    for name in ("env_set", "env_copy"):
        if config.hydra.job.get(name):
            raise ConfigError(
                f"{source}: hydra.job.{name} changes the environment; set it before the command"
            )
