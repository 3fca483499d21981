"""From a checked config to the objects of a run: data module, network, task, module, trainer."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.errors import InstantiationException
from hydra.utils import get_class, get_object, instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import Logger
from pytorch_lightning.profilers import AdvancedProfiler, Profiler, SimpleProfiler
from torch import nn

from seedbed.callbacks import Checkpoint
from seedbed.checks import has_validation, mode_of, optimized_metric
from seedbed.errors import ConfigError
from seedbed.models import set_initial_weights
from seedbed.module import SupervisedModule
from seedbed.runs.folder import RunFolder
from seedbed.schedulers import make_scheduler
from seedbed.schema import schema_of
from seedbed.tasks import Task

# What a data option says of itself; a data module of the user's own does not take these.
DATA_FACTS = (
    "task",
    "input_shape",
    "output_size",
    "feature_names",
    "feature_units",
    "target_names",
    "target_units",
    "class_names",
)


def build_data(config: DictConfig) -> pl.LightningDataModule:
    """Return the data module; ours take their typed options, the user's own their keys."""
    node = config.data
    if schema_of(node) is not None:
        options = OmegaConf.to_object(node)
        data: pl.LightningDataModule = _class("data", node._target_)(options)
        return data
    arguments = {name: value for name, value in node.items() if name not in DATA_FACTS}
    made = _instantiate("data", arguments)
    assert isinstance(made, pl.LightningDataModule)
    return made


def build_net(config: DictConfig) -> nn.Module:
    """Return the network with its initial weights, drawn from `seed`.

    Raises ConfigError where weights that were given do not fit.
    """
    pl.seed_everything(config.seed, workers=True, verbose=False)
    net = _instantiate("model", config.model)
    if not isinstance(net, nn.Module):
        raise ConfigError(f"model._target_: {config.model._target_} is not a torch.nn.Module")
    initial = config.initial_weights
    set_initial_weights(net, initial.distribution, _dotted(_plain(initial.parameters)))
    if config.trainer.precision.startswith("64"):
        net = net.double()
    return net


def _dotted(parameters: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return `{a: {b: value}}`, which the command line makes of `a.b=value`, as `{a.b: value}`."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        nested = isinstance(value, Mapping)
        found |= _dotted(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return found


def build_task(config: DictConfig) -> Task:
    """Return the task."""
    task = _call("task", _plain(config.task))
    assert isinstance(task, Task)
    return task


def build_module(config: DictConfig) -> SupervisedModule:
    """Return the module that trains the network on the task."""
    trainer = config.trainer
    return SupervisedModule(
        build_net(config),
        build_task(config),
        make_optimizer=partial(make_optimizer, _plain(config.optimizer)),
        make_scheduler=partial(make_scheduler, scheduler_options(config)),
        log_every_n_epochs=trainer.log_every_n_epochs,
        log_every_n_steps=trainer.log_every_n_steps,
    )


def make_optimizer(
    options: Mapping[str, Any], parameters: list[nn.Parameter]
) -> torch.optim.Optimizer:
    """Return the optimizer of the options of `optimizer=` on the parameters."""
    keys = dict(options)
    optimizer = _object("optimizer", keys.pop("_target_"))(parameters, **keys)
    assert isinstance(optimizer, torch.optim.Optimizer)
    return optimizer


def scheduler_options(config: DictConfig) -> dict[str, Any]:
    """Return the options of `scheduler=`, with the watched metric filled in."""
    return _watched(_plain(config.scheduler), config)


def _watched(options: dict[str, Any], config: DictConfig) -> dict[str, Any]:
    """Fill in `monitor` and `mode` where they are null."""
    if "monitor" not in options:
        return options
    monitor, mode = options["monitor"], options["mode"]
    if monitor is None:
        monitor, follows = optimized_metric(config)
    else:
        follows = mode_of(monitor)
    return {**options, "monitor": monitor, "mode": mode or follows}


def build_callbacks(config: DictConfig, folder: RunFolder) -> list[pl.Callback]:
    """Return the callbacks of the config, in its order."""
    made: list[pl.Callback] = []
    for name, node in config.callbacks.items():
        if node is None:
            continue
        options = _watched(_plain(node), config)
        if options["_target_"] == "seedbed.callbacks.Checkpoint":
            monitor, mode = optimized_metric(config)
            checkpoints = folder.checkpoint("last").parent
            options |= {"folder": checkpoints, "monitor": monitor, "mode": mode}
        made.append(_call(f"callbacks.{name}", options))
    return made


def build_loggers(config: DictConfig, folder: RunFolder) -> list[Logger]:
    """Return the loggers of the config; ours get the run folder."""
    made: list[Logger] = []
    for name, node in config.logger.items():
        options = _plain(node)
        if options["_target_"] == "seedbed.loggers.TensorBoard":
            options["folder"] = folder.path
        made.append(_call(f"logger.{name}", options))
    return made


def build_trainer(
    config: DictConfig, folder: RunFolder, callbacks: list[pl.Callback], loggers: list[Logger]
) -> pl.Trainer:
    """Return Lightning's trainer; its folder is the run's."""
    options = _plain(config.trainer)
    for ours in ("log_every_n_epochs", "log_every_n_steps"):
        options.pop(ours)
    open_ended = options["max_epochs"] is None
    validates = has_validation(config)
    return pl.Trainer(
        **options
        | {
            "devices": "auto" if options["devices"] is None else options["devices"],
            "max_epochs": -1 if open_ended else options["max_epochs"],
            "max_steps": -1 if options["max_steps"] is None else options["max_steps"],
            "limit_val_batches": options["limit_val_batches"] if validates else 0,
            "profiler": _profiler(options["profiler"], folder.path),
        },
        default_root_dir=str(folder.path),
        logger=loggers or False,
        callbacks=callbacks,
        enable_checkpointing=any(isinstance(one, Checkpoint) for one in callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        # Every device's share of a batch is cut by our own loaders.
        use_distributed_sampler=False,
    )


def _profiler(name: str | None, folder: Path) -> Profiler | None:
    if name is None:
        return None
    kind = SimpleProfiler if name == "simple" else AdvancedProfiler
    return kind(dirpath=folder, filename="profile")


def _plain(node: DictConfig) -> dict[str, Any]:
    """Return a node's keys and values, with interpolations filled in, as a plain dictionary."""
    found = OmegaConf.to_container(node, resolve=True)
    assert isinstance(found, dict)
    return {str(name): value for name, value in found.items()}


def _class(key: str, target: str) -> Any:
    try:
        return get_class(target)
    except Exception as error:
        raise _not_found(key, target, error) from None


def _object(key: str, target: str) -> Any:
    try:
        return get_object(target)
    except Exception as error:
        raise _not_found(key, target, error) from None


def _not_found(key: str, target: str, error: Exception) -> ConfigError:
    reason = str(error.__cause__ or error).splitlines()[0]
    return ConfigError(f"{key}._target_: '{target}' cannot be imported: {reason}")


def _call(key: str, options: dict[str, Any]) -> Any:
    target = options.pop("_target_")
    try:
        return _object(key, target)(**options)
    except TypeError as error:
        raise ConfigError(f"{key}: {target} does not take these keys: {error}") from None


def _instantiate(key: str, node: Any) -> Any:
    try:
        return instantiate(node, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__ or error
        if isinstance(cause, TypeError | ImportError | AttributeError | InstantiationException):
            reason = " ".join(str(cause).split())[:200]
            raise ConfigError(f"{key}: '{node['_target_']}' cannot be made: {reason}") from None
        raise
