"""Builders of Lightning's objects from the spec of a run: module, callbacks, loggers, trainer."""

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint as LightningCheckpoint
from pytorch_lightning.callbacks import ModelSummary, ProgressBar
from pytorch_lightning.loggers import Logger
from pytorch_lightning.plugins.environments import LightningEnvironment, SLURMEnvironment
from pytorch_lightning.profilers import AdvancedProfiler, Profiler, SimpleProfiler
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import nn

from seedbed.callbacks import CheckedCallback, Freeze, ScheduledNumbers
from seedbed.config.instantiation import keys_of, make, make_factory, reworded, target_of
from seedbed.config.schema.callbacks import Checkpoint as CheckpointOptions
from seedbed.config.schema.field import Schema
from seedbed.config.schema.trainer import Trainer
from seedbed.config.spec import RunSpec
from seedbed.data import DataModule
from seedbed.engines.lightning.foreign_callbacks import OURS, why_not
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.own_module import OwnModule, make_own_module
from seedbed.engines.lightning.processes import Strategy
from seedbed.engines.lightning.resuming.schedule import described
from seedbed.errors import ConfigError
from seedbed.runs.folder import RunFolder
from seedbed.training.gradients import Gradient
from seedbed.training.parameters import frozen_parameters
from seedbed.training.schedulers import RunLength, make_scheduler
from seedbed.training.tasks import Task

# Keys of `trainer` that Lightning's Trainer does not have.
OWN_KEYS = ("log_every_n_epochs", "log_every_n_steps", "threads", "timeout", "requeue")


def build_module(
    spec: RunSpec, net: nn.Module, task: Task, data: DataModule | None = None
) -> SupervisedModule:
    """Return the LightningModule of a network and a task.

    Args:
        spec: Spec of the run.
        net: The network.
        task: The task.
        data: Data, whose length schedules need; None (default) for evaluation alone.

    Raises:
        ConfigError: The optimizer, or a schedule of the user's, does not take its keys; raised
            before the data are loaded.
    """
    optimizer = make_optimizer(spec.optimizer, [nn.Parameter(torch.zeros(1))])
    if isinstance(optimizer, torch.optim.LBFGS):
        _check_closure(spec)
    scheduler = keys_of(spec.scheduler)
    if not isinstance(spec.scheduler, Schema):  # Any mistake in ours is known without it.
        make_scheduler(scheduler, optimizer, RunLength(epochs=1000, steps_per_epoch=1000))

    @cache
    def length() -> RunLength:
        assert data is not None
        return run_length(spec.trainer, data)

    def with_schedule(optimizer: torch.optim.Optimizer) -> dict[str, Any] | None:
        return make_scheduler(scheduler, optimizer, length())

    return SupervisedModule(
        net,
        task,
        make_optimizer=partial(make_optimizer, spec.optimizer),
        make_scheduler=with_schedule,
        schedule=lambda: described(keys_of(spec.optimizer).get("lr"), scheduler, length()),
        gradient=make("gradient", Gradient, spec.gradient),
        log_every_n_epochs=spec.trainer.log_every_n_epochs,
        log_every_n_steps=spec.trainer.log_every_n_steps,
        watched=_watched(spec),
    )


def build_own_module(spec: RunSpec) -> OwnModule:
    """Return the LightningModule of the user's in its companion.

    Raises:
        ConfigError: It is none, does not take its keys, or lacks what a training needs.
    """
    watched, nodes = _watched(spec), spec.callbacks.values()
    if not any(isinstance(node, CheckpointOptions) and node.keep_best for node in nodes):
        del watched["optimized_metric"]  # No best epoch is looked for.
    return OwnModule(
        make_own_module(spec.module),
        log_every_n_epochs=spec.trainer.log_every_n_epochs,
        log_every_n_steps=spec.trainer.log_every_n_steps,
        watched=watched,
    )


def _check_closure(spec: RunSpec) -> None:
    """Raise ConfigError where L-BFGS, which evaluates a batch several times, cannot do so."""
    scheduled = "GradientAccumulationScheduler"
    names = [f"callbacks.{k}" for k, v in spec.callbacks.items() if scheduled in str(target_of(v))]
    if spec.trainer.accumulate_grad_batches > 1:
        names.append(f"trainer.accumulate_grad_batches={spec.trainer.accumulate_grad_batches}")
    if names:
        raise ConfigError(
            f"{names[0]}: L-BFGS evaluates each batch several times and cannot average over "
            "others; take a larger data.batch_size instead, or another optimizer"
        )
    if spec.trainer.precision == "16-mixed":
        raise ConfigError("trainer.precision=16-mixed: not with L-BFGS; 32-true or bf16-mixed is")


def _watched(spec: RunSpec) -> dict[str, str]:
    """Return the metrics that something depends on, by the config key that names them."""
    nodes = {"scheduler": spec.scheduler}
    nodes |= {f"callbacks.{name}": node for name, node in spec.callbacks.items()}
    monitors = {f"{key}.monitor": keys_of(node).get("monitor") for key, node in nodes.items()}
    watched = {"optimized_metric": spec.optimized_metric, **monitors}
    return {key: str(name) for key, name in watched.items() if name is not None}


