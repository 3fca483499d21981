"""`seedbed train`: one experiment, from its config to its run folder."""

import logging
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig, OmegaConf
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason
from pytorch_lightning.utilities.exceptions import MisconfigurationException, SIGTERMException
from torch import nn

from seedbed import summary
from seedbed.build import (
    build_callbacks,
    build_data,
    build_freeze,
    build_loggers,
    build_module,
    build_trainer,
)
from seedbed.callbacks import CheckedCallback, Checkpoint, StoppingRule
from seedbed.callbacks.stopping import early_stopping_reason
from seedbed.data import DataModule
from seedbed.errors import ConfigError, Diverged, Interrupted
from seedbed.listener import current_listener
from seedbed.listing import GROUPS
from seedbed.loggers import TensorBoard
from seedbed.logits import refuse_no_function, refuse_probabilities
from seedbed.loop import use_lean_loop
from seedbed.module import SupervisedModule
from seedbed.reference import parameters_report
from seedbed.runs.folder import RunFolder
from seedbed.runs.provenance import command_line, device_name, git_state, versions
from seedbed.runs.record import Record
from seedbed.schema import schema_of, typed
from seedbed.schema.data import SPLITS
from seedbed.signals import StopOnSignal

FAILED = 1


@dataclass
class Experiment:
    """The objects of one run."""

    config: DictConfig
    folder: RunFolder
    data: DataModule
    module: SupervisedModule
    trainer: pl.Trainer
    checkpoint: Checkpoint | None
    tensorboard: TensorBoard | None
    stop: StopOnSignal
    choices: dict[str, str]
    overrides: list[str]


def train(config: DictConfig, command: list[str]) -> int:
    """Train the composed config in the folder that Hydra made for it; return the exit code."""
    quiet_lightning()
    if schema_of(config.trainer) is None:  # A process that DDP started reads the saved config.
        config = typed(config)
    composed = HydraConfig.get()
    folder = RunFolder(composed.runtime.output_dir)
    choices = {group: option for group, option in composed.runtime.choices.items() if option}
    experiment = build_experiment(config, folder, choices, list(composed.overrides.task))
    record = Record(
        folder.record, provenance(experiment, command), experiment.trainer.is_global_zero
    )
    _let_processes_start_as_this_one(folder)
    return run(experiment, record)


def build_experiment(
    config: DictConfig,
    folder: RunFolder,
    choices: dict[str, str] | None = None,
    overrides: list[str] | None = None,
) -> Experiment:
    """Make everything the run needs; nothing is written and no data are read yet.

    `choices` maps groups to the chosen options and `overrides` are the command line's; the record
    tells of both.
    """
    stop = StopOnSignal()
    data, module = build_data(config), build_module(config)
    freeze = build_freeze(config, module.net)
    callbacks = [*freeze, *build_callbacks(config, folder), stop]
    _check_model(config, module, callbacks)
    loggers = build_loggers(config, folder)
    trainer = build_trainer(config, folder, callbacks, loggers)
    use_lean_loop(trainer, stop.requested)
    return Experiment(
        config=config,
        folder=folder,
        data=data,
        module=module,
        trainer=trainer,
        checkpoint=next((one for one in callbacks if isinstance(one, Checkpoint)), None),
        tensorboard=next((one for one in loggers if isinstance(one, TensorBoard)), None),
        stop=stop,
        choices=choices or {},
        overrides=overrides or [],
    )


def _check_model(
    config: DictConfig, module: SupervisedModule, callbacks: list[pl.Callback]
) -> None:
    """Raise ConfigError for what is known to be wrong once the network is there."""
    example = _example(config, module.net)
    if example is None:
        refuse_no_function(module.net, module.task)
    else:
        refuse_probabilities(module.net, module.task, example)
    for callback in callbacks:
        if isinstance(callback, CheckedCallback):
            callback.check(config, module.net)


def run(experiment: Experiment, record: Record) -> int:
    """Fit, test and close the record truthfully, whatever happens; return the exit code."""
    status, error, code = "completed", None, 0
    try:
        with experiment.stop:
            _describe(experiment, record)
            fit(experiment)
            record.update(**_results(experiment), **_small_model(experiment))
            test(experiment)
    except Diverged as divergence:
        status, error, code = "diverged", str(divergence), FAILED
    except (Interrupted, SIGTERMException, KeyboardInterrupt) as interruption:
        number = getattr(interruption, "signal_number", experiment.stop.received or 2)
        status, error, code = "interrupted", f"stopped by signal {number}", 128 + number
    except ConfigError:
        # Some mistakes show only with the data at hand; then nothing is left behind either.
        _discard(experiment, record)
        raise
    except BaseException as failure:
        _finish(experiment, record, "failed", f"{type(failure).__name__}: {failure}")
        raise
    _finish(experiment, record, status, error)
    if code > FAILED and experiment.trainer.is_global_zero:
        _end_other_processes(experiment.trainer)
        raise Interrupted(code - 128)
    return code


