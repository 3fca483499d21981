"""Job that trained beside others and goes on alone: its state as Lightning would have saved it.

The checkpoint is that of the job's first epoch alone, in which the numbers of its last epoch beside
others take the place of the first one's.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import OmegaConf

from seedbed.config.schema import typed
from seedbed.config.schema.callbacks import Checkpoint, EarlyStopping
from seedbed.config.spec import RunSpec, run_spec
from seedbed.config.trust.saved_config import read_config
from seedbed.engines.fused.network_state import Layout, state_names
from seedbed.engines.fused.saved.selection import select
from seedbed.errors import ConfigError, RunFolderError
from seedbed.experiment.run import fit
from seedbed.experiment.training.experiment import build_experiment
from seedbed.experiment.training.loading import load
from seedbed.process.torch_settings import using_threads
from seedbed.reading.checkpoint_files import check_checkpoint
from seedbed.runs.checkpoints import PREFIX, read_checkpoint
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import MEASURED, read_record
from seedbed.runs.resuming.saved_config import SavedConfig
from seedbed.sweep.execution.chunk_state import NOT_OURS
from seedbed.sweep.results.folder import PLAN, SweepFolder
from seedbed.sweep.results.plan_file import read_plan
from seedbed.sweep.results.together import groups_of
from seedbed.terminal.words import relative
from seedbed.training.metrics import LEARNING_RATE

# How deep below the sweep's folder a job's may lie.
DEEPEST = 4
# What Lightning says of an early stopping that has waited long enough.
PATIENCE_EXHAUSTED = 3


class _JobState(NamedTuple):
    """State of one job, as that of a group of its own; its epochs, and the steps of an epoch."""

    state: dict[str, Any]
    epoch: int
    steps: int


def checkpoint_of_job(folder: RunFolder, into: Path) -> Path | None:
    """Return a file with the whole state of a job that trained beside others, for Lightning.

    Args:
        folder: The job's folder.
        into: Folder in which the file is made.

    Returns:
        The file; None where the run's own last.ckpt has all, or its sweep has no state of it.

    Raises:
        ConfigError: The sweep is running, or has other epochs of the job than its folder.
    """
    record, last = read_record(folder.record), folder.checkpoint("last")
    if "group" not in record or record["status"] not in (*MEASURED, "interrupted"):
        return None
    if not last.is_file() or "loops" in check_checkpoint(last):
        return None
    saved = _saved_state(folder, record)
    if saved is None:
        return None
    config = typed(OmegaConf.create(SavedConfig(folder, record).values))
    content = _first_epoch(run_spec(config).of_checkpoint(), into / "first")
    path = into / "last.ckpt"
    with path.open("wb") as file:
        torch.save(_at_the_end(content, saved, record), file)
    return path


def _saved_state(folder: RunFolder, record: Mapping[str, Any]) -> _JobState | None:
    path = Path(folder.path).resolve()
    sweep = next((up for up in [*path.parents][:DEEPEST] if (up / PLAN).is_file()), None)
    if sweep is None:
        return None
    of_sweep = SweepFolder(sweep)
    if of_sweep.is_running():
        raise ConfigError(
            f"resume={relative(folder.path)}: a job of {relative(sweep)}, which is running"
        )
    number = _number(folder)
    group = next((g for g in groups_of(read_plan(of_sweep.plan)) if number in g.newest), None)
    if group is None:
        return None
    file = of_sweep.state(*group.key)
    if not file.is_file():
        return None
    place = list(group.jobs).index(number)
    try:
        state = read_checkpoint(file)["engine"]
        epoch = state["history"]["outcomes"][place]["metrics_epoch"]
        steps = state["history"]["outcomes"][place]["last"]["step"]
        if epoch != record["metrics_epoch"]:
            raise ConfigError(
                f"resume={relative(folder.path)}: {relative(file)} is of epoch {epoch} of this "
                f"job, and its folder of epoch {record['metrics_epoch']}"
            )
        return _JobState(select(state, [place], epoch), epoch, steps // epoch)
    except NOT_OURS:
        raise RunFolderError(f"{file}: not the state of these jobs") from None


def _number(folder: RunFolder) -> int:
    hydra = read_config(folder.config.with_name("hydra.yaml"))
    number = OmegaConf.select(hydra, "hydra.job.num")
    return number if isinstance(number, int) else -1


def _first_epoch(spec: RunSpec, folder: Path) -> dict[str, Any]:
    """Return the checkpoint of the first epoch of a run; nobody hears of it."""
    kept = (Checkpoint, EarlyStopping)
    callbacks = {name: node for name, node in spec.callbacks.items() if isinstance(node, kept)}
    experiment = build_experiment(
        replace(spec, callbacks=callbacks, logger={}), RunFolder(folder), None
    )
    load(experiment, cut_short=True)
    experiment.trainer.fit_loop.max_epochs = 1
    with experiment.stop, using_threads(1):
        fit(experiment)
    content: dict[str, Any] = read_checkpoint(RunFolder(folder).checkpoint("last"))
    content["net"] = experiment.module.net
    return content


def _at_the_end(
    content: dict[str, Any], job: _JobState, record: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the checkpoint of a first epoch with the state of the last one in its place."""
    net, epoch = content.pop("net"), job.epoch
    source = job.state if len(job.state["job"]) else job.state["ended"]
    layout, names = Layout(net), state_names(net)
    everything = {**layout.split(source["rows"]), **source["others"]}
    _lengthen(content["loops"]["fit_loop"], epoch)
    content["epoch"], content["global_step"] = epoch, epoch * job.steps
    for name, own in names.items():
        content["state_dict"][f"{PREFIX}{name}"] = everything[own][0].clone()
    _set_optimizer(content, net, layout, source["states"], job)
    _set_callbacks(content, job, source, record)
    latest = {k: float(v[0]) for k, v in job.state["history"]["latest"].items()}
    rate = latest.pop(LEARNING_RATE, None)
    content["metrics_epoch"] = epoch
    for where in ("metrics", "epoch_metrics"):
        content[where] = {name: latest[name] for name in content[where] if name in latest}
    if rate is not None and "also_logged" in content:
        content["also_logged"] |= {k: rate for k in content["also_logged"] if k == LEARNING_RATE}
    for process in content.get("processes", []):
        published = process.get("callback_metrics", {})
        for name in published.keys() & latest.keys():
            published[name] = torch.tensor(latest[name], dtype=torch.float64)
    return content


