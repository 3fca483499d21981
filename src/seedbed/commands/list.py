"""`seedbed list [GROUP]`: the config groups, or the options of one, all metrics, or the runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedbed.commands.arguments import parse_arguments
from seedbed.config import groups
from seedbed.config.help import group_text, groups_text, metrics_text
from seedbed.config.project import CONFIG_DIR, find_project, named_config_folder
from seedbed.documents import answer
from seedbed.errors import ConfigError, listed, nearest

USAGE = """list [GROUP|metrics|runs|sweeps] [--config-dir DIR]

Print the config groups, or the options of one with their descriptions, or the metrics by name. DIR:
a folder of your own configs, whose options are shown as well. `list runs` prints runs and sweeps,
`list sweeps` sweeps with their axes; see seedbed list runs --help and list sweeps --help. With
--json it is one JSON document.
"""
METRICS, RUNS, SWEEPS = "metrics", "runs", "sweeps"


@dataclass(frozen=True)
class Keys:
    """`seedbed list` has no keys."""


def list_options(arguments: Sequence[str]) -> int:
    """Print the groups, the options of the named group, or the metrics."""
    if arguments and arguments[0] in (RUNS, SWEEPS):
        # What lists options needs none of it.
        from seedbed.commands.runs.list import list_runs, list_sweeps

        return (list_runs if arguments[0] == RUNS else list_sweeps)(arguments[1:])
    if arguments and arguments[-1] in CONFIG_DIR:
        raise ConfigError(f"{arguments[-1]}: which folder? seedbed list --config-dir DIR")
    named, others = named_config_folder(arguments)
    words, _ = parse_arguments(USAGE, Keys, others)
    if named is not None and not named.is_dir():
        raise ConfigError(f"--config-dir {named}: no such folder")
    users = named or find_project().config_folder
    if answer.asked() and len(words) < 2 and {*words} <= {*groups.LISTED, METRICS}:
        _give_document(words[0] if words else "", users)
    elif not words:
        print(groups_text(users=users))
    elif words == [METRICS]:
        print(metrics_text())
    elif len(words) > 1 or words[0] not in groups.LISTED:
        known, word = listed(groups.LISTED), " ".join(words)
        raise ConfigError(
            f"'{word}' is no config group.{nearest(word, [*groups.LISTED, METRICS, RUNS, SWEEPS])} "
            f"Groups: {known}; or {METRICS}, {RUNS}, {SWEEPS}"
        )
    else:
        print(group_text(words[0], users))
    return 0


def _give_document(word: str, users: Path | None) -> None:
    """Give the groups, the options of the named one, or the metrics as a document."""
    # msgspec, which what is printed need not wait for.
    from seedbed.documents.listings import Group, Groups, Metric, MetricNames, Option, Options
    from seedbed.terminal.words import relative

    if word == METRICS:
        from seedbed.config.metrics.table import METRICS as TABLE

        metrics = [
            Metric(name=name, mode=metric.better, tasks=list(metric.tasks), meaning=metric.meaning)
            for name, metric in TABLE.items()
        ]
        answer.give(MetricNames(metrics=metrics))
        return

    def options(group: str) -> dict[str, str]:
        return {**groups.options(group), **groups.users_options(group, users)}

    if word:
        files = {name: groups.option_file(word, name, users) for name in options(word)}
        listed_options = [
            Option(name=name, description=text, file=relative(file))
            for name, text in options(word).items()
            if (file := files[name]) is not None
        ]
        meaning = groups.LISTED[word]
        answer.give(Options(group=word, meaning=meaning, options=listed_options))
        return
    named = groups.LISTED.items()
    answer.give(
        Groups(groups=[Group(name=n, meaning=m, options=list(options(n))) for n, m in named])
    )
