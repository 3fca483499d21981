"""Words that stand beside `sweep.resume`: what the command may say, and what may be another."""

import re
from collections.abc import Iterator, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from seedbed.config.changes import refuse_fixed
from seedbed.config.schema import schema_of
from seedbed.config.schema.own_module import words_without_effect
from seedbed.config.validation import check_value
from seedbed.errors import ConfigError
from seedbed.sweep.job import Job, Words, bare_key

# What a command says of how a sweep goes on, which is no word of its jobs.
OF_COMMAND = (
    *("sweep.resume", "sweep.plan", "sweep.detach", "sweep.on_failure", "sweep.top"),
    *("sweep.workers", "sweep.retries", "sweep.lost_after"),
    *("paths.outputs", "paths.data", "trust"),
)


# What a search that goes on may have more of.
BUDGET = "search.trials"


def words_for_hydra(overrides: Sequence[str]) -> list[str]:
    """Return the overrides of a command that Hydra composes its config of.

    Beside `sweep.resume` the others are words of the sweep's jobs, whose configs may have keys that
    those of a new run lack.
    """
    if not any(word.startswith("sweep.resume=") for word in overrides):
        return list(overrides)
    return [word for word in overrides if _is_of_command(bare_key(word))]


def overrides_of_command(command: Sequence[str]) -> list[str]:
    """Return the overrides among the words of a command line, program and verb included."""
    words = [word for word in command[2:] if not word.startswith("-")]
    return [word for word in words if "=" in word or word.startswith("~")]


def changing_words(arguments: Sequence[str], begun: Sequence[Job]) -> Words:
    """Return the overrides that change the jobs of a sweep that goes on.

    Args:
        arguments: Overrides of the command.
        begun: The jobs as they were begun.

    Raises:
        ConfigError: A word is of a key that may not change, is a list of values, or is of a key in
            which the jobs differ.
    """
    overrides = OverridesParser.create().parse_overrides(list(arguments))
    changing = [
        override
        for override in overrides
        if not _is_of_command(override.key_or_group) and override.key_or_group != BUDGET
    ]
    words = tuple(str(override.input_line) for override in changing)
    refuse_fixed(words, "a sweep")
    axes = _axes(begun)
    for override, word in zip(changing, words, strict=True):
        if override.is_sweep_override():
            raise ConfigError(f"{word}: jobs of a sweep go on with one value of a key")
        key = bare_key(word)
        if axis := next((axis for axis in axes if _overlap(axis, key)), None):
            raise ConfigError(f"{word}: the jobs of this sweep differ in {axis}, and go on as such")
    return words


def require_known(arguments: Sequence[str], config: DictConfig) -> None:
    """Raise what OmegaConf raises for the first override of a key that jobs do not have.

    As well ConfigError for one that does nothing in them.

    Args:
        arguments: Overrides of the command.
        config: Config of one of the jobs as it was begun.
    """
    # Another option of a group brings keys of its own.
    chosen = {_place(bare_key(word)) for word in arguments if "." not in _place(bare_key(word))}
    for word in arguments:
        key = bare_key(word)
        group = key.partition(".")[0]
        if word[0] in "+~" or group == "hydra" or "/" in key or "@" in key or group in chosen:
            continue
        parts = key.split(".")
        for depth, name in enumerate(parts):
            node = OmegaConf.select(config, ".".join(parts[:depth])) if depth else config
            if not isinstance(node, DictConfig):
                break
            names = [str(known) for known in node]
            if schema_of(node) is None and "_target_" in names:  # Of the user's own.
                break
            if name not in names:
                _ = node[name]
    for problem in words_without_effect(config, arguments):
        raise ConfigError(problem)


def _place(key: str) -> str:
    """Return the key that an option is put at, of the word that chooses it."""
    return key.partition("@")[2].partition(".")[0] or key


def check_words_of_sweep(config: DictConfig) -> None:
    """Raise ConfigError where a key of `sweep` is out of its limits."""
    for name in config.sweep:
        if name != "resume":  # Who opens the folder says what is wrong with it.
            check_value(config, f"sweep.{name}")


def _is_of_command(key: str) -> bool:
    """Return whether a key says how the command runs; where a sweep lies is not among them."""
    if re.match(r"hydra\b", key):
        return not key.startswith("hydra.sweep")
    return any(f"{key}.".startswith(f"{allowed}.") for allowed in OF_COMMAND)


def _axes(begun: Sequence[Job]) -> Iterator[str]:
    """Yield the keys in which jobs differ as they were begun."""
    values: dict[str, set[str]] = {}
    for job in begun:
        for word in job.overrides:
            values.setdefault(bare_key(word), set()).add(word)
    return (key for key, words in values.items() if len(words) > 1)


def _overlap(axis: str, key: str) -> bool:
    return f"{axis}.".startswith(f"{key}.") or f"{key}.".startswith(f"{axis}.")
