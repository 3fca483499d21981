"""The objects of a run: network, data, callbacks, loggers and trainer."""

from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.loggers import Logger

from seedbed.callbacks import CheckedCallback, Checkpoint, TrialStopping
from seedbed.config.spec import RunSpec
from seedbed.data import DataModule
from seedbed.engines.lightning.build import (
    build_callbacks,
    build_loggers,
    build_module,
    build_own_module,
    build_trainer,
)
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.engines.lightning.resuming.fit_loop import use_resumable_loops
from seedbed.engines.lightning.resuming.process_state import ProcessState
from seedbed.engines.lightning.stop_on_signal import StopOnSignal
from seedbed.experiment.build import (
    accelerator,
    build_data,
    build_net,
    build_task,
    check_model,
    seed_cpu,
)
from seedbed.experiment.weights.taking import Taken, take, taken
from seedbed.runs.folder import RunFolder
from seedbed.training.trial_stopping.judge import current_judge


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
    judged = [TrialStopping(current_judge())] if spec.stops_trials else []
    callbacks = [stop, *build_callbacks(spec, folder, module.net), *judged, exact]
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
