"""As `tests.experiments`, for files of many runs, which else spend most of their time in Hydra.

A choice of options is composed once; keys are set on a copy of it.
"""

from copy import deepcopy
from functools import cache
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf
from tests.experiments import built_of, finished
from yaml import safe_load

from seedbed.config.groups import LISTED, config_folder
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema import register_schema
from seedbed.config.validation import check
from seedbed.experiment.run import Experiment


@cache
def _chosen(groups: tuple[str, ...]) -> DictConfig:
    register_resolvers()
    register_schema()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return compose("train", overrides=list(groups))


def _is_choice(override: str) -> bool:
    return override.partition("=")[0].lstrip("+").partition("@")[0] in LISTED


def composed(*overrides: str) -> DictConfig:
    """Return the checked config that `seedbed train OVERRIDES` would use."""
    config = deepcopy(_chosen(tuple(one for one in overrides if _is_choice(one))))
    for override in overrides:
        if not _is_choice(override):
            key, _, value = override.lstrip("+").partition("=")
            OmegaConf.update(config, key, safe_load(value), force_add=override.startswith("+"))
    check(config)
    return config


def built(folder: Path, *overrides: str) -> Experiment:
    """Return the objects of a run, with its config saved as Hydra would."""
    return built_of(composed("callbacks=quiet", *overrides), folder, *overrides)


def trained(folder: Path, *overrides: str) -> Experiment:
    """Train in this process and return the objects."""
    return finished(built(folder, *overrides))
