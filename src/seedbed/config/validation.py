"""What no type can say of a config: ranges, words, keys that contradict each other.

All of it is known without torch, but for the one question whether a GPU that was asked for is
there. Problems are collected and shown together.
"""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, OmegaConfBaseException

from seedbed.config.known_keys import did_you_mean
from seedbed.config.schema import schema_of
from seedbed.config.schema.model import Network
from seedbed.errors import ConfigError, doubled_activation, listed, nearest

LOSS = "loss"
GROUPS_OF_A_RUN = (
    "data",
    "model",
    "task",
    "optimizer",
    "gradient",
    "scheduler",
    "trainer",
    "callbacks",
    "logger",
)
HIGHER_IS_BETTER = ("accuracy", "f1", "r2")


def check(config: DictConfig, cut_short: bool = False) -> None:
    """Raise a ConfigError that names every problem of a composed config.

    Of a run that is `cut_short` on purpose, to debug it, the stopping rules need not be reached.
    """
    of_a_run = "optimizer" in config
    found = (list(_no_options(config)) if of_a_run else []) or list(_walk(config, ""))
    if not found and of_a_run:
        found = list(_contradictions(config))
    if not found and of_a_run and not cut_short:
        found = list(_rules_out_of_reach(config))
    if found:
        raise ConfigError("\n".join(found))


def check_value(config: DictConfig, full_key: str) -> None:
    """Raise a ConfigError where one value of a config is out of its limits, and look no further."""
    parent, _, name = full_key.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    field = getattr(schema_of(node), "__dataclass_fields__", {}).get(name)
    found = list(_limits(full_key, node[name], field.metadata)) if field is not None else []
    if found:
        raise ConfigError("\n".join(found))


def _no_options(config: DictConfig) -> Iterator[str]:
    """Yield the groups that hold no mapping of keys; an option of the user's may be anything."""
    for group in GROUPS_OF_A_RUN:
        if group in config and not isinstance(config[group], DictConfig):
            chosen = OmegaConf.select(config, f"hydra.runtime.choices.{group}")
            option = f"={chosen}" if chosen else ""
            yield f"{group}{option}: a mapping of keys is needed, and it is {config[group]!r}"
        elif group in GROUPS_OF_A_RUN[:5] and not _target(config[group]):
            yield f"{group}._target_: {config[group].get('_target_')!r} names no class"


def _target(node: DictConfig) -> Any:
    """Return the class that a node names; a missing one is found by the walk over all keys."""
    return OmegaConf.is_missing(node, "_target_") or node.get("_target_")


def _walk(node: DictConfig, prefix: str) -> Iterator[str]:
    """Yield the problems of one node's keys, then of the nodes below it."""
    fields = getattr(schema_of(node), "__dataclass_fields__", None)
    for name in list(node):
        full_key = f"{prefix}{name}"
        if full_key == "hydra":
            continue
        if fields is not None and name not in fields:
            hint = did_you_mean(full_key, [f"{prefix}{one}" for one in fields])
            yield f"{full_key}: no such key.{hint} Known: {listed(fields, 30)}"
            continue
        metadata = fields[name].metadata if fields is not None else {}
        if OmegaConf.is_missing(node, name):
            meaning = metadata.get("meaning", "")
            yield f"{full_key}: a value is required" + (f" ({meaning})" if meaning else "")
            continue
        try:
            value = node[name]
        except InterpolationToMissingValueError:
            continue  # The missing value is a problem of its own.
        except OmegaConfBaseException as error:
            yield f"{full_key}: {str(error).splitlines()[0]}"
            continue
        if isinstance(value, DictConfig):
            yield from _walk(value, f"{full_key}.")
        elif metadata:
            yield from _limits(full_key, value, metadata)


