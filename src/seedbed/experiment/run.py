"""A run in Lightning: its objects, training, test and record."""

import signal
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.exceptions import MisconfigurationException, SIGTERMException

from seedbed.analysis.reference_lines import parameters_report
from seedbed.callbacks import (
    CheckedCallback,
    Checkpoint,
    FigureCallback,
    StoppingRule,
    why_stopped,
)
from seedbed.config.instantiation import keys_of, target_of
from seedbed.config.schema.callbacks import StoppingRule as StoppingRuleOptions
from seedbed.config.schema.callbacks import never_stops
from seedbed.config.schema.data import SPLITS
from seedbed.config.spec import RunSpec
from seedbed.data import DataModule, InMemoryData
from seedbed.engines.lightning.build import (
    build_callbacks,
    build_loggers,
    build_module,
    build_own_module,
    build_trainer,
    run_length,
)
from seedbed.engines.lightning.data_module import LightningData, place
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.engines.lightning.processes import ending_together
from seedbed.engines.lightning.resuming.fit_loop import use_resumable_loops
from seedbed.engines.lightning.resuming.process_state import ProcessState
from seedbed.engines.lightning.stop_on_signal import StopOnSignal
from seedbed.engines.lightning.threads import threads_of_a_step
from seedbed.errors import (
    ConfigError,
    Diverged,
    DoesNotFit,
    Interrupted,
    ProcessLost,
    SeedbedError,
    disk_full,
    stopped_by,
)
from seedbed.experiment.build import (
    accelerator,
    build_data,
    build_net,
    build_task,
    check_model,
    example_input,
    seed_cpu,
)
from seedbed.experiment.checks import (
    check_limits,
    check_network,
    check_patience,
    check_rows,
    check_shares,
)
from seedbed.experiment.evaluation import measure
from seedbed.experiment.fitted_task import fitted_task
from seedbed.experiment.notes import notes_on_training
from seedbed.experiment.summary import class_weights_line, data_line, print_outcome
from seedbed.experiment.weights.notes import print_weights
from seedbed.experiment.weights.taking import Taken, take, taken
from seedbed.experiment.writer import RunWriter
from seedbed.process.torch_settings import using_threads
from seedbed.runs.folder import RunFolder
from seedbed.runs.outcome import RunOutcome
from seedbed.terminal.listener import current_listener
from seedbed.terminal.tables import print_table
from seedbed.training.best_epoch import no_best_epoch
from seedbed.training.evaluation_mode import evaluation_mode
from seedbed.training.schedulers import length_problem

FAILED = 1