def make_optimizer(options: Any, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Return the optimizer that the option `optimizer=` names, on the parameters.

    Raises:
        ConfigError: The class does not take the keys, or is no torch optimizer.
    """
    target = str(target_of(options))
    keys = keys_of(options)
    if keys.get("lr", 0.0) is None:  # The class has a learning rate of its own.
        del keys["lr"]
    factory = make_factory("optimizer", keys)
    if isinstance(factory.func, type) and not issubclass(factory.func, torch.optim.Optimizer):
        raise ConfigError(f"optimizer._target_: {target} is not a torch optimizer")
    try:
        optimizer = factory(parameters)
    except Exception as error:  # It may be of the user's own.
        raise reworded("optimizer", target, error) from error
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ConfigError(f"optimizer._target_: {target} is not a torch optimizer")
    return optimizer


def run_length(trainer: Trainer, data: DataModule) -> RunLength:
    """Return the length of a run in epochs and optimizer steps.

    Lightning's `estimated_stepping_batches` would tell too, but it sets up the training data before
    a checkpoint is restored, and the loader then forgets where the epoch stopped.
    """
    lasts = trainer.max_epochs, trainer.max_steps
    every = trainer.check_val_every_n_epoch
    try:
        batches = len(data.train_dataloader())
    except TypeError:
        return RunLength(*lasts, epochs_between_validations=every)
    limit = trainer.overfit_batches or trainer.limit_train_batches
    batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
    steps = -(-batches // trainer.accumulate_grad_batches)
    return RunLength(*lasts, steps or None, every)


def build_callbacks(spec: RunSpec, folder: RunFolder, net: nn.Module) -> list[pl.Callback]:
    """Return the callbacks of the config, in its order.

    Before them come those that change numbers on the way, and that freeze parameters.
    """
    callbacks: list[pl.Callback] = [ScheduledNumbers(spec.schedule)] if spec.schedule else []
    if spec.freeze.parameters and spec.module is None:
        frozen = frozen_parameters(net, spec.freeze.parameters)
        callbacks.append(Freeze(frozen, spec.freeze.until_epoch))
    for name, node in spec.callbacks.items():
        more: dict[str, Any] = {}
        if target_of(node) == "seedbed.callbacks.Checkpoint":
            more = {
                "folder": folder.checkpoint("last").parent,
                "monitor": spec.optimized_metric,
                "mode": spec.optimized_mode,
            }
        ours = OURS.get(str(target_of(node)))
        node = {**keys_of(node), "_target_": ours} if ours else node
        callback = make(f"callbacks.{name}", pl.Callback, node, **more)
        if reason := why_not(callback, spec):
            raise ConfigError(f"callbacks.{name}: {type(callback).__name__} {reason}")
        if isinstance(callback, CheckedCallback):
            callback.name = name
        callbacks.append(callback)
    return callbacks


def build_loggers(spec: RunSpec, folder: RunFolder) -> list[Logger]:
    """Return the loggers of the config; Seedbed's own write into the run folder."""
    loggers = []
    for name, node in spec.logger.items():
        own = str(target_of(node)).startswith("seedbed.loggers.")
        more = {"folder": folder.path} if own else {}
        loggers.append(make(f"logger.{name}", Logger, node, **more))
    return loggers


def build_trainer(
    spec: RunSpec,
    accelerator: str,
    folder: RunFolder,
    callbacks: list[pl.Callback],
    loggers: list[Logger],
) -> pl.Trainer:
    """Return Lightning's Trainer; its folder is the run's.

    Raises:
        ConfigError: Lightning refuses the accelerator or the strategy.
    """
    options = _trainer_options(spec, accelerator, folder)
    try:
        return pl.Trainer(
            **options,
            default_root_dir=str(folder.path),
            logger=loggers or False,
            callbacks=callbacks,
            enable_checkpointing=_any(callbacks, LightningCheckpoint),
            enable_progress_bar=_any(callbacks, ProgressBar),
            enable_model_summary=_any(callbacks, ModelSummary),
            num_sanity_val_steps=0,
            log_every_n_steps=spec.trainer.log_every_n_steps or 1,
            # Every device's share of a batch is cut by our own loaders.
            use_distributed_sampler=False,
            plugins=_environment(),
        )
    except (MisconfigurationException, ValueError, RuntimeError, ImportError) as error:
        reason = str(error).splitlines()[0][:200]
        given = {"accelerator": accelerator, "strategy": spec.trainer.strategy}
        asked = " ".join(f"trainer.{key}={value}" for key, value in given.items())
        raise ConfigError(f"{asked}: {reason}") from error


def _environment() -> LightningEnvironment | None:
    """Return what starts the processes of a run in a job of Slurm: the run itself, as elsewhere.

    Lightning would take the tasks of the job for them, and have its own way with signals.
    """
    return LightningEnvironment() if SLURMEnvironment.detect() else None


def _any(callbacks: list[pl.Callback], kind: type) -> bool:
    return any(isinstance(callback, kind) for callback in callbacks)


def _trainer_options(spec: RunSpec, accelerator: str, folder: RunFolder) -> Mapping[str, Any]:
    """Return the keys of `trainer` as Lightning's Trainer takes them."""
    trainer = spec.trainer
    keys = {name: value for name, value in keys_of(trainer).items() if name not in OWN_KEYS}
    return keys | {
        "accelerator": accelerator,
        "devices": "auto" if trainer.devices is None else trainer.devices,
        "strategy": Strategy(trainer.timeout) if _several(trainer, accelerator) else "auto",
        "max_epochs": -1 if trainer.max_epochs is None else trainer.max_epochs,
        "max_steps": -1 if trainer.max_steps is None else trainer.max_steps,
        "limit_val_batches": trainer.limit_val_batches if spec.validates else 0,
        "profiler": _profiler(trainer.profiler, folder.path),
    }


def _several(trainer: Trainer, accelerator: str) -> bool:
    """Tell whether processes share the training; Lightning takes all devices there are for null."""
    devices = trainer.devices or (torch.cuda.device_count() if accelerator == "gpu" else 1)
    return trainer.strategy == "ddp" or devices > 1


def _profiler(name: str | None, folder: Path) -> Profiler | None:
    if name is None:
        return None
    kind = SimpleProfiler if name == "simple" else AdvancedProfiler
    return kind(dirpath=folder, filename="profile")
