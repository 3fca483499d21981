"""Config groups and their options, read from the YAML files; imports nothing heavy."""

from pathlib import Path

# What each group holds, in the order in which `--help` and `list` show them.
GROUPS = {
    "data": "the dataset",
    "model": "the network",
    "module": "a LightningModule of yours, in place of model, task, optimizer and schedule",
    "task": "loss and metrics; follows from the data",
    "optimizer": "update rule of the parameters",
    "gradient": "computation of the gradient of the loss",
    "scheduler": "learning-rate schedule",
    "trainer": "device, precision, length",
    "callbacks": "checkpoints, early stopping, figures, progress",
    "logger": "logger of the metrics",
    "stop": "rule by which a search stops bad trials; follows from the search",
    "search": "sampler of the trials of a sweep",
    "experiment": "presets of all of the above",
    "debug": "short runs that look for mistakes",
}
# No choice of a run by itself, but one more entry of a group.
LISTED = {**GROUPS, "callback": "one more of the callbacks, as +callback@callbacks.NAME=NAME"}
COMMAND_LINE_ONLY = {"experiment", "debug"}
# Keys that say what a run is called: they change no result, and are no hyperparameters.
LABELS = ("name", "tags", "notes")
# What a single run has none of: it is about all the jobs of a sweep.
OF_SWEEP = ("sweep", "search", "stop")
NO_HYPERPARAMETERS = (
    *OF_SWEEP,
    "hydra",
    "trust",
    "resume",
    "trainer.requeue",
    "page",
    *LABELS,
)
# The folder of the JSON Schemas of the YAML files, beside the groups.
SCHEMAS = "schemas"
# Verbs that compose the config of another one, and write nothing of what it would write.
COMPOSES = {"inspect": "train"}
# Of a YAML file that is read for its description, and of each of these lines.
MOST_LINES, MOST_LETTERS = 100, 500
# Options of hydra/launcher; all but the first come with packages of their own.
LAUNCHERS = ("basic", "joblib", "ray", "submitit_local", "submitit_slurm")


def is_of_sweep(key: str) -> bool:
    """Return whether a key, or the choice of a group, says something about a sweep as a whole."""
    return key.lstrip("+").partition(".")[0].partition("@")[0] in OF_SWEEP


def config_folder() -> Path:
    """Return the folder of the shipped YAML: inside the package, or the checkout's `configs/`."""
    installed = Path(__file__).parents[1] / "configs"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "configs"


def description(file: Path) -> str:
    """Return the first comment of a YAML file that is no Hydra header such as `# @package`."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for _ in range(MOST_LINES):
            line = lines.readline(MOST_LETTERS)
            comment = line.lstrip("#").strip()
            if line.startswith("#") and comment and not comment.startswith("@"):
                return comment
    return ""


def options(group: str, folder: Path | None = None) -> dict[str, str]:
    """Return the options of a group with their descriptions."""
    files = sorted(((folder or config_folder()) / group).glob("*.yaml"))
    return {file.stem: description(file) for file in files if file.is_file()}


def users_options(group: str, folder: Path | None) -> dict[str, str]:
    """Return the options of a group in a folder of the user's, with their descriptions.

    One that is called like a shipped option takes its place.
    """
    return options(group, folder) if folder is not None else {}


def option_file(group: str, option: str, users: Path | None = None) -> Path | None:
    """Return the YAML file of an option: that of the user's folder, else the shipped one."""
    for folder in (users, config_folder()):
        file = folder / group / f"{option}.yaml" if folder is not None else None
        if file is not None and file.is_file():
            return file
    return None
