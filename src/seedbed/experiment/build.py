"""From a checked config to the objects of a run: data module, network, task, module, trainer."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import Logger
from pytorch_lightning.profilers import AdvancedProfiler, Profiler, SimpleProfiler
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import nn

from seedbed.callbacks import CheckedCallback, Checkpoint, Freeze, frozen_parameters
from seedbed.config.instantiation import make, make_factory, reworded
from seedbed.config.schema import schema_of, schema_targets
from seedbed.config.validation import has_validation, mode_of, optimized_metric
from seedbed.data import DataModule
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.errors import ConfigError
from seedbed.models import set_initial_weights
from seedbed.runs.folder import RunFolder
from seedbed.training.gradients import Gradient
from seedbed.training.schedulers import make_scheduler
from seedbed.training.tasks import Task

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


def build_data(config: DictConfig) -> DataModule:
    """Return the data module; ours take their typed options, the user's own their keys."""
    node, schema = config.data, schema_of(config.data)
    if schema is None:
        keys = {name: value for name, value in _plain(node).items() if name not in DATA_FACTS}
        return make("data", DataModule, keys)  # type: ignore[no-any-return]
    takes = schema_targets().get(node._target_)
    if takes not in (None, schema):
        raise ConfigError(f"data._target_: {node._target_} takes other keys than these data have")
    # As an object, the node has the type of its dataclass.
    factory = make_factory("data", {"_target_": node._target_})
    if not (isinstance(factory.func, type) and issubclass(factory.func, DataModule)):
        raise ConfigError(f"data._target_: {node._target_} is not a seedbed.data.DataModule")
    data: DataModule = factory(OmegaConf.to_object(node))
    return data


def build_net(config: DictConfig) -> nn.Module:
    """Return the network with its initial weights, drawn from `seed`.

    Raises ConfigError where weights that were given do not fit.
    """
    pl.seed_everything(config.seed, workers=True, verbose=False)
    net: nn.Module = make("model", nn.Module, config.model)
    if config.trainer.precision.startswith("64"):
        net = net.double()
    elif schema_of(config.model):
        # Functions hold their start in full precision; a model of the user's is left as it is.
        net = net.float()
    initial = config.initial_weights
    set_initial_weights(net, initial.distribution, _dotted(_plain(initial.parameters)))
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
    keys = _plain(config.task)
    # Metrics are made by the task, several times over.
    torchmetrics = keys.pop("torchmetrics", {})
    factory = make_factory("task", keys)
    if not (isinstance(factory.func, type) and issubclass(factory.func, Task)):
        raise ConfigError(f"task._target_: {keys['_target_']} is not a seedbed.training.tasks.Task")
    task: Task = factory(torchmetrics=torchmetrics)
    return task


def build_module(config: DictConfig) -> SupervisedModule:
    """Return the module that trains the network on the task."""
    trainer = config.trainer
    # A mistake in the optimizer's keys shows now, not when the data are there.
    make_optimizer(_plain(config.optimizer), [nn.Parameter(torch.zeros(1))])
    return SupervisedModule(
        build_net(config),
        build_task(config),
        make_optimizer=partial(make_optimizer, _plain(config.optimizer)),
        make_scheduler=partial(make_scheduler, scheduler_options(config)),
        gradient=make("gradient", Gradient, config.gradient),
        log_every_n_epochs=trainer.log_every_n_epochs,
        log_every_n_steps=trainer.log_every_n_steps,
    )


def make_optimizer(
    options: Mapping[str, Any], parameters: list[nn.Parameter]
) -> torch.optim.Optimizer:
    """Return the optimizer of the options of `optimizer=` on the parameters."""
    try:
        optimizer = make_factory("optimizer", options)(parameters)
    except (TypeError, ValueError) as error:
        raise reworded("optimizer", options["_target_"], error) from error
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ConfigError(f"optimizer._target_: {options['_target_']} is not a torch optimizer")
    return optimizer


def scheduler_options(config: DictConfig) -> dict[str, Any]:
    """Return the options of `scheduler=`, with the watched metric filled in."""
    return watched(_plain(config.scheduler), config)


def watched(options: dict[str, Any], config: DictConfig) -> dict[str, Any]:
    """Return options with `monitor` and `mode` filled in where they are null."""
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
        key, more = f"callbacks.{name}", {}
        options = _options(key, node)
        if options.get("_target_") == "seedbed.callbacks.Checkpoint":
            monitor, mode = optimized_metric(config)
            checkpoints = folder.checkpoint("last").parent
            more = {"folder": checkpoints, "monitor": monitor, "mode": mode}
        callback = make(key, pl.Callback, watched(options, config), **more)
        if isinstance(callback, CheckedCallback):
            callback.name = str(name)
        made.append(callback)
    return made


def build_loggers(config: DictConfig, folder: RunFolder) -> list[Logger]:
    """Return the loggers of the config; ours get the run folder."""
    made: list[Logger] = []
    for name, node in config.logger.items():
        key = f"logger.{name}"
        options = _options(key, node)
        ours = options.get("_target_") == "seedbed.loggers.TensorBoard"
        made.append(make(key, Logger, options, **({"folder": folder.path} if ours else {})))
    return made


def build_freeze(config: DictConfig, net: nn.Module) -> list[pl.Callback]:
    """Return the callback that freezes parameters, where the config names any."""
    patterns = list(config.freeze.parameters)
    if not patterns:
        return []
    return [Freeze(frozen_parameters(net, patterns), config.freeze.until_epoch)]


def _options(key: str, node: Any) -> dict[str, Any]:
    """Return the keys of a node; raises ConfigError where it is none."""
    if not isinstance(node, DictConfig):
        raise ConfigError(f"{key}: {node!r} is not a mapping with a _target_")
    return _plain(node)


def build_trainer(
    config: DictConfig, folder: RunFolder, callbacks: list[pl.Callback], loggers: list[Logger]
) -> pl.Trainer:
    """Return Lightning's trainer; its folder is the run's."""
    options = _plain(config.trainer)
    for ours in ("log_every_n_epochs", "log_every_n_steps"):
        options.pop(ours)
    open_ended = options["max_epochs"] is None
    validates = has_validation(config)
    options |= {
        "accelerator": accelerator(options["accelerator"]),
        "devices": "auto" if options["devices"] is None else options["devices"],
        "max_epochs": -1 if open_ended else options["max_epochs"],
        "max_steps": -1 if options["max_steps"] is None else options["max_steps"],
        "limit_val_batches": options["limit_val_batches"] if validates else 0,
        "profiler": _profiler(options["profiler"], folder.path),
    }
    try:
        return pl.Trainer(
            **options,
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
    except (MisconfigurationException, ValueError, RuntimeError, ImportError) as error:
        reason = str(error).splitlines()[0][:200]
        asked = " ".join(f"trainer.{key}={options[key]}" for key in ("accelerator", "strategy"))
        raise ConfigError(f"{asked}: {reason}") from error


def accelerator(name: str) -> str:
    """Return `gpu` or `cpu`; `auto` is the GPU where torch sees a CUDA device."""
    if name != "auto":
        return name
    return "gpu" if torch.cuda.is_available() else "cpu"


def device(name: str) -> torch.device:
    """Return where a run on one device of this accelerator trains."""
    return torch.device("cuda", 0) if accelerator(name) == "gpu" else torch.device("cpu")


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
