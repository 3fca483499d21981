"""Keys that may change when a run or a sweep goes on; all others make it another one."""

import re
from collections.abc import Iterable, Sequence

from seedbed.config.project import CONFIG_PATH, key_of, value_of
from seedbed.errors import ConfigError

# Length, learning rate, schedule, callbacks, loggers, and what changes no result.
_MAY_CHANGE = re.compile(
    r"trainer\.(max_epochs|min_epochs|max_steps|max_time)"
    r"|trainer\.(log_every_n_epochs|log_every_n_steps|threads|timeout|requeue|accelerator)"
    r"|optimizer\.lr|(scheduler|callbacks|callback@callbacks\.\w+|logger)(\..+)?"
    r"|name|tags|notes|trust"
)
# Flags that show something, whatever else a command says.
_SHOW = ("-h", "--help", "--hydra-help", "--version", "-i", "--info", "-sc", "--shell-completion")
# What it is called in messages, and the group whose key it is.
_MAY_CHANGE_IN_WORDS = {
    "trainer.max_epochs and the other lengths": "trainer",
    "optimizer.lr": "optimizer",
    "scheduler": "scheduler",
    "callbacks": "callbacks",
    "logger": "logger",
    "logging intervals": "trainer",
    "trainer.threads": "trainer",
    "name": "name",
    "tags and notes": "tags",
}


def what_may_change(without_effect: Sequence[str] = ()) -> str:
    """Return what may change, in words, but for groups that change nothing."""
    named = [words for words, group in _MAY_CHANGE_IN_WORDS.items() if group not in without_effect]
    return ", ".join(named)


def key_of_word(word: str) -> str:
    """Return the key of an override, without the signs of one that adds or deletes."""
    return word.partition("=")[0].lstrip("+~")


def may_change(key: str) -> bool:
    """Return whether a run that goes on may have another value of a key, or another option."""
    return _MAY_CHANGE.fullmatch(key) is not None


def refuse_fixed(words: Iterable[str], begun: str, without_effect: Sequence[str] = ()) -> None:
    """Raise ConfigError for the first override of a key that may not change.

    Args:
        words: Overrides.
        begun: What goes on, such as `resume=runs/1`, and how it is called, for the message.
        without_effect: Groups that change nothing in it.
    """
    for word in words:
        if not may_change(key_of_word(word)):
            raise ConfigError(
                f"{word}: {begun} goes on as it was begun. "
                f"What may change: {what_may_change(without_effect)}"
            )


def resumes(arguments: Sequence[str]) -> bool:
    """Return whether the arguments of `seedbed train` say `resume=`.

    Processes that a run has started are told to go on by the same word, beside their own config.
    """
    return _says(arguments, "resume")


def replays(arguments: Sequence[str]) -> bool:
    """Return whether the arguments of `seedbed train` say `schedule_of=`."""
    return _says(arguments, "schedule_of")


def _says(arguments: Sequence[str], key: str) -> bool:
    flags = {word.partition("=")[0] for word in arguments if word.startswith("-")}
    if flags & {*CONFIG_PATH, *_SHOW}:
        return False
    values = [value_of(word) for word in arguments if key_of(word) == key]
    return bool(values) and values[-1] != "null"