def _limits(full_key: str, value: Any, metadata: Any) -> Iterator[str]:
    """Yield what is wrong with a value, or with each value of a list."""
    try:
        values = list(value) if isinstance(value, ListConfig) else [value]
    except OmegaConfBaseException as error:
        yield f"{full_key}: {str(error).splitlines()[0]}"
        return
    for one in values:
        if one is None:
            continue
        words = metadata["one_of"]
        if words is not None and one not in words:
            yield f"{full_key}: '{one}' is not one of {listed(words)}.{nearest(str(one), words)}"
        elif isinstance(one, int | float) and not isinstance(one, bool):
            for bound in _missed_bounds(one, metadata):
                yield f"{full_key}: {one} is out of range: it must be {bound}"


def _missed_bounds(number: float, metadata: Any) -> Iterator[str]:
    if not isfinite(number):
        yield "finite"
    elif metadata["at_least"] is not None and number < metadata["at_least"]:
        yield f"at least {metadata['at_least']}"
    elif metadata["above"] is not None and number <= metadata["above"]:
        yield f"above {metadata['above']}"
    elif metadata["at_most"] is not None and number > metadata["at_most"]:
        yield f"at most {metadata['at_most']}"
    elif metadata["below"] is not None and number >= metadata["below"]:
        yield f"below {metadata['below']}"


def _contradictions(config: DictConfig) -> Iterator[str]:
    """Yield what is wrong between keys, each by a check of its own."""
    for one in (
        _task_fits_data,
        _data_values,
        _split_sizes,
        _model_fits_data,
        _optimizer_values,
        _gradient_is_known,
        _length,
        _schedule,
        _metrics_exist,
        _takes_logits,
        _freezing,
        _figures,
        _gpu_is_there,
    ):
        yield from one(config)


def _name(node: Any) -> str:
    """Return the name of the dataclass that types a node, or of a user's own target."""
    if not isinstance(node, DictConfig):
        return ""
    found = schema_of(node)
    return found.__name__ if found else str(node.get("_target_", "")).rpartition(".")[2]


def _task_fits_data(config: DictConfig) -> Iterator[str]:
    task, posed = _name(config.task).lower(), config.data.get("task")
    if posed == task == "binary" and config.data.output_size != 1:
        yield f"data.output_size: {config.data.output_size}, and a binary task has one logit a row"
    if schema_of(config.task) and posed and task != posed:
        yield f"task={task} does not fit these data, which pose {posed}: use task={posed}"


def _data_values(config: DictConfig) -> Iterator[str]:
    data = config.data
    if _name(data) == "CropYield" and data.rows not in (5, 15):
        yield f"data.rows: {data.rows} is not one of 5, 15"
    scale = data.get("input_scale")
    number = isinstance(scale, int | float) and not isinstance(scale, bool)
    if scale is not None and scale != "max" and not (number and isfinite(scale) and scale != 0):
        yield f"data.input_scale: '{scale}' is not null, 'max' or a factor other than 0"
    for names in ("class_names", "target_names"):
        count, size = len(data.get(names) or []), data.output_size
        if names == "class_names" and data.task == "binary":
            size = 2
        if count not in (0, size):
            yield f"data.{names}: {count} names for {size} {names.partition('_')[0]}(s)"


def _split_sizes(config: DictConfig) -> Iterator[str]:
    sizes = {name: config.data.get(f"{name}_size") or 0 for name in ("val", "test")}
    for name, size in sizes.items():
        if size >= 1 and size != int(size):
            yield f"data.{name}_size: {size} is neither a fraction below 1 nor a whole number"
    if sum(size for size in sizes.values() if size < 1) >= 1:
        yield "data.val_size and data.test_size leave no rows for training"


