"""`seedbed list [GROUP]`: the config groups, or the options of one, all metrics, or the runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from seedbed.commands.arguments import parse_arguments
from seedbed.config import groups
from seedbed.config.help import group_text, groups_text, metrics_text
from seedbed.config.project import CONFIG_DIR, find_project, named_config_folder
from seedbed.errors import ConfigError, listed, nearest

USAGE = """list [GROUP|metrics|runs] [--config-dir DIR]

Print the config groups, or the options of one with their descriptions, or the metrics by name. DIR:
a folder of your own configs, whose options are shown as well. `list runs` prints runs and sweeps;
see seedbed list runs --help.
"""
METRICS, RUNS = "metrics", "runs"


@dataclass(frozen=True)
class Keys:
    """`seedbed list` has no keys."""


def list_options(arguments: Sequence[str]) -> int:
    """Print the groups, the options of the named group, or the metrics."""
    if arguments and arguments[0] == RUNS:
        from seedbed.commands.runs.list import list_runs  # What lists options needs none of it.

        return list_runs(arguments[1:])
    if arguments and arguments[-1] in CONFIG_DIR:
        raise ConfigError(f"{arguments[-1]}: which folder? seedbed list --config-dir DIR")
    named, others = named_config_folder(arguments)
    words, _ = parse_arguments(USAGE, Keys, others)
    if named is not None and not named.is_dir():
        raise ConfigError(f"--config-dir {named}: no such folder")
    users = named or find_project().config_folder
    if not words:
        print(groups_text(users=users))
    elif words == [METRICS]:
        print(metrics_text())
    elif len(words) > 1 or words[0] not in groups.LISTED:
        known, word = listed(groups.LISTED), " ".join(words)
        raise ConfigError(
            f"'{word}' is no config group.{nearest(word, [*groups.LISTED, METRICS, RUNS])} "
            f"Groups: {known}; or {METRICS}, {RUNS}"
        )
    else:
        print(group_text(words[0], users))
    return 0
