"""What Hydra's config says of a job: its words, its folder, and what is written there."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, ValueNode, read_write

from seedbed.errors import ConfigError
from seedbed.runs.folder import HYDRA, RunFolder
from seedbed.runs.provenance.secrets import plain_yaml

UNKNOWN = "${"
SUBDIR = ("hydra", "sweep", "subdir")
# Interpolations whose value depends on when, where or as which job they are resolved.
PASSING = re.compile(r"\$\{\s*(?!mul:|oc\.(?!env:)|oc\.env:SEEDBED_)[\w.]+\s*:")


@contextmanager
def _interpolated(config: DictConfig) -> Iterator[None]:
    from hydra.core.hydra_config import HydraConfig  # Completion needs a path of this room alone.

    before = HydraConfig.instance().cfg
    HydraConfig.instance().cfg = config  # type: ignore[assignment]
    try:
        yield
    finally:
        HydraConfig.instance().cfg = before


@contextmanager
def interpolated_as_in_run(config: DictConfig) -> Iterator[None]:
    """Let `${hydra:...}` give what it will give in the run, before Hydra has set it."""
    with _interpolated(config):
        with read_write(config.hydra.runtime):
            folder = os.path.abspath(str(OmegaConf.select(config, "hydra.run.dir")))
            config.hydra.runtime.output_dir = folder
        yield


def resolve_sweep_folder(config: DictConfig) -> None:
    """Put the path into `hydra.sweep.dir` in place of `${hydra:...}`, which Hydra has not set."""
    if "${hydra:" in str(raw_value(config, ("hydra", "sweep", "dir"))).replace(" ", ""):
        with _interpolated(config), read_write(config.hydra.sweep):
            config.hydra.sweep.dir = str(config.hydra.sweep.dir)


@contextmanager
def secrets_left_out() -> Iterator[None]:
    """Let Hydra write the configs of jobs without passwords, keys and tokens for a while."""
    from hydra.core import utils

    save = utils._save_config

    def saved(cfg: DictConfig, filename: str, output_dir: Path) -> None:
        output_dir.mkdir(parents=True, exist_ok=True)
        text = plain_yaml(OmegaConf.to_yaml(cfg))
        (output_dir / filename).write_text(text, encoding="utf-8")

    utils._save_config = saved
    try:
        yield
    finally:
        utils._save_config = save


def require_hydra_folder(config: DictConfig) -> None:
    """Raise ConfigError where the config of a run would lie elsewhere than the verbs look."""
    if raw_value(config, ("hydra", "output_subdir")) == HYDRA:
        return
    if config.hydra.output_subdir != HYDRA:
        raise ConfigError(
            f"hydra.output_subdir={config.hydra.output_subdir}: a run keeps its config in {HYDRA}, "
            "where evaluate and predict look for it; leave this out"
        )


def written_by_run(folder: Path, config: DictConfig, job_name: str) -> Iterator[Path]:
    """Yield the files in a folder that the run with this config writes."""
    callbacks = config.callbacks if "callbacks" in config else {}
    return RunFolder(folder).written(map(str, callbacks), job_name)


def raw_value(config: DictConfig, path: Sequence[str]) -> Any:
    """Return a value without resolving it; UNKNOWN where it cannot be reached."""
    node: Any = config
    for name in path:
        reachable = isinstance(node, DictConfig) and isinstance(node.__dict__["_content"], dict)
        node = node.__dict__["_content"].get(name) if reachable else None
    return node._value() if isinstance(node, ValueNode) else UNKNOWN


def is_number(config: DictConfig) -> bool:
    """Return whether the name of a job's folder is its number."""
    return bool(raw_value(config, SUBDIR) == "${hydra.job.num}")


def name_of_job(config: DictConfig) -> str:
    """Return the name of a job's folder below that of its sweep; it may lead out of it."""
    if is_number(config):  # As nearly always; resolving it takes OmegaConf longer.
        return str(raw_value(config, ("hydra", "job", "num")))
    return os.path.normpath(str(config.hydra.sweep.subdir))


def resolved_text(config: DictConfig) -> str:
    """Return a job's config with its interpolations resolved, as YAML, without `hydra`."""
    keys = [str(key) for key in config if key != "hydra"]
    text: str = OmegaConf.to_yaml(OmegaConf.masked_copy(config, keys), resolve=True)
    return text
