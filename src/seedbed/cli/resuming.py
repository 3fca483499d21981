"""`seedbed train resume=RUN [key=value ...]`: a run goes on in its own folder.

Its config is the one that it has saved. What is typed beside it is composed with the words that the
run was begun with, and of all that these together give only what the new words change is taken.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from seedbed.config.groups import config_folder
from seedbed.config.project import key_of, value_of
from seedbed.config.schema import typed as with_types
from seedbed.config.validation import check
from seedbed.runs.folder import RunFolder
from seedbed.runs.resuming.opening import held, open_to_resume
from seedbed.runs.resuming.saved_config import Changes, SavedConfig, differences

# Words of the command that no config is composed of.
_OF_COMMAND = ("resume", "trust")


def resumed(arguments: Sequence[str]) -> str | None:
    """Return what `resume=` says in the arguments of `seedbed train`; None where it says nothing.

    Processes that a run has started are told to go on by the same word, beside their own config.
    """
    if any(word.startswith(("--config-path", "-cp")) for word in arguments):
        return None
    words = [value_of(word) for word in arguments if key_of(word) == "resume"]
    return words[-1] if words and words[-1] not in ("", "null") else None


class Resumption:
    """A run that is about to go on; a context that keeps others from going on with it.

    Args:
        word: what `resume=` says: a folder, or latest.
        words: the other overrides that were typed.
        outputs: folder of all outputs, for the latest.
    """

    def __init__(self, word: str, words: Sequence[str], outputs: str) -> None:
        self.folder: RunFolder = open_to_resume(word, outputs)
        self.words = [word for word in words if key_of(word) not in _OF_COMMAND]
        self._stack = ExitStack()

    def __enter__(self) -> "Resumption":
        self._stack.enter_context(held(self.folder))
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.close()

    def config(self) -> DictConfig:
        """Return the config with which the run goes on, typed and checked, with `hydra`."""
        saved = SavedConfig(self.folder)
        words, choices = saved.words, saved.choices
        changes: Changes = {}
        if self.words:
            before, words = compose(words), merged(words, self.words)
            now = compose(words)
            changes = differences(plain(before), plain(now))
            choices = dict(now.hydra.runtime.choices)
        values = saved.with_changes(changes)
        config = with_types(OmegaConf.create(values))
        path = os.path.abspath(self.folder.path)
        with open_dict(config):
            config.resume = path
            check(config, cut_short=bool(choices.get("debug")))
            config.hydra = hydra_of(path, words, choices)
        return config


def merged(begun: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return the words that a run was begun with, and those that take their place."""
    keys = {key_of(word) for word in words}
    groups = {key_of(w) for w in words if "." not in key_of(w) and not w.startswith("~")}
    kept = [
        word
        for word in begun
        if key_of(word) not in keys and key_of(word).partition(".")[0] not in groups
    ]
    return [*kept, *words]


def compose(words: Sequence[str]) -> DictConfig:
    """Return the config of `seedbed train` with these words; raises what Hydra raises."""
    loader = ConfigLoaderImpl(create_config_search_path(str(config_folder())))
    return loader.load_configuration("train", list(words), RunMode.RUN)


def plain(config: DictConfig) -> dict[str, Any]:
    """Return a composed config as plain values, without `hydra`; interpolations stay."""
    keys = [str(key) for key in config if key != "hydra"]
    values: Any = OmegaConf.to_container(OmegaConf.masked_copy(config, keys), resolve=False)
    return {str(name): value for name, value in values.items()}


def hydra_of(folder: str, words: Sequence[str], choices: dict[str, Any]) -> DictConfig:
    """Return what Hydra would say of a run in this folder."""
    node: DictConfig = OmegaConf.structured(HydraConf)
    with open_dict(node):
        node.mode = RunMode.RUN
        node.run.dir = folder.replace("${", "\\${")
        node.runtime.output_dir = folder.replace("${", "\\${")
        node.runtime.choices = choices
        node.runtime.config_sources = []
        node.overrides.task = list(words)
        node.job.name = "train"
        node.job.chdir = False
    return node


def go_on(
    resumption: Resumption,
    prepare: Callable[[DictConfig], None],
    start: Callable[[DictConfig], object],
) -> None:
    """Check all that can be told beforehand, and let the run go on."""
    config = resumption.config()
    HydraConfig.instance().set_config(config)
    prepare(config)
    task = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    start(task)
