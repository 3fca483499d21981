"""The way in which tests compose a config: as `seedbed VERB OVERRIDES` would.

Hydra takes 0.1 s and more for each composition, so it composes a choice of options once; keys are
set on a copy of that, with the values that Hydra reads from the words.
"""

from copy import deepcopy
from functools import cache

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from seedbed.config.groups import LISTED, config_folder
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema import register_schema
from seedbed.config.spec import RunSpec, run_spec
from seedbed.config.validation import check
from seedbed.experiment.inferred_facts import register_inferred


@cache
def _chosen(verb: str, options: tuple[str, ...]) -> DictConfig:
    register_resolvers()
    register_inferred()
    register_schema()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return compose(verb, overrides=list(options))


def _is_choice(override: str) -> bool:
    group = override.partition("=")[0].lstrip("+~").partition("@")[0]
    return override.startswith("~") or group in LISTED


def unchecked(*overrides: str, verb: str = "train") -> DictConfig:
    """Return the config of a verb as Hydra composes it."""
    config = deepcopy(_chosen(verb, tuple(word for word in overrides if _is_choice(word))))
    parser = OverridesParser.create()
    for word in overrides:
        if not _is_choice(word):
            override = parser.parse_override(word)
            OmegaConf.update(config, override.key_or_group, override.value(), force_add=True)
    return config


def composed(*overrides: str, verb: str = "train") -> DictConfig:
    """Return the config of a verb, checked."""
    config = unchecked(*overrides, verb=verb)
    check(config)
    return config


def specified(*overrides: str) -> RunSpec:
    """Return the spec of a run."""
    return run_spec(composed(*overrides))
