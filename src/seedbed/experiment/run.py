"""A run in Lightning: its objects, training, test and record."""

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.exceptions import MisconfigurationException, SIGTERMException

from seedbed.analysis.reference_lines import parameters_report
from seedbed.callbacks import CheckedCallback, Checkpoint, StoppingRule
from seedbed.config.instantiation import keys_of
from seedbed.config.schema.data import SPLITS
from seedbed.config.spec import RunSpec
from seedbed.data import DataModule
from seedbed.engines.lightning.build import (
    build_callbacks,
    build_loggers,
    build_module,
    build_trainer,
)
from seedbed.engines.lightning.data_module import LightningData, place
from seedbed.engines.lightning.epoch_loop import use_lean_loop
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.stop_on_signal import StopOnSignal
from seedbed.engines.lightning.threads import threads_of_a_step
from seedbed.errors import ConfigError, Diverged, Interrupted
from seedbed.experiment.build import (
    accelerator,
    build_data,
    build_net,
    build_task,
    check_model,
    example_input,
)
from seedbed.experiment.summary import data_line, print_outcome
from seedbed.experiment.writer import RunWriter
from seedbed.process.torch_settings import using_threads
from seedbed.runs.folder import RunFolder
from seedbed.runs.outcome import RunOutcome
from seedbed.terminal.listener import current_listener
from seedbed.training.early_stopping import early_stopping_reason

FAILED = 1


