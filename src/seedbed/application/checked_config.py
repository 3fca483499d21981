"""The config of a training run, composed and checked as before the run, of which nothing begins."""

import os
from typing import Any

from hydra.core.utils import setup_globals
from hydra.errors import SearchPathException
from omegaconf import DictConfig, OmegaConf

from seedbed.application.before_run import check_config
from seedbed.application.flags import overrides_among
from seedbed.application.kept_sources import forget_kept_sources
from seedbed.application.resuming import compose
from seedbed.application.running import Command, arguments_of, composing, refusal
from seedbed.config.composition_errors import explain
from seedbed.config.overrides import refuse_repeated_keys, trusted_modules
from seedbed.config.project import CONFIG_NAME, named_config_folder, value_of
from seedbed.config.trust.config_folders import require_own_or_trusted
from seedbed.errors import ConfigError, of_a_path, out_of_memory
from seedbed.experiment.weights.source import name_latest
from seedbed.runs.hydra_job import interpolated_as_in_run


def checked_config(command: Command) -> dict[str, Any]:
    """Return the values of a command's config, without `hydra`; interpolations are resolved.

    Raises ConfigError as the command would, whether its words or a config file are wrong.
    """
    overrides: list[str] = []
    try:
        arguments = arguments_of(command)
        overrides = overrides_among("train", arguments)
        refuse_repeated_keys(overrides)
        trust = trusted_modules(overrides)
        setup_globals()
        with composing(arguments, trust):
            config = _composed(arguments, overrides)
            require_own_or_trusted(config, trust)
            with interpolated_as_in_run(config):
                check_config(config)
                for key in ("resume", "schedule_of"):
                    if config[key] is not None:
                        raise ConfigError(f"{key}: composes no config; a run's folder has its own")
                name_latest(config)
                return _values(config)
    except Exception as error:
        told = of_a_path(error) or out_of_memory(error) or error
        raise refusal(explain(told, "train", overrides), command) from None
    finally:
        forget_kept_sources()


def _composed(arguments: list[str], overrides: list[str]) -> DictConfig:
    folder, others = named_config_folder(arguments)
    if folder is not None and not folder.is_dir():
        path = os.path.abspath(folder)
        raise SearchPathException(f"Additional config directory '{path}' not found")
    return compose(overrides, [] if folder is None else [str(folder)], _name_among(others))


def _name_among(words: list[str]) -> str:
    """Return the name of the config that the flags say."""
    named = "train"
    for number, word in enumerate(words):
        if word in CONFIG_NAME and number + 1 < len(words):
            named = words[number + 1]
        elif word.startswith(f"{CONFIG_NAME[0]}="):
            named = value_of(word)
    return named


def _values(config: DictConfig) -> dict[str, Any]:
    keys = [str(key) for key in config if key != "hydra"]
    values: Any = OmegaConf.to_container(OmegaConf.masked_copy(config, keys), resolve=True)
    return {str(name): value for name, value in values.items()}