def _end_other_processes(trainer: pl.Trainer) -> None:
    """Let no process of a run with several outlive the first one."""
    launcher: Any = trainer.strategy.launcher
    for process in getattr(launcher, "procs", []):
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def fit(experiment: Experiment) -> None:
    """Train; the module then holds the weights of the last epoch."""
    try:
        experiment.trainer.fit(experiment.module, datamodule=experiment.data)
    except MisconfigurationException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"trainer: {reason}") from error


def test(experiment: Experiment) -> None:
    """Measure the best epoch on the test split, where there is one."""
    data = experiment.data
    if not data.has_split("test") or experiment.config.trainer.limit_test_batches == 0:
        return
    best = experiment.checkpoint.best if experiment.checkpoint else None
    if best is not None:
        experiment.module.load_state_dict(best["state_dict"])
    fitted = experiment.module.epoch_metrics
    experiment.trainer.test(experiment.module, datamodule=data, verbose=False)
    tested = experiment.module.epoch_metrics
    experiment.module.epoch_metrics = {**fitted, **tested}
    if best is not None:
        best["metrics"] = {**best["metrics"], **tested}
    epoch = best["epoch"] if best else experiment.trainer.current_epoch
    for logger in experiment.trainer.loggers:
        logger.log_metrics(tested, step=epoch)


def _finish(experiment: Experiment, record: Record, status: str, error: str | None) -> None:
    """Write the last state of record and events, and print the closing table."""
    record.update(**_results(experiment))
    record.finish(status, error)
    if experiment.tensorboard is not None:
        experiment.tensorboard.log_outcome(record.fields["hyperparameters"])
        experiment.tensorboard.close()
    if not experiment.trainer.is_global_zero or current_listener() is not None:
        return
    if error is not None and status != "failed":
        print(f"seedbed: {status}: {error}", file=sys.stderr)
    if status != "failed":
        _print_outcome(experiment, record)


def _discard(experiment: Experiment, record: Record) -> None:
    """Remove what was written so far: the record and the events."""
    if experiment.tensorboard is not None:
        experiment.tensorboard.discard()
    record.discard()


def _print_outcome(experiment: Experiment, record: Record) -> None:
    columns = summary.checkpoint_columns(record.fields["checkpoints"])
    if not columns and record.fields["metrics"]:
        columns = {"last": record.fields["metrics"]}
    parameters = record.fields.get("parameters", {})
    if "least_squares" in parameters:
        columns["least squares"] = parameters["least_squares"]["metrics"]
    if columns:
        summary.print_table(summary.metrics_table(columns))
    if parameters:
        summary.print_parameters(parameters, experiment.config.data)
    if _correct_answers(experiment):
        print(_correct_answers(experiment))
    if record.fields["stopped"]:
        print(f"stopped      {record.fields['stopped']}")
    print(summary.closing_lines(experiment.folder.path, experiment.config.paths.outputs))
    if experiment.config.trainer.profiler:
        profile = experiment.folder.path / "fit-profile.txt"
        if profile.is_file():
            print(profile.read_text(encoding="utf-8"))
        print(f"profile      {summary.relative(profile)}")


def _correct_answers(experiment: Experiment) -> str:
    """Return how many test rows were classified right."""
    accuracy = experiment.module.epoch_metrics.get("test/accuracy")
    rows = experiment.data.rows("test")
    if accuracy is None or rows is None or experiment.config.trainer.limit_test_batches != 1.0:
        return ""
    return f"test         {round(accuracy * rows):,} of {rows:,} right"


def _results(experiment: Experiment) -> dict[str, Any]:
    checkpoint = experiment.checkpoint
    return {
        "metrics": dict(experiment.module.epoch_metrics),
        "stopped": _why_stopped(experiment),
        "checkpoints": checkpoint.summary() if checkpoint else {},
    }


def _why_stopped(experiment: Experiment) -> str | None:
    """Return which rule ended the training before its time, and when."""
    for callback in experiment.trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, StoppingRule) and callback.stopped:
            return callback.stopped
        if not isinstance(callback, EarlyStopping):
            continue
        why = callback.stopping_reason
        if why is not EarlyStoppingReason.NOT_STOPPED:
            finite = why is not EarlyStoppingReason.NON_FINITE_METRIC
            epoch, patience = callback.stopped_epoch + 1, callback.patience
            return early_stopping_reason(epoch, str(callback.monitor), patience, finite)
    return None


