"""The config groups and their options, read from the YAML files; imports nothing heavy."""

from pathlib import Path
from textwrap import fill

# What each group decides, in the order in which `--help` and `list` show them.
GROUPS = {
    "data": "the dataset",
    "model": "the network",
    "task": "loss and metrics; follows from the data",
    "optimizer": "how weights move",
    "gradient": "how the gradient of the loss is taken",
    "scheduler": "how the learning rate changes",
    "trainer": "device, precision, length",
    "callbacks": "what happens besides training",
    "logger": "where curves go",
    "experiment": "presets of all of the above",
    "debug": "look for mistakes",
}
# No choice of a run by itself, but one more entry of a group.
LISTED = {**GROUPS, "callback": "one more of the callbacks, as +callback@callbacks.NAME=NAME"}
COLUMNS = 100
COMMAND_LINE_ONLY = {"experiment", "debug"}


def config_folder() -> Path:
    """Return the folder of the shipped YAML: inside the package, or the checkout's `configs/`."""
    installed = Path(__file__).parent / "configs"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "configs"


def description(file: Path) -> str:
    """Return the first comment of a YAML file that is no Hydra header such as `# @package`."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            comment = line.lstrip("#").strip()
            if line.startswith("#") and comment and not comment.startswith("@"):
                return comment
    return ""


def options(group: str, folder: Path | None = None) -> dict[str, str]:
    """Return the options of a group with their descriptions."""
    files = sorted(((folder or config_folder()) / group).glob("*.yaml"))
    return {file.stem: description(file) for file in files}


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
    return _REPORT_HELP + _VERB_HELP if verb == "report" else _VERB_HELP


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

_REPORT_HELP = """Print the closing table of sweeps again, finished or running.

  seedbed report latest                     the newest sweep
  seedbed report DIR DIR top=20             over several folders
  seedbed report DIR sort=seconds           the quickest first
  seedbed report DIR group=false            each job with its folder

"""

_VERB_HELP = """Change any key below with key=value.

$CONFIG
"""
