"""Schema of the `task=` options: the loss and the metrics."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

from omegaconf import MISSING, DictConfig, ListConfig

from seedbed.config.metrics import LOSS, SYNONYMS, metrics_of
from seedbed.config.schema.field import Schema, declared, key
from seedbed.errors import listed, nearest

REGRESSION_LOSSES = ("mse", "mae", "huber")


@dataclass
class Task(Schema):
    """Task; it fuses where the fused engine has its loss."""

    option: ClassVar[str]

    _target_: str = key("class of the task", MISSING)
    torchmetrics: dict[str, Any] = key("further torchmetrics, by name, each with a _target_", {})

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that the data pose another task, or that a metric would hide the loss."""
        if LOSS in (node.get("torchmetrics") or {}):
            yield f"task.torchmetrics.{LOSS}: the loss is logged as {LOSS}; choose another name"
        for name in {*(node.get("torchmetrics") or {})} & {*(node.get("metrics") or ())}:
            yield f"task.torchmetrics.{name}: task.metrics has a {name} too; choose another name"
        yield from _problems_of_loss(node)
        posed = config.data.get("task")
        if posed and posed != cls.option:
            yield f"task={cls.option} does not fit these data, which pose {posed}: use task={posed}"


# Keys of the losses by name, and the value that is none.
_KEYS_OF_LOSSES = {"huber_delta": 1.0, "label_smoothing": 0.0}


def _problems_of_loss(node: DictConfig) -> Iterator[str]:
    loss = node.get("loss")
    if not isinstance(loss, DictConfig):
        return
    if not loss.get("_target_"):
        yield (
            "task.loss: a loss of yours is named by task.loss._target_=MODULE.CLASS, and these "
            f"keys have none: {listed(loss)}"
        )
    for name, unused in _KEYS_OF_LOSSES.items():
        if node.get(name, unused) != unused:
            yield f"task.{name}: not with a loss of yours, task.loss._target_={loss._target_}"


@dataclass
class Regression(Task, target="seedbed.training.tasks.Regression", option="regression"):
    """Regression."""

    metrics: list[str] = key(
        "metrics besides the loss", [], one_of=metrics_of("regression"), synonyms=SYNONYMS
    )
    loss: Any = key(
        "mse, mae, huber, or a loss of yours by task.loss._target_",
        "mse",
        one_of=REGRESSION_LOSSES,
        own_class=True,
    )
    huber_delta: float = key(
        "threshold between the L2 and the delta-scaled L1 part of the Huber loss",
        1.0,
        above=0,
        varies=True,
        independent=True,
    )


@dataclass
class Classification(Task):
    """Classification, whose classes may have weights."""

    class_weights: Any = key(
        "weights of the classes in the loss: null (all alike), balanced, or a list by class",
        None,
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that the class weights are none."""
        yield from super().problems(node, config, key)
        yield from _problems_of_weights(
            node.get("class_weights"), 2 if cls.option == "binary" else config.data.output_size
        )


def _problems_of_weights(weights: Any, classes: int) -> Iterator[str]:
    key, right = "task.class_weights", f"null, balanced, or a list of {classes} numbers"
    if weights is None or weights == "balanced":
        return
    if not isinstance(weights, ListConfig):
        yield f"{key}: {weights!r}: it must be {right}.{nearest(str(weights), ('balanced',))}"
    elif not all(type(w) in (int, float) and 0 <= w < inf for w in weights):
        yield f"{key}: {list(weights)}: a weight must be a number, at least 0"
    elif len(weights) != classes:
        yield f"{key}: {len(weights)} weights for {classes} classes"
    elif not any(weights):
        yield f"{key}: {list(weights)}: a class must have a weight above 0"


@dataclass
class Binary(Classification, target="seedbed.training.tasks.Binary", option="binary"):
    """Binary classification by one logit."""

    metrics: list[str] = key(
        "metrics besides the loss", [], one_of=metrics_of("binary"), synonyms=SYNONYMS
    )
    loss: Any = key(
        "binary cross-entropy on logits, or a loss of yours by task.loss._target_",
        "bce_with_logits",
        one_of=("bce_with_logits",),
        own_class=True,
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield that the data pose another task, or have more than one output."""
        yield from super().problems(node, config, key)
        size = config.data.output_size
        if config.data.get("task") == cls.option and size != 1:
            yield f"data.output_size: {size}, and a binary task has one logit a row"


@dataclass
class Minimize(Task, target="seedbed.training.tasks.Minimize", fuses=False, option="minimize"):
    """Minimization of the output of the model itself."""


@dataclass
class Multiclass(Classification, target="seedbed.training.tasks.Multiclass", option="multiclass"):
    """Classification by one logit a class."""

    metrics: list[str] = key(
        "metrics besides the loss", [], one_of=metrics_of("multiclass"), synonyms=SYNONYMS
    )
    loss: Any = key(
        "cross-entropy on logits, or a loss of yours by task.loss._target_",
        "cross_entropy",
        one_of=("cross_entropy",),
        own_class=True,
    )
    label_smoothing: float = key(
        "amount of label smoothing; 0: none",
        0.0,
        at_least=0,
        at_most=1,
        varies=True,
        independent=True,
    )
    class_count: int = key("number of classes, taken from the data", MISSING, at_least=2)


# The options that data may pose, by name.
POSED: dict[str, type[Task]] = {kind.option: kind for kind in (Regression, Binary, Multiclass)}


@dataclass
class Auto(Multiclass, Regression, target="seedbed.training.tasks.Auto", option="auto"):
    """Task that the data pose, with the keys of all that they may pose."""

    metrics: list[str] = key("metrics besides the loss", [])
    loss: Any = key("loss of the task that the data pose", None)
    class_count: int = key("number of classes, taken from the data", MISSING)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield what the task that the data pose would yield, and keys that it does not have."""
        posed = POSED.get(str(config.data.get("task")))
        if posed is None:
            yield f"task=auto: these data pose {config.data.get('task')}: choose a task"
            return
        own = declared(posed)
        for name, field in declared(cls).items():
            words = (own[name].metadata["one_of"] or ()) if name in own else ()
            values = node[name] if isinstance(node[name], ListConfig) else [node[name]]
            for value in values:
                if words and isinstance(value, str) and value not in words:
                    yield (
                        f"task.{name}: '{value}' is not one of {listed(words)}, which "
                        f"task={posed.option} has.{nearest(SYNONYMS.get(value, value), words)}"
                    )
            if name not in own and name != "class_count" and node[name] != field.default:
                yield f"task.{name}: no key of task={posed.option}, which these data pose"
        yield from posed.problems(node, config, key)


def posed_task(task: Any, posed: str) -> Any:
    """Return the options of a task; of `auto` those of the task that the data pose."""
    if not isinstance(task, Auto):
        return task
    kind = POSED[posed]
    values = {name: getattr(task, name) for name in declared(kind) if name != "_target_"}
    return kind(**values)
