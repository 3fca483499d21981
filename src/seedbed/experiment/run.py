"""One run: its objects, its training and its test, and a record that is true whatever happens."""

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason
from pytorch_lightning.utilities.exceptions import MisconfigurationException, SIGTERMException
from torch import nn

from seedbed.analysis.reference_lines import parameters_report
from seedbed.callbacks import CheckedCallback, Checkpoint, StoppingRule
from seedbed.config.schema.data import SPLITS
from seedbed.data import DataModule
from seedbed.engines.lightning.epoch_loop import use_lean_loop
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.stop_on_signal import StopOnSignal
from seedbed.errors import ConfigError, Diverged, Interrupted
from seedbed.experiment import summary
from seedbed.experiment.build import (
    build_callbacks,
    build_data,
    build_freeze,
    build_loggers,
    build_module,
    build_trainer,
)
from seedbed.experiment.provenance import provenance_of_command, provenance_of_job
from seedbed.loggers.tensorboard import TensorBoard
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import Record
from seedbed.terminal.listener import current_listener
from seedbed.terminal.tables import metrics_table, print_table
from seedbed.terminal.words import relative
from seedbed.training.early_stopping import early_stopping_reason
from seedbed.training.output_checks import require_function_of_parameters, require_logits

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
        require_function_of_parameters(module.net, module.task)
    else:
        require_logits(module.net, module.task, example)
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
        print_table(metrics_table(columns))
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
        print(f"profile      {relative(profile)}")


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


def provenance(experiment: Experiment, command: list[str]) -> dict[str, Any]:
    """Return what the record says before anything has run."""
    return {
        **provenance_of_job(experiment.config, experiment.choices, experiment.overrides),
        **provenance_of_command(command, experiment.trainer.strategy.root_device),
    }
