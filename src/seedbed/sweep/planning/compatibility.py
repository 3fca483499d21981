"""Which jobs may train side by side.

A job fuses if everything that acts on its training is known to the fused engine. Jobs then form a
group if their configs are equal but for the keys that vary, as the schema says.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.groups import LABELS
from seedbed.config.instantiation import make_factory
from seedbed.config.known_keys import varies
from seedbed.config.schema import shipped_schema_of
from seedbed.config.schema.field import Schema
from seedbed.config.schema.own_module import is_chosen
from seedbed.config.schema.store import GROUP_OF_ENTRIES
from seedbed.data import InMemoryData
from seedbed.engines.fused.optimizers import RULES
from seedbed.errors import ConfigError
from seedbed.sweep.job import Job

# Groups that fuse whatever they hold, so long as their dataclass says so and their keys agree. The
# network is not among them: any can fuse, and what cannot shows when the group is built.
_PARTS = ("data", "scheduler", "task", "optimizer", "gradient", "trainer", "freeze")
_MODEL, _BATCH_SIZE = "model.", "data.batch_size"


def why_alone(config: DictConfig) -> str:
    """Return why a job cannot train in a group, or nothing."""
    return next(_obstacles(config), "")


def _obstacles(config: DictConfig) -> Iterator[str]:
    if is_chosen(config):
        yield f"module {config.module._target_} trains as its own training_step says"
    if config.schedule:
        yield "schedule changes numbers on the way"
    if config.trainer.max_epochs == 0:
        yield "trainer.max_epochs=0 trains nothing"
    seen: set[type] = set()
    for key, node in _parts(config):
        schema: Any = shipped_schema_of(node)
        if key == "optimizer" and node._target_ not in RULES:
            yield f"optimizer {node._target_} has no update rule for many jobs"
        elif key == "data" and schema is None:
            yield from _obstacles_of_own_data(node)
        elif schema is None or not schema.fuses:
            yield f"{key} {node.get('_target_')} cannot train beside others"
        elif schema in seen:
            yield f"{key} is a second {schema.__name__}"
        else:
            seen.add(schema)
            yield from _values_apart(key, node, schema)


def _obstacles_of_own_data(node: DictConfig) -> Iterator[str]:
    """Yield why the rows of a class of the user's own are not those of tables in memory."""
    name = node.get("_target_")
    try:
        kind = make_factory("data", {"_target_": name}).func
    except ConfigError as error:  # Such a job is wrong, which is said of it alone.
        yield f"data {name}: {error}"
        return
    if not (isinstance(kind, type) and issubclass(kind, InMemoryData)):
        yield f"data {name} is no seedbed.data.InMemoryData, whose rows are in memory"
        return
    if getattr(kind, "batches_of_tables", False):
        return
    for method in ("train_dataloader", "evaluation_loader", "val_dataloader", "test_dataloader"):
        if getattr(kind, method) is not getattr(InMemoryData, method):
            yield f"data {name} makes its own batches ({method})"


def _parts(config: DictConfig) -> Iterator[tuple[str, DictConfig]]:
    """Yield the nodes that act on the training, but for the network."""
    for group in _PARTS:
        yield group, config[group]
    for group in GROUP_OF_ENTRIES:
        for name, node in config[group].items():
            if node is not None:
                yield f"{group}.{name}", node


def _values_apart(key: str, node: DictConfig, schema: type) -> Iterator[str]:
    """Yield the keys whose values no fused job has."""
    for field in fields(schema):
        if isinstance(field.type, type) and issubclass(field.type, Schema):
            yield from _values_apart(f"{key}.{field.name}", node[field.name], field.type)
        accepted = field.metadata["fuses"]
        value = node[field.name] if accepted else None
        if OmegaConf.is_config(value):
            value = OmegaConf.to_container(value)
        # One batch (1) is not all of them (1.0).
        if accepted and not any(
            value == other and type(value) is type(other) for other in accepted
        ):
            yield f"{key}.{field.name}={value}"


def may_differ(key: str, config: DictConfig) -> bool:
    """Return whether the jobs of a group may differ in a key, and in those below it.

    A model of the user's own may do anything with a key, whatever it is called, and data of the
    user's own with the size of the batches, which a stream of rows is made in, too.
    """
    if key.startswith(_MODEL) and shipped_schema_of(config.model) is None:
        return False
    if key == _BATCH_SIZE:
        streams = config.data.get("sample") == "stream"
        return varies(key) and not streams and shipped_schema_of(config.data) is not None
    return varies(key)


def shared_words(job: Job, config: DictConfig) -> tuple[str, ...]:
    """Return the overrides that the other jobs of a group must have as well."""
    return tuple(word for word in job.overrides if not may_differ(key_of(word), config))


def shared_values(config: DictConfig) -> str:
    """Return all values that the other jobs of a group must have as well."""
    values: Any = {
        name: OmegaConf.to_container(node, resolve=True) if isinstance(node, DictConfig) else node
        for name, node in config.items()
        if name != "hydra"
    }
    return repr(sorted(_leaves(values, "", config), key=lambda leaf: leaf[0]))


def _leaves(node: Any, prefix: str, config: DictConfig) -> Iterator[tuple[str, str]]:
    """Yield every value below a node in which the jobs of a group must agree."""
    for name, value in node.items():
        key = f"{prefix}{name}"
        if may_differ(key, config):
            continue
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{key}.", config)
        else:
            yield key, repr(value)


# Interpolations of the shipped configs, none of which follows a key that varies.
_SHIPPED = re.compile(
    r"\$\{(data\.(input_shape|output_size|features|targets|classes)|oc\.env:[^$]*)\}"
    r"|\$\{oc\.select:data\.category_sizes,\[\]\}|\$\{inferred:\w+\}"
    r"|\$\{task_default:\$\{data\.task\},\w+\}"
    r"|\$\{paths\.\w+\}[^$]*"
)


def is_plain(config: DictConfig) -> bool:
    """Tell whether a job's values can be told from its words: no key follows another in secret."""
    plain: Any = {
        name: OmegaConf.to_container(node, resolve=False) if isinstance(node, DictConfig) else node
        for name, node in config._content.items()  # type: ignore[union-attr]
        if name not in ("hydra", *LABELS)
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
