"""A run in Lightning, from top to bottom: training, test and record."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from pytorch_lightning.utilities.exceptions import MisconfigurationException

from seedbed.callbacks import FigureCallback
from seedbed.config.schema.data import SPLITS
from seedbed.engines.lightning.data_module import LightningData
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.engines.lightning.processes import ending_together
from seedbed.errors import ConfigError, Interrupted
from seedbed.experiment.build import example_input
from seedbed.experiment.evaluation import measure
from seedbed.experiment.notes import notes_on_training
from seedbed.experiment.summary import class_weights_line, data_line
from seedbed.experiment.training.ending import (
    FAILED,
    end_at_once,
    finish,
    note_failure,
    read_outcome,
    small_model,
)
from seedbed.experiment.training.experiment import Experiment
from seedbed.experiment.training.loading import load, threads_of
from seedbed.experiment.weights.notes import print_weights
from seedbed.experiment.writer import RunWriter
from seedbed.process.torch_settings import using_threads
from seedbed.runs.outcome import RunOutcome
from seedbed.terminal.listener import current_listener
from seedbed.terminal.tables import print_table
from seedbed.training.parameters import frozen_parameters, trained_count


def run(experiment: Experiment, writer: RunWriter) -> int:
    """Train, test and write the outcome, whatever happens; return the exit code."""
    end = partial(end_at_once, experiment, writer)
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
                read_outcome(experiment, outcome)
                outcome.parameters = small_model(experiment)
                writer.write(outcome)
                test(experiment, outcome)
        outcome.status = "stopped_early" if isinstance(outcome.stopped, dict) else "completed"
    except ConfigError:
        # Some mistakes show only with the data at hand; then nothing is left behind either.
        writer.discard()
        raise
    except BaseException as failure:
        code = note_failure(failure, experiment.stop.received, outcome)
        if code == FAILED and outcome.status == "failed":
            finish(experiment, writer, outcome)
            raise
    finish(experiment, writer, outcome)
    if code > FAILED:
        raise Interrupted(code - 128)
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


def _trained_count(experiment: Experiment) -> int:
    """Return how many numbers the run trains, in its first epochs or later."""
    spec, net = experiment.spec, experiment.module.net
    if spec.module is not None:
        return trained_count(experiment.lightning_module)
    patterns = spec.freeze.parameters if spec.freeze.until_epoch is None else []
    return trained_count(net, frozen_parameters(net, patterns))


def _describe(experiment: Experiment, writer: RunWriter) -> None:
    """Write data, config and graph to record, terminal and TensorBoard."""
    data, net = experiment.data, experiment.module.net
    choice = writer.describe(data, _trained_count(experiment))
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