@dataclass
class Experiment:
    """The objects of one run; it goes on from the checkpoint `resume_from`, where there is one."""

    spec: RunSpec
    folder: RunFolder
    data: DataModule
    module: SupervisedModule | OwnModule
    trainer: pl.Trainer
    callbacks: list[pl.Callback]
    loggers: list[Logger]
    stop: StopOnSignal
    exact: ProcessState
    weights: Taken | None = None
    loaded: bool = False
    resume_from: Path | None = None

    @property
    def lightning_module(self) -> pl.LightningModule:
        """The LightningModule that trains: Seedbed's, or one of the user's."""
        return self.module.net if isinstance(self.module, OwnModule) else self.module

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The callback that keeps the best and the last epoch, where there is one."""
        return next(
            (callback for callback in self.callbacks if isinstance(callback, Checkpoint)), None
        )


def build_experiment(
    spec: RunSpec,
    folder: RunFolder,
    data: DataModule | None = None,
    resume_from: Path | None = None,
) -> Experiment:
    """Return the objects of a run; nothing is written and no data are read yet.

    Args:
        spec: All that the run is made of.
        folder: Its folder.
        data: Its data, where they are there already; None (default) makes them.
        resume_from: The checkpoint that it goes on from; None (default) begins it.

    Raises:
        ConfigError: the network, a callback, a logger or the trainer cannot be made, or the network
            does not fit the task.
    """
    # Processes that load data look for the seed in the environment.
    pl.seed_everything(spec.seed, workers=True, verbose=False)
    data = data or build_data(spec)
    module: SupervisedModule | OwnModule
    if spec.module is not None:
        seed_cpu(spec.seed)
        module = build_own_module(spec)
        take(module.net, spec.initial_weights, spec.outputs)
    else:
        net, task = build_net(spec), build_task(spec)
        module = build_module(spec, net, task, data)
    weights = taken(module.net, spec.initial_weights, spec.outputs)
    stop = StopOnSignal()
    exact = ProcessState()
    callbacks = [stop, *build_callbacks(spec, folder, module.net), exact]
    if isinstance(module, OwnModule):
        callbacks.insert(0, module)
    else:
        check_model(spec, module.net, module.task)
    for callback in callbacks:
        if isinstance(callback, CheckedCallback):
            callback.check(spec, module.net)
    loggers = build_loggers(spec, folder)
    where = accelerator(spec.trainer.accelerator)
    trainer = build_trainer(spec, where, folder, callbacks, loggers)
    use_resumable_loops(trainer, stop, exact)
    return Experiment(
        *(spec, folder, data, module, trainer, callbacks, loggers, stop, exact),
        weights=weights,
        resume_from=resume_from,
    )


def run(experiment: Experiment, writer: RunWriter) -> int:
    """Train, test and write the outcome, whatever happens; return the exit code."""
    end = partial(_end_at_once, experiment, writer)
    seconds = experiment.spec.trainer.timeout
    with ending_together(experiment.trainer, seconds, end) as training_together:
        return _run(experiment, writer, training_together)


def _run(
    experiment: Experiment, writer: RunWriter, training_together: AbstractContextManager[None]
) -> int:
    outcome, code = RunOutcome(), 0
    writer.record.progress = lambda: (
        int(experiment.trainer.current_epoch),
        experiment.spec.trainer.max_epochs,
    )
    try:
        with experiment.stop, training_together:
            load(experiment)
            with using_threads(threads_of(experiment)):
                _describe(experiment, writer)
                fit(experiment)
                _read(experiment, outcome)
                outcome.parameters = _small_model(experiment)
                writer.write(outcome)
                test(experiment, outcome)
        outcome.status = "completed"
    except ConfigError:
        # Some mistakes show only with the data at hand; then nothing is left behind either.
        writer.discard()
        raise
    except BaseException as failure:
        code = _note(failure, experiment.stop.received, outcome)
        if code == FAILED and outcome.status == "failed":
            _finish(experiment, writer, outcome)
            raise
    _finish(experiment, writer, outcome)
    if code > FAILED:
        raise Interrupted(code - 128)
    return code


def _note(failure: BaseException, received: int | None, outcome: RunOutcome) -> int:
    """Note how the run has ended; return the exit code. `received` is a signal to stop, or None."""
    stopped = isinstance(failure, Interrupted | SIGTERMException | KeyboardInterrupt)
    if stopped or (received is not None and isinstance(failure, ProcessLost)):
        number = getattr(failure, "signal_number", received or signal.SIGINT)
        outcome.status, outcome.error = "interrupted", stopped_by(number)
        return 128 + int(number)
    if isinstance(failure, Diverged):
        outcome.status, outcome.error = "diverged", str(failure)
    else:
        failure = disk_full(failure) or failure
        known = isinstance(failure, SeedbedError)
        name = "" if known else f"{type(failure).__name__}: "
        outcome.status, outcome.error = "failed", f"{name}{failure}"
    return FAILED


def _end_at_once(experiment: Experiment, writer: RunWriter, reason: SeedbedError) -> int:
    """Write what is known while the training waits for another process; return the exit code.

    Any process may do so, where the first one cannot.
    """
    outcome, checkpoint = RunOutcome(), experiment.checkpoint
    code = _note(reason, experiment.stop.received, outcome)
    if checkpoint is not None:
        checkpoint.write_kept()
    _read(experiment, outcome)
    if experiment.trainer.is_global_zero:
        writer.record.finish(outcome)
    elif not writer.record.finish_for_first(outcome):
        return code
    experiment.folder.remove_leftovers()
    print(f"seedbed: {outcome.error}", file=sys.stderr)
    return code


def fit(experiment: Experiment) -> None:
    """Train; the module then holds the weights of the last epoch."""
    if experiment.spec.trainer.max_epochs == 0:
        measure_untrained(experiment)
        return
    try:
        data = LightningData(experiment.data, experiment.spec.seed)
        experiment.trainer.fit(
            experiment.lightning_module,
            datamodule=data,
            ckpt_path=experiment.resume_from,
            weights_only=True,
        )
    except MisconfigurationException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"trainer: {reason}") from error
    checkpoint = experiment.checkpoint
    if checkpoint is not None and not checkpoint.last_is_measured and experiment.spec.validates:
        measured = _measured(experiment, "val")
        experiment.module.epoch_metrics |= measured
        checkpoint.measured(experiment.trainer, dict(experiment.module.epoch_metrics))


def measure_untrained(experiment: Experiment) -> None:
    """Let a run without epochs end with the metrics of the initial weights, as epoch 0."""
    module, splits = experiment.module, ["train", *["val"] * experiment.spec.validates]
    for split in splits:
        module.epoch_metrics |= _measured(experiment, split)
    module.log_untrained()
    if experiment.checkpoint is not None:
        metrics = dict(module.epoch_metrics)
        experiment.checkpoint.untrained(experiment.trainer, module, metrics)
    # Figures ask for the data here.
    experiment.trainer.datamodule = LightningData(experiment.data)  # type: ignore[attr-defined]
    for callback in experiment.callbacks:
        if isinstance(callback, FigureCallback):
            callback.on_train_end(experiment.trainer, experiment.lightning_module)


def _measured(experiment: Experiment, split: str) -> dict[str, float]:
    """Return the metrics of the weights as they are, on a split; no callback takes part."""
    trainer: Any = experiment.trainer
    kept, trainer.callbacks = trainer.callbacks, []
    try:
        loader = experiment.data.evaluation_loader(split)
        return measure(trainer, experiment.module, loader, split)
    finally:
        trainer.callbacks = kept


def test(experiment: Experiment, outcome: RunOutcome) -> None:
    """Evaluate the weights of the best epoch on the test split, where there is one."""
    data, module = experiment.data, experiment.module
    if not data.has_split("test") or experiment.spec.trainer.limit_test_batches == 0:
        return
    if isinstance(module, OwnModule) and not module.measures():
        return
    if outcome.best is not None:
        module.net.load_state_dict(outcome.best.weights)
    if isinstance(module, OwnModule):
        loader = data.evaluation_loader("test")
        module.tested_metrics = module.measure(experiment.trainer, loader, "test")
    else:
        experiment.trainer.test(module, datamodule=LightningData(data), verbose=False)
    outcome.metrics |= module.tested_metrics
    kept = outcome.best or outcome.last
    for state in (outcome.best, outcome.last):  # They may be one epoch.
        if kept is not None and state is not None and state.step == kept.step:
            state.metrics |= module.tested_metrics


def _read(experiment: Experiment, outcome: RunOutcome) -> None:
    """Copy the state of the training into the outcome."""
    checkpoint = experiment.checkpoint
    outcome.metrics = {**experiment.module.epoch_metrics, **experiment.module.tested_metrics}
    outcome.metrics_epoch = experiment.module.metrics_epoch
    outcome.stopped = _why_stopped(experiment)
    outcome.curves = experiment.module.curves()
    if checkpoint is not None:
        outcome.best, outcome.last = checkpoint.best, checkpoint.written or checkpoint.last


def _finish(experiment: Experiment, writer: RunWriter, outcome: RunOutcome) -> None:
    """Write the outcome, and print it."""
    _read(experiment, outcome)
    checkpoint = experiment.checkpoint
    has_no_best = checkpoint is not None and checkpoint.keep_best and outcome.best is None
    if outcome.status == "completed" and outcome.last is not None and has_no_best:
        outcome.warning = no_best_epoch(experiment.spec.optimized_metric)
    writer.finish(outcome, experiment.trainer.current_epoch)
    if not experiment.trainer.is_global_zero or current_listener() is not None:
        return
    if outcome.status == "failed":
        return
    if outcome.error is not None:
        print(f"seedbed: {outcome.status}: {outcome.error}", file=sys.stderr)
    if outcome.warning is not None:
        print(f"seedbed: warning: {outcome.warning}", file=sys.stderr)
    print_outcome(outcome, experiment.spec, experiment.folder, experiment.data)


def _why_stopped(experiment: Experiment) -> str | None:
    """Return the rule that ended the training early, and the epoch; None where none did."""
    # A LightningModule of the user's may have brought some.
    for callback in experiment.trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, StoppingRule) and callback.stopped:
            return callback.stopped
        if isinstance(callback, EarlyStopping) and (reason := why_stopped(callback)):
            return reason
    return None


def _small_model(experiment: Experiment) -> dict[str, Any]:
    """Return the parameters of a small model at the end of the training; of a linear one, more."""
    module = experiment.module
    if isinstance(module, OwnModule) or not experiment.trainer.is_global_zero:
        return {}
    return parameters_report(experiment.data, module.net, module.task)


def load(experiment: Experiment, cut_short: bool = False) -> None:
    """Load the data, the first time, and check all that can be told before training.

    Of a run that is `cut_short` on purpose, to debug it, no rule or schedule need come to its end.

    Raises:
        ConfigError: rows do not fit, or a schedule or a rule does not fit the length of the run.
    """
    if experiment.loaded:
        return
    data, trainer = experiment.data, experiment.trainer
    if trainer.is_global_zero:
        data.prepare_data()
    trainer.strategy.barrier()
    place(data, trainer)
    data.setup("fit")
    module = experiment.module
    if isinstance(module, OwnModule):
        check_shares(experiment.spec, data)
        if isinstance(data, InMemoryData):
            check_rows(experiment.spec, data, build_task(experiment.spec))
    else:
        with evaluation_mode(module.net):  # The user's own rows may draw random numbers.
            check_rows(experiment.spec, data, module.task)
        module.task = fitted_task(module.task, data)
        check_network(experiment.spec, data, module.net, module.task)
    _check_length(experiment, cut_short)
    experiment.loaded = True


def _check_length(experiment: Experiment, cut_short: bool) -> None:
    spec = experiment.spec
    if spec.trainer.max_epochs == 0:
        return
    check_limits(spec.trainer, experiment.data)
    length = run_length(spec.trainer, experiment.data)
    if problem := length_problem(keys_of(spec.scheduler), length, cut_short):
        raise DoesNotFit(problem)
    for name, node in spec.callbacks.items() if not cut_short else []:
        keys, epochs = keys_of(node), length.intervals("epoch")
        if isinstance(node, StoppingRuleOptions) and epochs and node.min_epochs > epochs:
            key = f"callbacks.{name}"
            raise DoesNotFit(never_stops(key, "min_epochs", node.min_epochs, f"{epochs} epochs"))
        if str(target_of(node)).endswith("callbacks.EarlyStopping") and "patience" in keys:
            every = spec.trainer.check_val_every_n_epoch
            monitor = str(keys["monitor"])
            check_patience(f"callbacks.{name}", monitor, keys["patience"], every, length)


def threads_of(experiment: Experiment) -> int:
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
    if experiment.checkpoint is not None:
        experiment.checkpoint.preparation = data.preparation
    if experiment.trainer.is_global_zero and current_listener() is None:
        sizes = {split: rows for split in SPLITS if (rows := data.rows(split)) is not None}
        print(data_line(choice, sizes, experiment.spec.data), flush=True)
        if (description := data.description()) is not None:
            print_table(description)
        print_weights(experiment.weights, experiment.spec, data)
        for note in (*data.notes, *notes_on_training(experiment.spec, data)):
            print(f"note         {note}", flush=True)
        task, names = getattr(experiment.module, "task", None), experiment.spec.facts.class_names
        if weights := class_weights_line(task, names):
            print(weights, flush=True)
    if experiment.spec.module is None:  # The inputs of any other are not known.
        writer.log_graph(net, example_input(experiment.spec, net))
