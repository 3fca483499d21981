"""Rules of the group `module`, a LightningModule of the user's whose keys are its arguments."""

import re
from collections.abc import Iterator, Sequence

from omegaconf import DictConfig, OmegaConf

from seedbed.config.overrides import words_of
from seedbed.config.project import is_inherited
from seedbed.errors import listed

# What a LightningModule decides itself, so that other keys of these names change nothing.
GROUPS = ("model", "task", "optimizer", "scheduler", "gradient", "initial_weights", "freeze")
# Keys of those groups that do something nevertheless.
_WITH_EFFECT = re.compile(r"initial_weights\.(run|checkpoint|only|exclude|rename)\b")
# What it has instead of each.
_INSTEAD = {
    "model": "its network is its own, unless an argument takes it: '+module.net=${model}'",
    "task": "its loss and metrics are its own",
    "optimizer": "its optimizers are those of its configure_optimizers",
    "scheduler": "its schedules are those of its configure_optimizers",
    "gradient": "its gradients are those of its training_step",
    "initial_weights": "its constructor draws its weights",
    "freeze": "its parameters are frozen in its constructor",
}


def is_chosen(config: DictConfig) -> bool:
    """Return whether a config trains a LightningModule of the user's."""
    module = config.get("module")
    if not isinstance(module, DictConfig):
        return False
    return OmegaConf.is_missing(module, "_target_") or module.get("_target_") is not None


def groups_without_effect(config: DictConfig) -> tuple[str, ...]:
    """Return the groups that change nothing, as the module has no argument that takes them."""
    text = str(OmegaConf.to_container(config.module, resolve=False))
    return tuple(group for group in GROUPS if not re.search(rf"\$\{{{group}\b", text))


def does_nothing(key: str, without_effect: Sequence[str]) -> bool:
    """Return whether a key changes nothing, by the groups that do not."""
    group = re.split(r"[.=@]", key.lstrip("+~"), maxsplit=1)[0]
    return group in without_effect and not _WITH_EFFECT.match(key.lstrip("+~"))


def problems(config: DictConfig) -> Iterator[str]:
    """Yield the words of the command that set what a LightningModule decides itself."""
    module = config.get("module")
    if not isinstance(module, DictConfig):
        yield f"module: {module!r} is not a mapping with a _target_"
        return
    if not is_chosen(config):
        if len(module) > 1:
            keys = listed(f"module.{name!s}" for name in module if name != "_target_")
            yield f"module._target_: null, and {keys} need a class: module._target_=CLASS"
        return
    typed = OmegaConf.select(config, "hydra.overrides.task", default=OmegaConf.create([]))
    yield from words_without_effect(config, words_of(typed))


def words_without_effect(config: DictConfig, words: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with words that set what a LightningModule decides itself.

    Args:
        config: A config that may train one; interpolations of its `module` are not resolved.
        words: Overrides of the command.
    """
    if not is_chosen(config):
        return
    without_effect = groups_without_effect(config)
    for word in words:
        group = re.split(r"[.=@]", word.lstrip("+~"), maxsplit=1)[0]
        if does_nothing(word, without_effect) and not is_inherited(word):
            chosen = f"module._target_={config.module._target_!s}"
            yield f"{word}: does nothing with {chosen}: {_INSTEAD[group]}"
