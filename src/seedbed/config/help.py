"""What `seedbed list` and the `--help` of a verb print; imports nothing heavy."""

from textwrap import fill

from seedbed.config.groups import LISTED, options

COLUMNS = 100


def groups_text(indent: str = "") -> str:
    """Return an entry a group: its name, what it decides and its options."""
    width = max(map(len, LISTED))
    hanging = " " * (len(indent) + width + 2)
    return "\n".join(
        fill(
            f"{indent}{name:{width}}  {meaning}: {', '.join(options(name))}",
            width=COLUMNS,
            subsequent_indent=hanging,
            break_on_hyphens=False,
        )
        for name, meaning in LISTED.items()
    )


def group_text(group: str) -> str:
    """Return one line an option of the group, with its description."""
    found = options(group)
    width = max(len(name) for name in found)
    return "\n".join(f"{name:{width}}  {meaning}" for name, meaning in found.items())


def help_text(verb: str) -> str:
    """Return what `seedbed VERB --help` prints, in Hydra's template syntax."""
    if verb == "train":
        return _TRAIN_HELP.replace("@GROUPS", groups_text("  "))
    return _VERB_HELP


_TRAIN_HELP = """Train one experiment, or a sweep of them with -m.

  seedbed train                                       the default: crop_yield, linear, SGD
  seedbed train data=clusters model=mlp optimizer=adam optimizer.lr=0.01
  seedbed train experiment=fashion_mnist_cnn          a preset
  seedbed train -m optimizer.lr=1e-6,1e-5 seed=0,1,2  every combination

Choose an option of a group with group=option; `seedbed list GROUP` describes the options.
@GROUPS

Change any key below with key=value; add a key with +key=value, delete one with ~key.

$CONFIG

Flags: -m sweep, --cfg job print the config and stop, --resolve with values filled in,
  --config-dir DIR configs of your own, --info what was composed from where, --hydra-help more.
"""

_VERB_HELP = """Change any key below with key=value.

$CONFIG
"""
