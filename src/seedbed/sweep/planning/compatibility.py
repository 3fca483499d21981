"""Which jobs may train side by side.

A job fuses if everything that acts on its training is known to the fused engine. Jobs then form a
group if their configs are equal but for the keys in FREE.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.schema import data as data_schema
from seedbed.config.schema import schema_of
from seedbed.engines.fused.optimizers import RULES
from seedbed.sweep.job import Job

# Keys in which the jobs of a group may differ; a key of a mapping stands for all below it.
FREE = (
    "seed",
    "initial_weights",
    "data.seed",
    "data.split_seed",
    "data.data_seed",
    "data.noise",
    "data.input_scale",
    "task.huber_delta",
    "task.label_smoothing",
    "optimizer.lr",
    "optimizer.weight_decay",
    "optimizer.momentum",
    "optimizer.dampening",
    "optimizer.betas",
    "optimizer.eps",
    "optimizer.alpha",
    "optimizer.lr_decay",
    "optimizer.initial_accumulator_value",
    "scheduler",
    "trainer.gradient_clip_val",
    "trainer.max_epochs",
    "callbacks.early_stopping.patience",
    "callbacks.early_stopping.min_delta",
)
# These do nothing to the training that is not done here as well.
_KNOWN_CALLBACKS = ("Checkpoint", "EarlyStopping", "LearningRate", "ModelSummary", "Progress")
_KNOWN_TASKS = ("Regression", "Binary", "Multiclass")
# Keys of the trainer that must have these values.
_TRAINER = {
    "devices": (1,),
    "strategy": ("auto",),
    "precision": ("32-true", "64-true"),
    "min_epochs": (None,),
    "max_steps": (None,),
    "max_time": (None,),
    "accumulate_grad_batches": (1,),
    "limit_train_batches": (1.0,),
    "limit_val_batches": (1.0,),
    "limit_test_batches": (1.0,),
    "check_val_every_n_epoch": (1,),
    "overfit_batches": (0,),
    "log_every_n_steps": (None,),
    "detect_anomaly": (False,),
    "profiler": (None,),
}


def why_alone(config: DictConfig) -> str:
    """Return why a job cannot train in a group, or nothing."""
    for group in ("data", "scheduler"):
        if not kind_of(config[group]):
            return f"{group} {config[group]._target_} is not known to fuse"
    if not issubclass(schema_of(config.data) or object, data_schema.InMemoryData):
        return "data of this kind are not held as tables in memory"
    if kind_of(config.task) not in _KNOWN_TASKS or config.task.torchmetrics:
        return "the task, or a torchmetric, is one that is not known to fuse"
    if config.optimizer._target_ not in RULES:
        return f"optimizer {config.optimizer._target_} has no update rule for many jobs"
    if kind_of(config.gradient) != "Autograd" or config.gradient.compare:
        return "the gradient is not taken by autograd alone"
    for key, accepted in _TRAINER.items():
        value = config.trainer[key]
        # One batch (1) is not all of them (1.0).
        if not any(value == one and type(value) is type(one) for one in accepted):
            return f"trainer.{key}={value}"
    if config.trainer.max_epochs is None:
        return "trainer.max_epochs is null"
    if config.scheduler.get("cycle_momentum"):
        return "scheduler.cycle_momentum changes the momentum on the way"
    if config.freeze.until_epoch is not None:
        return "freeze.until_epoch changes what trains on the way"
    for name, callback in config.callbacks.items():
        if callback is not None and kind_of(callback) not in _KNOWN_CALLBACKS:
            return f"callbacks.{name} is not known to fuse"
    for name, logger in config.logger.items():
        if kind_of(logger) != "TensorBoard":
            return f"logger.{name} is not known to fuse"
    return ""


def kind_of(node: Any) -> str:
    """Return the dataclass that types a node; nothing where the node names another class."""
    found = schema_of(node)
    ours = found is not None and node._target_ == getattr(found, "_target_", None)
    return found.__name__ if found and ours else ""


def is_free(key: str) -> bool:
    """Tell whether jobs of a group may differ in a key."""
    return any(key == free or key.startswith(f"{free}.") for free in FREE)


def shared_words(job: Job) -> tuple[str, ...]:
    """Return the overrides that the other jobs of a group must have as well."""
    return tuple(word for word in job.overrides if not is_free(key_of(word)))


def shared_values(config: DictConfig) -> str:
    """Return all values that the other jobs of a group must have as well."""
    values: Any = {
        name: OmegaConf.to_container(node, resolve=True) if isinstance(node, DictConfig) else node
        for name, node in config.items()
        if name != "hydra"
    }
    return repr(sorted(_leaves(values, ""), key=lambda leaf: leaf[0]))


def _leaves(node: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield every value below a node that no FREE key names."""
    for name, value in node.items():
        key = f"{prefix}{name}"
        if is_free(key):
            continue
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{key}.")
        else:
            yield key, repr(value)


# Interpolations of the shipped configs, none of which follows a FREE key.
_SHIPPED = re.compile(
    r"\$\{(data\.(input_shape|output_size|features|targets|classes)|oc\.env:[^$]*)\}"
    r"|\$\{paths\.\w+\}[^$]*"
)


def is_plain(config: DictConfig) -> bool:
    """Tell whether a job's values can be told from its words: no key follows another in secret."""
    plain: Any = {
        name: OmegaConf.to_container(node, resolve=False) if isinstance(node, DictConfig) else node
        for name, node in config._content.items()  # type: ignore[union-attr]
        if name != "hydra"
    }
    return all(
        _SHIPPED.fullmatch(text) or (key == "data.seed" and text == "${seed}")
        for key, text in _texts(plain, "")
        if "${" in text
    )


def _texts(node: Any, prefix: str) -> Iterable[tuple[str, str]]:
    if isinstance(node, str):
        yield prefix.rstrip("."), node
    elif isinstance(node, dict | list):
        for name, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _texts(value, f"{prefix}{name}.")


def key_of(word: str) -> str:
    """Return the key of an override."""
    return word.partition("=")[0]