def _small_model(experiment: Experiment) -> dict[str, Any]:
    """Return the parameters of a small model for the record; of a linear one, what they mean.

    These are the values at the end of the training.
    """
    module, data = experiment.module, experiment.data
    if not experiment.trainer.is_global_zero:
        return {}
    found = parameters_report(data, module.net, module.task)
    return {"parameters": found} if found else {}


def provenance(experiment: Experiment, command: list[str]) -> dict[str, Any]:
    """Return what the record says before anything has run."""
    return {
        **provenance_of_job(experiment.config, experiment.choices, experiment.overrides),
        **provenance_of_command(command, experiment.trainer.strategy.root_device),
    }


def provenance_of_job(
    config: DictConfig, choices: dict[str, str], overrides: list[str]
) -> dict[str, Any]:
    """Return what each job of a sweep says for itself."""
    return {
        "hyperparameters": hyperparameters(config, choices, overrides),
        "seed": config.seed,
        "data": {"choice": choices.get("data"), "fingerprint": None},
    }


def provenance_of_command(command: list[str], device: torch.device) -> dict[str, Any]:
    """Return what all jobs of a command have in common."""
    return {
        "command": command_line(command),
        "versions": versions(),
        "git": git_state(Path.cwd()),
        "device": device_name(device),
    }


def hyperparameters(
    config: DictConfig, choices: dict[str, str], overrides: list[str]
) -> dict[str, Any]:
    """Return the chosen option of each group and the keys that the command line changed."""
    found: dict[str, Any] = {}
    for group in GROUPS:
        if group in choices and group not in ("callbacks", "logger", "debug"):
            found[group] = choices[group]
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~").partition("@")[0]
        if key.startswith("sweep."):
            continue
        if key == "callback":  # +callback@callbacks.fit=fit
            found[override.partition("@")[2].partition("=")[0]] = override.partition("=")[2]
            continue
        value = OmegaConf.select(config, key, default=None)
        if key not in GROUPS and value is not None:
            plain = isinstance(value, bool | int | float | str)
            listed = OmegaConf.to_container(value) if isinstance(value, ListConfig) else value
            found[key] = value if plain else str(listed)
    return found


def _describe(experiment: Experiment, record: Record) -> None:
    """Load the data, and say in record, terminal and TensorBoard what is about to run."""
    data = experiment.data
    if experiment.trainer.is_global_zero:
        data.prepare_data()
    experiment.trainer.strategy.barrier()
    data.trainer = experiment.trainer
    data.setup("fit")
    choice = experiment.choices.get("data", type(data).__name__)
    record.update(data={"choice": choice, "fingerprint": data.fingerprint})
    if experiment.trainer.is_global_zero and current_listener() is None:
        print(summary.data_line(choice, _split_sizes(data), experiment.config), flush=True)
    if experiment.tensorboard is not None:
        config = OmegaConf.to_yaml(experiment.config, resolve=True)
        experiment.tensorboard.log_text("config", config)
        experiment.tensorboard.log_text("command", record.fields["command"])
        net = experiment.module.net
        experiment.tensorboard.log_graph(net, _example(experiment.config, net))


def _split_sizes(data: DataModule) -> dict[str, int]:
    sizes = {split: data.rows(split) for split in SPLITS}
    return {split: rows for split, rows in sizes.items() if rows is not None}


def _example(config: DictConfig, net: nn.Module) -> torch.Tensor | None:
    """Return a batch of one row of zeros; None where the model takes no rows."""
    if config.data.task == "minimize":
        return None
    parameter = next(net.parameters(), torch.zeros(()))
    shape = list(config.data.input_shape)
    return torch.zeros((1, *shape), dtype=parameter.dtype, device=parameter.device)


def _let_processes_start_as_this_one(folder: RunFolder) -> None:
    """Let the processes that DDP starts read this run's saved config, not the command again.

    Lightning starts them with `sys.argv` and adds Hydra's folder to it.
    """
    if os.environ.get("LOCAL_RANK") is not None:
        return
    hydra_folder = str(folder.config.parent.resolve())
    silent = ["hydra/job_logging=none", "hydra/hydra_logging=none"]
    where = ["--config-path", hydra_folder, "--config-name", "config"]
    sys.argv = [sys.argv[0], "train", *where, *silent]


def quiet_lightning() -> None:
    """Silence Lightning's banner and the advice that does not hold for batches in memory."""
    for name in ("pytorch_lightning", "lightning_fabric", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in (
        ".*does not have many workers.*",
        ".*smaller than the logging interval.*",
        ".*GPU available but not used.*",
        ".*Checkpoint directory.*exists and is not empty.*",
        ".*overfit_batches.*",
        ".*across ranks is zero.*",
        ".*isinstance.treespec, LeafSpec.*",
    ):
        warnings.filterwarnings("ignore", message)