def _model_fits_data(config: DictConfig) -> Iterator[str]:
    schema = schema_of(config.model)
    if not schema:
        return
    is_network, minimizes = issubclass(schema, Network), config.data.task == "minimize"
    if is_network and minimizes:
        yield "data=none needs a function as model: model=parabola, model=bowl, or one of yours"
        return
    if not is_network:
        if not minimizes:
            yield f"model={schema.__name__.lower()} is a function without data: use data=none"
        for name in ("start", "centre", "steepness"):
            if schema.__name__ == "Bowl" and len(config.model[name]) != 2:
                yield f"model.{name} needs two numbers, and it has {len(config.model[name])}"
        return
    for key in ("input_shape", "output_size"):
        if config.model[key] != config.data[key]:
            found, given = config.model[key], config.data[key]
            yield f"model.{key}: {found} does not fit the data, whose data.{key} is {given}"
            return
    if _name(config.model) != "CNN":
        return
    model, shape = config.model, list(config.model.input_shape)
    if len(shape) != 3:
        given = " x ".join(map(str, shape))
        yield (
            "model=cnn needs images (channels x height x width), and these data have rows of "
            f"{given}: use model=linear or model=mlp"
        )
        return
    if len(model.channels) != len(model.kernel):
        yield (
            f"model.channels has {len(model.channels)} entries and model.kernel "
            f"{len(model.kernel)}: one of each a convolution"
        )
        return
    height, width = shape[1:]
    for layer, kernel in enumerate(model.kernel, start=1):
        height, width = ((side - kernel + 1) // model.pool for side in (height, width))
        if min(height, width) < 1:
            yield f"model.kernel: nothing is left of the image after convolution {layer}"
            return


def _optimizer_values(config: DictConfig) -> Iterator[str]:
    optimizer = config.optimizer
    nesterov = _name(optimizer) == "SGD" and optimizer.nesterov
    if nesterov and (optimizer.momentum <= 0 or optimizer.dampening != 0):
        yield "optimizer.nesterov needs optimizer.momentum above 0 and optimizer.dampening=0"
    if "betas" in optimizer and len(optimizer.betas) != 2:
        yield f"optimizer.betas: {len(optimizer.betas)} numbers, and two are needed"


def _gradient_is_known(config: DictConfig) -> Iterator[str]:
    """Yield why the gradient cannot be taken in the way that is asked for."""
    way, trainer = _name(config.gradient), config.trainer
    if way == "Autograd" or not schema_of(config.gradient):
        return
    option = {"Analytic": "analytic", "FiniteDifference": "finite_difference"}[way]
    loss = config.task.get("loss")
    if way == "Analytic" and (_name(config.model) != "Linear" or loss != "mse"):
        yield (
            "gradient=analytic is written out for model=linear on task.loss=mse alone; "
            "use gradient=autograd or gradient=finite_difference"
        )
    if (trainer.devices or 1) > 1 or trainer.accumulate_grad_batches > 1:
        yield f"gradient={option} needs one device and trainer.accumulate_grad_batches=1"
    if not trainer.precision.endswith("-true"):
        yield f"gradient={option} needs a trainer.precision that is not mixed"


def _length(config: DictConfig) -> Iterator[str]:
    trainer = config.trainer
    if trainer.max_epochs is None and trainer.max_steps is None and trainer.max_time is None:
        yield "trainer.max_epochs, max_steps and max_time are all null: training would not end"
    if trainer.max_time is not None and not re.fullmatch(r"\d+:\d\d:\d\d:\d\d", trainer.max_time):
        yield f"trainer.max_time: '{trainer.max_time}' is not of the form DD:HH:MM:SS"
    for split in ("train", "val", "test"):
        limit = trainer[f"limit_{split}_batches"]
        whole = isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0
        share = isinstance(limit, float) and 0 <= limit <= 1
        if not (whole or share):
            yield (
                f"trainer.limit_{split}_batches: {limit} is neither a share from 0.0 to 1.0 nor "
                "a whole number"
            )


def _schedule(config: DictConfig) -> Iterator[str]:
    scheduler, trainer = config.scheduler, config.trainer
    open_ended = trainer.max_epochs is None and trainer.max_steps is None
    for name in ("T_max", "total_steps", "total_iters"):
        if name in scheduler and scheduler[name] is None and open_ended:
            yield f"scheduler.{name}: null means the whole run, which has no known length"
    total = scheduler.get("total_iters") if _name(scheduler) == "WarmupCosine" else None
    if total is not None and total <= scheduler.warmup_iters:
        yield "scheduler.total_iters must be above scheduler.warmup_iters"


def _metrics_exist(config: DictConfig) -> Iterator[str]:
    if not schema_of(config.task):
        return
    known = metric_names(config)
    watched = {"optimized_metric": config.optimized_metric}
    if _name(config.scheduler) == "Plateau":
        watched["scheduler.monitor"] = config.scheduler.monitor
    for name, callback in config.callbacks.items():
        if isinstance(callback, DictConfig) and "monitor" in callback:
            watched[f"callbacks.{name}.monitor"] = callback.monitor
    for full_key, metric in watched.items():
        if metric is not None and metric not in known:
            yield (
                f"{full_key}: '{metric}' is not logged.{nearest(metric, known)} "
                f"Logged: {listed(known)}"
            )


def _takes_logits(config: DictConfig) -> Iterator[str]:
    if config.model.get("apply_softmax") and config.data.task in ("binary", "multiclass"):
        yield doubled_activation("model.apply_softmax", "softmax", config.task.get("loss"))


def _freezing(config: DictConfig) -> Iterator[str]:
    freeze = config.freeze
    if freeze.until_epoch is None:
        return
    if not freeze.parameters:
        yield f"freeze.until_epoch: {freeze.until_epoch}, but freeze.parameters names none"
    if (config.trainer.devices or 1) > 1 or config.trainer.strategy == "ddp":
        yield "freeze.until_epoch needs one device: processes agree on what trains at the start"


def _figures(config: DictConfig) -> Iterator[str]:
    for name, callback in config.callbacks.items():
        if _name(callback) == "Fit" and callback.range is not None:
            ends = list(callback.range)
            if len(ends) != 2 or ends[0] >= ends[1]:
                yield f"callbacks.{name}.range: {ends} is not [first, last] with first below last"


def _rules_out_of_reach(config: DictConfig) -> Iterator[str]:
    """Yield the rules that the run is too short for, or that ask the impossible."""
    last, thaws = config.trainer.max_epochs, config.freeze.until_epoch
    if last is not None and thaws is not None and thaws > last:
        yield f"freeze.until_epoch: {thaws} is after trainer.max_epochs={last}; null: never"
    for name, callback in config.callbacks.items():
        kind, key = _name(callback), f"callbacks.{name}"
        first, what = None, ""
        if kind in ("LossConverged", "GradientConverged"):
            first, what = callback.min_epochs, "min_epochs"
        elif kind == "EarlyStopping":
            # The first epoch sets the mark, so patience runs out one epoch later.
            first, what = callback.patience + 1, "patience"
        if last is not None and first is not None and first > last:
            yield (
                f"{key}.{what}: {callback[what]} can never stop a run of trainer.max_epochs="
                f"{last}; lower it, or leave the rule out with ~{key}"
            )
        if kind == "LossConverged" and callback.max_loss <= 0 and config.data.task != "minimize":
            yield f"{key}.max_loss: {callback.max_loss} can never be reached: the loss is above 0"


def _gpu_is_there(config: DictConfig) -> Iterator[str]:
    if config.trainer.accelerator == "gpu":
        import torch

        if not torch.cuda.is_available():
            yield (
                f"trainer.accelerator=gpu: torch {torch.__version__} sees none here; "
                "use trainer=default or trainer=cpu"
            )


def has_validation(config: DictConfig) -> bool:
    """Tell whether the config holds rows out for validation."""
    data = config.data
    held_out = data.val if "val" in data else data.get("val_size")
    return bool(held_out) and config.trainer.limit_val_batches != 0


def metric_names(config: DictConfig) -> list[str]:
    """Return the names of all metrics that an epoch of this config logs."""
    names = [LOSS, *config.task.get("metrics", []), *config.task.get("torchmetrics", {})]
    splits = ["train", "val"] if has_validation(config) else ["train"]
    return [f"{split}/{name}" for split in splits for name in names]


def optimized_metric(config: DictConfig) -> tuple[str, str]:
    """Return the metric that picks the best epoch, and `min` or `max`."""
    chosen = config.optimized_metric
    metric = chosen or ("val/loss" if has_validation(config) else "train/loss")
    return metric, config.optimized_mode or mode_of(metric)


def mode_of(metric: str) -> str:
    """Return `max` for a metric of which more is better, else `min`."""
    return "max" if metric.rpartition("/")[2] in HIGHER_IS_BETTER else "min"
