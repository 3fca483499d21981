"""`seedbed list [GROUP]`: the config groups, or the options of one."""

from collections.abc import Sequence
from dataclasses import dataclass

from seedbed.commands.arguments import parse_arguments
from seedbed.config import groups
from seedbed.config.help import group_text, groups_text
from seedbed.errors import ConfigError, listed, nearest

USAGE = """list [GROUP]

Print the config groups, or the options of one with their descriptions.
"""


@dataclass(frozen=True)
class Keys:
    """`seedbed list` has no keys."""


def list_options(arguments: Sequence[str]) -> int:
    """Print the groups, or the options of the named group."""
    words, _ = parse_arguments(USAGE, Keys, arguments)
    if not words:
        print(groups_text())
    elif len(words) > 1 or words[0] not in groups.LISTED:
        known, word = listed(groups.LISTED), " ".join(words)
        raise ConfigError(
            f"'{word}' is no config group.{nearest(word, groups.LISTED)} Groups: {known}"
        )
    else:
        print(group_text(words[0]))
    return 0