@dataclass
class Experiment:
    """The objects of one run."""

    spec: RunSpec
    folder: RunFolder
    data: DataModule
    module: SupervisedModule
    trainer: pl.Trainer
    callbacks: list[pl.Callback]
    loggers: list[Logger]
    stop: StopOnSignal

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The callback that keeps the best and the last epoch, where there is one."""
        return next(
            (callback for callback in self.callbacks if isinstance(callback, Checkpoint)), None
        )


def build_experiment(spec: RunSpec, folder: RunFolder) -> Experiment:
    """Return the objects of a run; nothing is written and no data are read yet.

    Raises:
        ConfigError: the network, a callback, a logger or the trainer cannot be made, or the network
            does not fit the task.
    """
    # Processes that load data look for the seed in the environment.
    pl.seed_everything(spec.seed, workers=True, verbose=False)
    data, net, task = build_data(spec), build_net(spec), build_task(spec)
    module = build_module(spec, net, task, data)
    stop = StopOnSignal()
    callbacks = [*build_callbacks(spec, folder, net), stop]
    check_model(spec, net, task)
    for callback in callbacks:
        if isinstance(callback, CheckedCallback):
            callback.check(spec, net)
    loggers = build_loggers(spec, folder)
    where = accelerator(spec.trainer.accelerator)
    trainer = build_trainer(spec, where, folder, callbacks, loggers)
    use_lean_loop(trainer, stop.requested)
    return Experiment(spec, folder, data, module, trainer, callbacks, loggers, stop)


def run(experiment: Experiment, writer: RunWriter) -> int:
    """Train, test and write the outcome, whatever happens; return the exit code."""
    outcome, code = RunOutcome(), 0
    try:
        with experiment.stop:
            _load(experiment)
            with using_threads(_threads(experiment)):
                _describe(experiment, writer)
                fit(experiment)
                _read(experiment, outcome)
                outcome.parameters = _small_model(experiment)
                writer.write(outcome)
                test(experiment, outcome)
        outcome.status = "completed"
    except Diverged as divergence:
        outcome.status, outcome.error, code = "diverged", str(divergence), FAILED
    except (Interrupted, SIGTERMException, KeyboardInterrupt) as interruption:
        number = getattr(interruption, "signal_number", experiment.stop.received or 2)
        outcome.status, outcome.error = "interrupted", f"stopped by signal {number}"
        code = 128 + number
    except ConfigError:
        # Some mistakes show only with the data at hand; then nothing is left behind either.
        writer.discard()
        raise
    except BaseException as failure:
        outcome.status, outcome.error = "failed", f"{type(failure).__name__}: {failure}"
        _finish(experiment, writer, outcome)
        raise
    _finish(experiment, writer, outcome)
    if code > FAILED and experiment.trainer.is_global_zero:
        _end_other_processes(experiment.trainer)
        raise Interrupted(code - 128)
    return code


def fit(experiment: Experiment) -> None:
    """Train; the module then holds the weights of the last epoch."""
    try:
        experiment.trainer.fit(experiment.module, datamodule=LightningData(experiment.data))
    except MisconfigurationException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"trainer: {reason}") from error


def test(experiment: Experiment, outcome: RunOutcome) -> None:
    """Evaluate the weights of the best epoch on the test split, where there is one."""
    data, module = experiment.data, experiment.module
    if not data.has_split("test") or experiment.spec.trainer.limit_test_batches == 0:
        return
    if outcome.best is not None:
        module.net.load_state_dict(outcome.best.weights)
    experiment.trainer.test(module, datamodule=LightningData(data), verbose=False)
    outcome.metrics |= module.tested_metrics
    kept = outcome.best or outcome.last
    if kept is not None:
        kept.metrics |= module.tested_metrics


def _read(experiment: Experiment, outcome: RunOutcome) -> None:
    """Copy the state of the training into the outcome."""
    checkpoint = experiment.checkpoint
    outcome.metrics = {**experiment.module.epoch_metrics, **experiment.module.tested_metrics}
    outcome.stopped = _why_stopped(experiment)
    outcome.curves = experiment.module.curves()
    if checkpoint is not None:
        outcome.best, outcome.last = checkpoint.best, checkpoint.last


def _finish(experiment: Experiment, writer: RunWriter, outcome: RunOutcome) -> None:
    """Write the outcome, and print it."""
    _read(experiment, outcome)
    writer.finish(outcome, experiment.trainer.current_epoch)
    if not experiment.trainer.is_global_zero or current_listener() is not None:
        return
    if outcome.status == "failed":
        return
    if outcome.error is not None:
        print(f"seedbed: {outcome.status}: {outcome.error}", file=sys.stderr)
    print_outcome(outcome, experiment.spec, experiment.folder, experiment.data)


def _end_other_processes(trainer: pl.Trainer) -> None:
    """Let no process of a run with several outlive the first one."""
    launcher: Any = trainer.strategy.launcher
    for process in getattr(launcher, "procs", []):
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def _why_stopped(experiment: Experiment) -> str | None:
    """Return the rule that ended the training early, and the epoch; None where none did."""
    for callback in experiment.callbacks:
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
    """Return the parameters of a small model at the end of the training; of a linear one, more."""
    if not experiment.trainer.is_global_zero:
        return {}
    return parameters_report(experiment.data, experiment.module.net, experiment.module.task)


def _load(experiment: Experiment) -> None:
    """Load the data."""
    data, trainer = experiment.data, experiment.trainer
    if trainer.is_global_zero:
        data.prepare_data()
    trainer.strategy.barrier()
    place(data, trainer)
    data.setup("fit")


def _threads(experiment: Experiment) -> int:
    """Return the number of CPU threads: that of the config, else by the size of a step."""
    spec, net = experiment.spec, experiment.module.net
    if spec.trainer.threads is not None or experiment.data.placement.device.type != "cpu":
        return spec.trainer.threads or torch.get_num_threads()
    rows = keys_of(spec.data).get("batch_size") or experiment.data.rows("train")
    return threads_of_a_step(net, example_input(spec, net), rows)


def _describe(experiment: Experiment, writer: RunWriter) -> None:
    """Write data, config and graph to record, terminal and TensorBoard."""
    data, net = experiment.data, experiment.module.net
    choice = writer.describe(data)
    if experiment.trainer.is_global_zero and current_listener() is None:
        sizes = {split: rows for split in SPLITS if (rows := data.rows(split)) is not None}
        print(data_line(choice, sizes, experiment.spec.data), flush=True)
    writer.log_graph(net, example_input(experiment.spec, net))
