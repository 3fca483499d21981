"""Texts of `seedbed list` and of the `--help` of a verb; imports nothing heavy."""

from pathlib import Path
from textwrap import fill

from seedbed.config.groups import LISTED, options, users_options
from seedbed.terminal.words import two_columns

COLUMNS = 100


def groups_text(indent: str = "", users: Path | None = None) -> str:
    """Return an entry a group: its name, what it holds and its options.

    Options that the user's folder adds come last, after its name.
    """
    width = max(map(len, LISTED))
    hanging = " " * (len(indent) + width + 2)
    return "\n".join(
        fill(
            f"{indent}{name:{width}}  {meaning}: {_option_names(name, users)}",
            width=COLUMNS,
            subsequent_indent=hanging,
            break_on_hyphens=False,
        )
        for name, meaning in LISTED.items()
    )


def _option_names(group: str, users: Path | None) -> str:
    theirs = users_options(group, users)
    ours = ", ".join(name for name in options(group) if name not in theirs)
    return ours + (f"; in {users}: {', '.join(theirs)}" if theirs else "")


def group_text(group: str, users: Path | None = None) -> str:
    """Return one line an option of the group, with its description; the user's after the others."""
    theirs = users_options(group, users).items()
    return two_columns(options(group) | {name: f"{text} (in {users})" for name, text in theirs})


def metrics_text() -> str:
    """Return one line a metric by name, those of a regression first."""
    from seedbed.config.metrics.table import METRICS  # Imports OmegaConf, which takes its time.

    return "\n\n".join(
        f"{' and '.join(tasks)}: task.metrics=[NAME,...]\n"
        + two_columns(
            {name: f"{m.better}  {m.meaning}" for name, m in METRICS.items() if m.tasks == tasks},
            "  ",
        )
        for tasks in dict.fromkeys(metric.tasks for metric in METRICS.values())
    )


def _metric_names(indent: str) -> str:
    """Return the names of all metrics, a paragraph for each kind of task."""
    from seedbed.config.metrics.table import METRICS

    return "\n".join(
        fill(
            f"{' and '.join(tasks)}: "
            + ", ".join(name for name, metric in METRICS.items() if metric.tasks == tasks),
            width=COLUMNS,
            initial_indent=indent,
            subsequent_indent=2 * indent,
            break_on_hyphens=False,
        )
        for tasks in dict.fromkeys(metric.tasks for metric in METRICS.values())
    )


def help_text(verb: str, users: Path | None = None) -> str:
    """Return what `seedbed VERB --help` prints, in Hydra's template syntax."""
    if verb in ("train", "inspect"):
        text = _TRAIN_HELP if verb == "train" else _INSPECT_HELP
        groups = groups_text("  ", users).replace("$", "$$")
        return text.replace("@GROUPS", groups).replace("@METRICS", _metric_names("  "))
    return _VERB_HELP


_TRAIN_HELP = """Train one experiment, or a sweep of them with -m.

  seedbed train                                       the default: crop_yield, linear, SGD
  seedbed train data=clusters model=mlp optimizer=adam optimizer.lr=0.01
  seedbed train experiment=fashion_mnist_cnn          a preset
  seedbed train -m optimizer.lr=1e-6,1e-5 seed=0,1,2  every combination

Choose an option of a group with group=option; `seedbed list GROUP` describes the options.
@GROUPS

Metrics for task.metrics=[NAME,...]; `seedbed list metrics` describes them.
@METRICS

Change any key below with key=value; add a key with +key=value, delete one with ~key.

$CONFIG

Flags: -m sweep, --cfg job print the config and stop, --resolve with values filled in,
  --config-dir DIR configs of your own, --info what was composed from where, --hydra-help more,
  --json one JSON document on stdout and all else on stderr.
"""

_INSPECT_HELP = """Show the rows that `seedbed train` would see, and what is suspicious about them.

  seedbed inspect data=table data.file=penguins.csv                     what the columns are
  seedbed inspect data=table data.file=penguins.csv data.target=species the splits and classes, too
  seedbed inspect data=clusters data.val_size=0.2

Nothing is trained and no folder is made; images are decoded into their cache. It takes the options
and keys of `seedbed train`.
@GROUPS

$CONFIG
"""

_VERB_HELP = """Change any key below with key=value.

$CONFIG

Flags: --json one JSON document on stdout and all else on stderr, --cfg job print the config and
  stop.
"""