def _lengthen(node: dict[str, Any], epochs: int) -> None:
    """Let the loops have counted so many epochs in place of one."""
    for name, value in node.items():
        if ".val_loop" in name:
            continue
        if name == "total":
            _multiply(value, epochs)
        elif name == "_batches_that_stepped":
            node[name] = value * epochs
        elif name == "epoch_progress":
            _multiply(value, epochs)
        elif name == "combined_loader":
            for loader in value:
                loader["epoch"] = epochs - 1
        elif isinstance(value, dict):
            _lengthen(value, epochs)


def _multiply(node: dict[str, Any], epochs: int) -> None:
    for name, value in node.items():
        if isinstance(value, dict):
            _multiply(value, epochs)
        elif type(value) is int:
            node[name] = value * epochs


def _set_optimizer(
    content: dict[str, Any], net: torch.nn.Module, layout: Layout, states: Any, job: _JobState
) -> None:
    names = [name for name, _ in net.named_parameters()]
    split = {key: layout.split(value) for key, value in states.items() if key != "step"}
    [optimizer] = content["optimizer_states"]
    for number, kept in optimizer["state"].items():
        for key, value in kept.items():
            if key == "step":
                count = job.epoch * job.steps
                kept[key] = torch.full_like(value, count) if torch.is_tensor(value) else count
            elif key in split and value is not None:
                kept[key] = split[key][names[number]][0].clone()
    rates = job.state["rates"]
    place = rates["places"][0]
    own, schedule = rates["optimizers"][place], rates["schedules"][place]
    if own is not None and schedule is not None and content["lr_schedulers"]:
        for group in optimizer["param_groups"]:
            group["lr"] = own["param_groups"][0]["lr"]
        content["lr_schedulers"] = [schedule]


def _set_callbacks(
    content: dict[str, Any],
    job: _JobState,
    source: Mapping[str, Any],
    record: Mapping[str, Any],
) -> None:
    counts = source["stopping"]
    best = (record.get("checkpoints") or {}).get("best")
    for name, state in content["callbacks"].items():
        if name.startswith("EarlyStopping"):
            state["wait_count"] = int(counts["waited"][0])
            state["best_score"] = torch.full_like(state["best_score"], float(counts["best"][0]))
            if record.get("stopped"):
                state["stopped_epoch"] = job.epoch - 1
                state["stopping_reason"] = PATIENCE_EXHAUSTED
        elif name == "Checkpoint" and best is not None:
            metrics = {k: v for k, v in best["metrics"].items() if not k.startswith("test/")}
            state |= {"epoch": best["epoch"], "global_step": best["step"], "metrics": metrics}
