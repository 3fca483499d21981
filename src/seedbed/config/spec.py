"""Spec of one run: its config after validation, resolved, typed and frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.instantiation import keys_of, make_factory
from seedbed.config.metrics import has_validation, mode_of, objectives, optimized_metric
from seedbed.config.schema import schema_of
from seedbed.config.schema.model import InitialWeights
from seedbed.config.schema.own_module import is_chosen
from seedbed.config.schema.root import Freeze
from seedbed.config.schema.task import posed_task
from seedbed.config.schema.trainer import Trainer
from seedbed.errors import ConfigError

# What a group's option holds: a dataclass of the schema, or the keys of a class of the user's own.
Node = Any


@dataclass(frozen=True)
class DataFacts:
    """Facts of a data option about its rows, whichever class loads them.

    Attributes:
        task: task that the data pose: regression, binary, multiclass or minimize.
        input_shape: shape of one input.
        output_size: numbers that the model puts out per row.
        feature_names, feature_units: name and unit of each input; empty where they have none.
        target_names, target_units: name and unit of each target.
        class_names: name of each class.
        category_sizes: number of values of each of the last inputs that are codes of a category.
    """

    task: str
    input_shape: tuple[int, ...]
    output_size: int
    feature_names: tuple[str, ...] = ()
    feature_units: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    target_units: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    category_sizes: tuple[int, ...] = ()


@dataclass(frozen=True)
class RunSpec:
    """Parts of one run; builders take theirs of it.

    Attributes:
        module: the LightningModule of the user's that trains in place of model, task, optimizer,
            gradient and scheduler; None: they train.
        data, model, task, optimizer, gradient, scheduler: the chosen options.
        callbacks, logger: options by name.
        facts: what the data option says of its rows.
        optimized_metric, optimized_mode: metric that picks the best epoch, and `min` or `max`.
        objectives: metrics of all objectives, that one among them.
        validates: whether rows are held out for validation and used.
        outputs: folder that runs and sweeps are written to.
        stops_trials: whether a rule of `stop` may end it where it is a trial of a search.
        schedule: values of numbers from given epochs on (see `seedbed.config.scheduled_numbers`).
        page: whether a run by itself writes a page at its end.

    A `monitor` or `mode` of scheduler and callbacks that was null is filled in.
    """

    seed: int
    data: Node
    facts: DataFacts
    model: Node
    module: Node | None
    task: Node
    optimizer: Node
    gradient: Node
    scheduler: Node
    trainer: Trainer
    callbacks: Mapping[str, Node]
    logger: Mapping[str, Node]
    initial_weights: InitialWeights
    freeze: Freeze
    optimized_metric: str
    optimized_mode: str
    objectives: tuple[str, ...]
    validates: bool
    outputs: str
    stops_trials: bool = False
    schedule: Sequence[Mapping[str, Any]] = ()
    page: bool = False

    def of_checkpoint(self) -> "RunSpec":
        """Return the spec of the run with the weights of a checkpoint: no other file has them."""
        return replace(self, initial_weights=replace(self.initial_weights, run=None))


def scheduled(config: DictConfig) -> list[dict[str, Any]]:
    """Return the entries of `schedule`, plain values."""
    plain: Any = OmegaConf.to_container(config.schedule, resolve=True)
    return list(plain)


_NODES = ("data", "model", "optimizer", "gradient", "trainer", "initial_weights", "freeze")


def run_spec(config: DictConfig) -> RunSpec:
    """Return the spec of a composed config that `seedbed.config.validation.check` has passed.

    Raises ConfigError where a callback or logger is no mapping, or where nobody says which
    direction of a watched metric is better.
    """
    metric, mode = optimized_metric(config)
    names = tuple(objective.metric for objective in objectives(config))
    return RunSpec(
        **{name: _node(name, config[name]) for name in _NODES},
        task=posed_task(_node("task", config.task), str(config.data.task)),
        module=_node("module", config.module) if is_chosen(config) else None,
        seed=config.seed,
        facts=_facts(config.data),
        scheduler=_watching("scheduler", _node("scheduler", config.scheduler), config),
        callbacks={
            str(name): _watching(key, _node(key, node), config)
            for name, node in config.callbacks.items()
            if node is not None and (key := f"callbacks.{name}")
        },
        logger={str(name): _node(f"logger.{name}", node) for name, node in config.logger.items()},
        optimized_metric=metric,
        optimized_mode=mode,
        objectives=names,
        validates=has_validation(config),
        outputs=str(config.paths.outputs),
        stops_trials=(config.get("stop") or {}).get("_target_") is not None,
        schedule=scheduled(config),
        page=config.page,
    )


def _node(key: str, node: Any) -> Node:
    if not isinstance(node, DictConfig):
        raise ConfigError(f"{key}: {node!r} is not a mapping with a _target_")
    if schema_of(node) is not None:
        return OmegaConf.to_object(node)
    plain: Any = OmegaConf.to_container(node, resolve=True)
    return {str(name): value for name, value in plain.items()}


def _facts(data: DictConfig) -> DataFacts:
    names = {
        name: tuple(map(str, data.get(name) or ()))
        for name in DataFacts.__dataclass_fields__
        if name.endswith(("_names", "_units"))
    }
    sizes = tuple(map(int, data.get("category_sizes") or ()))
    return DataFacts(
        str(data.task),
        tuple(data.input_shape),
        int(data.output_size),
        **names,
        category_sizes=sizes,
    )


def _watching(key: str, node: Node, config: DictConfig) -> Node:
    """Return an option with the metric that it watches, and the better direction, filled in.

    The direction is filled in too where `mode` is no key, but a parameter of the class.
    """
    keys = keys_of(node)
    if "monitor" not in keys:
        return node
    monitor, mode = keys["monitor"], keys.get("mode")
    if monitor is None:
        monitor, follows = optimized_metric(config)
        mode = mode or follows
    watched = {"monitor": monitor}
    if "mode" in keys or "mode" in signature(make_factory(key, node).func).parameters:
        watched["mode"] = mode or mode_of(monitor, config, f"{key}.mode")
    return {**node, **watched} if isinstance(node, dict) else replace(node, **watched)
