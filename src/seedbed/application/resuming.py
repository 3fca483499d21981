"""`seedbed train resume=RUN [key=value ...]`: a run goes on in its own folder.

Its config is the one that it has saved. What is typed beside it is composed with the words that the
run was begun with, and of all that these together give only what the new words change is taken.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.conf import HydraConf
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from seedbed.config.changes import refuse_fixed
from seedbed.config.composition_errors import explain
from seedbed.config.groups import COMMAND_LINE_ONLY, config_folder
from seedbed.config.overrides import typed_word
from seedbed.config.project import key_of, named_config_folder, value_of
from seedbed.config.schema import typed as with_types
from seedbed.config.schema.own_module import (
    groups_without_effect,
    is_chosen,
    words_without_effect,
)
from seedbed.config.trust.config_folders import own_folders_of
from seedbed.config.trust.restriction import require_trusted, restriction
from seedbed.config.validation import check
from seedbed.errors import ConfigError
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import use_own_folders
from seedbed.runs.resuming.opening import held, open_to_resume, require_ended
from seedbed.runs.resuming.saved_config import (
    Changes,
    SavedConfig,
    differences,
    full_key,
)
from seedbed.runs.resuming.taking_up import is_changeable
from seedbed.terminal.words import relative

# Words of the command that no config is composed of.
_OF_COMMAND = ("resume", "schedule_of", "trust", "paths.outputs", "paths.data")
_SWEEPS = ("-m", "--multirun")


@dataclass(frozen=True)
class ResumeCommand:
    """Command that goes on with a run.

    Attributes:
        words: its overrides.
        flags: flags of Hydra's.
        outputs: the folder of all outputs, for the latest.
    """

    words: Sequence[str]
    flags: Sequence[str] = ()
    outputs: str = "outputs"
    _values: dict[str, str] = field(init=False)
    # The key that names the run.
    key: ClassVar[str] = "resume"

    def __post_init__(self) -> None:
        own = [word for word in self.words if key_of(word) in _OF_COMMAND]
        overrides = OverridesParser.create().parse_overrides(own)
        values = {key_of(word): str(o.value()) for word, o in zip(own, overrides, strict=True)}
        trust = next((value_of(word).strip() for word in own if key_of(word) == "trust"), "null")
        if not trust.startswith("[") and trust != "null":
            raise ConfigError(f"trust={trust}: must be a list of modules: trust=[{trust}]")
        object.__setattr__(self, "_values", values)

    @property
    def word(self) -> str:
        """What `resume=` says: a folder, or latest."""
        return self._values[self.key]

    @property
    def new_words(self) -> list[str]:
        return [word for word in self.words if key_of(word) not in _OF_COMMAND]

    @property
    def outputs_folder(self) -> str:
        """The folder of all outputs."""
        return self._values.get("paths.outputs") or self.outputs

    @property
    def shows_config(self) -> bool:
        """Whether the config is printed, and nothing else done."""
        return any(flag.partition("=")[0] in ("--cfg", "-c") for flag in self.flags)

    @contextmanager
    def opened(self) -> Iterator[RunFolder]:
        """Context in which nobody else goes on with the run; gives its folder.

        Raises:
            ConfigError: it is none, or another command goes on with it.
        """
        if {*_SWEEPS} & {*self.flags}:
            raise ConfigError(
                f"resume={self.word}: one run goes on, without -m; with a sweep goes on "
                f"seedbed train -m {typed_word('sweep.resume', self.word)}"
            )
        outputs = self.outputs_folder
        folder = open_to_resume(self.word, outputs, changes=bool(self.new_words))
        with held(folder):
            yield folder

    def config(self, folder: RunFolder) -> DictConfig:
        """Return the config with which the run goes on, typed and checked, with `hydra`.

        Raises:
            ConfigError: The run cannot go on, or a word is wrong.
        """
        record = require_ended(folder)
        saved = SavedConfig(folder, record)
        if record.get("schedule") and not saved.values.get("schedule"):
            follow = typed_word("schedule_of", relative(folder.path))
            raise ConfigError(
                f"resume={self.word}: a trial of a population, with weights of other trials; "
                f"seedbed train {follow} trains its schedule alone, and longer with "
                "trainer.max_epochs"
            )
        words, choices = saved.words, saved.choices
        changes: Changes = {}
        for word in self.new_words:
            if re.match(r"hydra[./]", key_of(word)):
                raise ConfigError(f"{word}: resume={self.word} goes on in its own folder")
        if self.new_words:
            changes, words, choices = self.composed(saved, self.new_words)
        values = saved.with_changes(changes)
        require_trusted(folder.config, restriction() or (), values)
        config = with_types(OmegaConf.create(values))
        self.use_own_data(config)
        path = os.path.abspath(folder.path)
        with open_dict(config):
            config.resume = path
            config.trust = list(restriction() or ())
            check(config, cut_short=bool(choices.get("debug")))
            config.hydra = hydra_of(path, words, choices)
        return config

    def composed(
        self, saved: SavedConfig, new: Sequence[str]
    ) -> tuple[Changes, list[str], dict[str, Any]]:
        """Return what new words change, all words together, and the options that they choose."""
        begun, words = saved.words, merged(saved.words, new)
        folder, _ = named_config_folder(self.flags)
        folders = [str(folder)] if folder is not None else own_folders_of(saved.hydra)
        name = str(OmegaConf.select(saved.hydra, "hydra.job.config_name") or "train")
        try:
            before = compose(begun, folders, name)
        except Exception as error:
            raise ConfigError(
                f"{explain(error, 'train', begun)}\nbeside new words, those that the run was begun "
                "with are composed again; if they are of configs of yours: --config-dir=DIR"
            ) from None
        now = compose(words, folders, name)
        for problem in words_without_effect(now, new):
            raise ConfigError(problem)
        changes = differences(plain(before), plain(now))
        without_effect = groups_without_effect(now) if is_chosen(now) else ()
        self._refuse_fixed(new, changes, without_effect)
        return changes, words, dict(now.hydra.runtime.choices)

    def _refuse_fixed(
        self, words: Sequence[str], changes: Changes, without_effect: Sequence[str]
    ) -> None:
        """Raise ConfigError for the first word that changes what may not change."""
        fixed = [full_key(place) for place in changes if not is_changeable(place)]
        for word in words:
            key = key_of(word).partition("@")[0]
            is_preset = key in COMMAND_LINE_ONLY and fixed
            if is_preset or any(name == key or name.startswith(f"{key}.") for name in fixed):
                refuse_fixed([word], f"{self.key}={self.word}", without_effect)

    def use_own_data(self, config: DictConfig) -> None:
        """Let data be downloaded to, and decoded into, the folder of the command.

        Raises ConfigError where the run has another one, which the command does not name.
        """
        own = self._values.get("paths.data") or os.environ.get("SEEDBED_DATA") or "data"
        named = str(config.paths.data)
        if "folder" not in config.data:
            return
        if os.path.realpath(named) != os.path.realpath(own) and "paths.data" not in self._values:
            raise ConfigError(
                f"paths.data: {named} in this run, and data are looked for in {own}; if they lie "
                f"there: {typed_word('paths.data', named)}"
            )
        use_own_folders(config.data, own)


def merged(begun: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return the words that a run was begun with, and those that take their place.

    Another option of a group also takes the place of the words for keys below it.
    """
    values = {key_of(word): value_of(word) for word in words}
    known = {key_of(word): value_of(word) for word in begun}
    other = {
        key
        for key, value in values.items()
        if "." not in key and "@" not in key and known.get(key) != value
    }
    return [
        *(
            word
            for word in begun
            if (key := key_of(word)) not in values and key.partition(".")[0] not in other
        ),
        *words,
    ]


def compose(words: Sequence[str], folders: Sequence[str], name: str = "train") -> DictConfig:
    """Return the config of `seedbed train` with these words; raises what Hydra raises.

    Args:
        words: overrides.
        folders: folders of configs of the user's own.
        name: name of the config.
    """
    path = create_config_search_path(str(config_folder()))
    for folder in folders:
        path.prepend("command-line", f"file://{os.path.abspath(folder)}")
    name = name if re.fullmatch(r"[\w-]+", name) else "train"
    return ConfigLoaderImpl(path).load_configuration(name, list(words), RunMode.RUN)


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
        node.run.dir = node.runtime.output_dir = folder.replace("${", "\\${")
        node.runtime.cwd = os.getcwd()
        node.runtime.choices = choices
        node.runtime.config_sources = []
        node.overrides.task = list(words)
        node.job.name = "train"
        node.job.chdir = False
    return node
