"""Loading of runs that somebody else may have made: nothing of them is executed.

The config of a run names classes. Those on the allowlist are made without asking; any other must
lie in a module that the user trusts by name. Checkpoints hold tensors and plain values alone.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from omegaconf import DictConfig, OmegaConf

from seedbed.config.metrics import named, picks_best_epoch
from seedbed.config.resolvers import INFERRED
from seedbed.config.schema import typed
from seedbed.config.spec import RunSpec, run_spec
from seedbed.config.trust.restriction import is_trusted, require_trusted
from seedbed.config.trust.saved_config import plain_config, read_config
from seedbed.config.trust.targets import targets
from seedbed.config.validation import check
from seedbed.errors import RunFolderError
from seedbed.reading.checkpoint_files import check_checkpoint
from seedbed.reading.json_files import Count, converted
from seedbed.runs.checkpoints import read_checkpoint
from seedbed.runs.folder import RESOLVED, RunFolder

# What no verb makes that reads a run, and what stands for it where its class is not allowed.
_UNUSED: dict[str, Any] = {
    "optimizer": {"_target_": "torch.optim.SGD", "lr": 0.1},
    "gradient": {"_target_": "seedbed.training.gradients.Gradient"},
}


class _Checkpoint(TypedDict, total=False):
    """What is used of a checkpoint."""

    epoch: Count
    global_step: Count
    metrics: dict[str, float | None]
    state_dict: dict[str, Any]


def load_spec(
    folder: RunFolder,
    trust: list[str],
    data_folder: str | None = None,
    *,
    measures: bool = True,
    own_rows: bool | None = None,
) -> RunSpec:
    """Return the spec of the run: its config, typed and checked.

    It is that of its data, model and task: callbacks, loggers and schedule are left out, since no
    verb makes them that reads a run. Downloaded data are looked for in `data_folder`, not where the
    run's owner keeps them. Without `measures`, to predict, torchmetrics and a loss of the
    user's own are left out as well; without `own_rows`, for other rows than the run's, the Datasets
    of the user's that these are read from (default: as `measures`).

    Raises RunFolderError where it names code that is not trusted, or no longer fits the schema.
    """
    try:
        # What is checked is what will be used: an interpolation could make another name of a class.
        file = folder.readable_config
        config = read_config(file)
        _require_facts(file, config)
        values = plain_config(file, config, resolve=True)
        # What picked the best epoch, also where it is no metric any more.
        watched = picks_best_epoch(named(values.get("optimized_metric")))
        rows = measures if own_rows is None else own_rows
        require_trusted(folder.config, trust, _used(values, measures, rows))
        config = typed(OmegaConf.create(values))
        # The run may have been trained on a GPU that this machine lacks.
        config.trainer.accelerator = "auto"
        if data_folder is not None:
            use_own_folders(config.data, data_folder)
        check(config, cut_short=True)
        spec = run_spec(config)
        return spec if watched is None else replace(spec, optimized_metric=watched)
    except RunFolderError:
        raise
    except Exception as error:  # A file of somebody else's may hold anything.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunFolderError(f"{folder.config}: does not fit this version: {reason}") from None


def _require_facts(file: Path, config: DictConfig) -> None:
    """Raise RunFolderError where facts of the rows are still to be inferred.

    That would read the files that the config names, and those of a run are for no one to choose.
    """
    if f"${{{INFERRED}:" in OmegaConf.to_yaml(config).replace(" ", ""):
        raise RunFolderError(f"{file}: does not hold the facts of its data; {RESOLVED} is missing")


def use_own_folders(data: DictConfig, data_folder: str) -> None:
    """Let data be downloaded to, and decoded into, the caller's folder, not that of the run."""
    if data.get("_target_") == "seedbed.data.ImageFolder":
        data.cache = str(Path(data_folder) / "images")
    elif "folder" in data:
        data.folder = data_folder


def _used(values: dict[str, Any], measures: bool, own_rows: bool) -> dict[str, Any]:
    """Leave out of a run's config what is not made; return the rest of it, which may be made."""
    values |= {"callbacks": {}, "logger": {}, "scheduler": {"_target_": None}}
    weights = values.get("initial_weights")
    if isinstance(weights, dict):  # Its checkpoints hold what it started from, and more.
        weights |= {"run": None, "only": [], "exclude": [], "rename": None}
    module = values.get("module")
    if isinstance(module, dict) and module.get("_target_") is not None:
        values["model"] = {"_target_": "torch.nn.Identity"}
    for name, instead in _UNUSED.items():
        named = targets(values[name]) if name in values else ()
        if not all(is_trusted(target.name, ()) for target in named):
            values[name] = dict(instead)
    data, task = values.get("data"), values.get("task")
    if not measures:
        if isinstance(task, dict):
            task["torchmetrics"] = {}
            if isinstance(task.get("loss"), dict):
                del task["loss"]
        values |= {"optimized_metric": None, "optimized_mode": None}
    is_dataset = isinstance(data, dict) and data.get("_target_") == "seedbed.data.TorchDataset"
    if own_rows or not isinstance(data, dict) or not is_dataset:
        return values
    # Of a user's datasets only the shape of a row is known, and that is written in the config.
    unused = ("train", "val", "test", "collate_fn")
    shape = {name: value for name, value in data.items() if name not in unused}
    return {**values, "data": shape}


def checkpoint_state(path: Path) -> dict[str, Any]:
    """Return epoch, step and metrics of a checkpoint, without reading its tensors.

    Raises RunFolderError where it is none.
    """
    described = converted(path, check_checkpoint(path), _Checkpoint)
    if "state_dict" not in described:
        raise RunFolderError(f"{path}: not a checkpoint of a run: it has no weights")
    return {name: described.get(name) for name in ("epoch", "metrics")}


def with_checkpoints(record: Mapping[str, Any], folder: RunFolder) -> Mapping[str, Any]:
    """Return the record of a run with what its checkpoints say, where it ended without noting it.

    Of a run that was killed, or goes on, the files are newer.
    """
    if record["status"] not in ("running", "interrupted", "failed"):
        return record
    files = {name: folder.checkpoint(name) for name in ("best", "last")}
    states = {}
    for name, path in files.items():
        with suppress(RunFolderError):  # That which is not used may be damaged.
            states[name] = checkpoint_state(path)
    return {**record, "checkpoints": states}


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint's tensors and plain values; raises RunFolderError for anything else."""
    checkpoint_state(path)
    content: dict[str, Any] = read_checkpoint(path)
    return content
