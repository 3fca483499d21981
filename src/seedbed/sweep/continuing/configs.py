"""Configs of jobs that go on with another option of a group, such as another schedule.

Of what the config files say by now only that is taken which the new words change.
"""

import os
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from seedbed.config.composition_errors import explain
from seedbed.config.groups import config_folder
from seedbed.config.schema import typed
from seedbed.config.trust.config_folders import own_folders_of
from seedbed.errors import ConfigError
from seedbed.runs.resuming.saved_config import changed, differences
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.sources import HydraSource, SavedSource
from seedbed.sweep.job import Job, Words
from seedbed.sweep.results.continuations import continued


def derive_configs(
    composer: Composer, jobs: Sequence[Job], words: Words, loader: ConfigLoader, master: DictConfig
) -> None:
    """Let the composer know what jobs are derived from that go on with these words."""
    source = composer.source
    assert isinstance(source, SavedSource)
    origin = HydraSource(loader, master)
    choices = [word for word in words if _chooses(origin, word)]
    if not choices:
        return
    for lines in {composer.composed_lines(job) for job in jobs}:
        kept = continued(Job(0, lines), tuple(choices)).overrides
        config = deepcopy(source.compose(lines))
        before = _composed_as_begun(origin, lines)
        now = origin.compose(kept)
        values = changed(_plain(config), differences(_plain(before), _plain(now)))
        derived = typed(OmegaConf.create(values))
        with open_dict(derived):
            derived.hydra = config.hydra
            derived.hydra.runtime.choices = now.hydra.runtime.choices
        OmegaConf.set_struct(derived, True)
        source.derive(kept, derived)


def loader_as_begun(composer: Composer, loader: ConfigLoader, master: DictConfig) -> ConfigLoader:
    """Return a loader that finds the config folders of the user's own that a sweep was begun with.

    Args:
        composer: Composer of the sweep.
        loader: Loader of the command, which is returned where it names folders itself.
        master: Config of the command.
    """
    folders = own_folders_of(composer.master)
    if own_folders_of(master) or not folders:
        return loader
    path = create_config_search_path(str(config_folder()))
    for folder in reversed(folders):
        path.prepend("command-line", f"file://{os.path.abspath(folder)}")
    return ConfigLoaderImpl(path)


def _composed_as_begun(origin: HydraSource, lines: Words) -> DictConfig:
    """Return the config of jobs as they were begun; ConfigError where that is not found."""
    try:
        return origin.compose(lines)
    except Exception as error:
        raise ConfigError(
            f"{explain(error, 'train', lines)}\nbeside new words, those that the sweep was begun "
            "with are composed again; if they are of configs of yours: --config-dir=DIR"
        ) from None


def _chooses(origin: HydraSource, word: str) -> bool:
    override = OverridesParser.create().parse_override(word)
    return isinstance(override.value(), str) and origin.is_group(override.key_or_group)


def _plain(config: DictConfig) -> dict[str, Any]:
    task = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
    values: Any = OmegaConf.to_container(task, resolve=False)
    return {str(name): value for name, value in values.items()}
