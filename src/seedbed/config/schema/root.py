"""What the whole config of a verb holds."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from seedbed.config.schema.data import SPLITS
from seedbed.config.schema.field import key
from seedbed.config.schema.model import InitialWeights
from seedbed.config.schema.trainer import ACCELERATORS


@dataclass
class Paths:
    """Keys of `paths`."""

    data: str = key("folder of downloaded data", MISSING)
    outputs: str = key("folder that runs and sweeps are written to", MISSING)


@dataclass
class TensorBoard:
    """Keys of `logger.tensorboard`."""

    _target_: str = key("class of the logger", "seedbed.loggers.TensorBoard")
    graph: bool = key("draw the model's graph where torch can trace it", True)
    flush_secs: int = key("seconds between two writes to disk", 10, at_least=1)


@dataclass
class Freeze:
    """Keys of `freeze`."""

    parameters: list[str] = key("globs over names of parameters that stay as they are", [])
    until_epoch: int | None = key(
        "epoch in which they begin to train; null: never", None, at_least=2
    )


@dataclass
class Sweep:
    """Keys of `sweep`, which say how `-m` goes about its jobs."""

    fuse: str = key(
        "train jobs side by side: auto (where it pays), always, never",
        "auto",
        one_of=("auto", "always", "never"),
    )
    chunk_size: int | None = key(
        "most jobs that train as one program; null: as many as fit in memory", None, at_least=1
    )
    plan: bool = key("print axes, jobs and groups, and stop", False)
    zip: list[str] = key("keys whose axes are paired instead of crossed", [])
    table: str | None = key("CSV file with a job a row and a key a column", None)
    repeats: int = key("seeds of each job, from its own on", 1, at_least=1)
    points: int = key("most epochs in the curves of jobs that train side by side", 100, at_least=2)
    keep: str = key(
        "folders that are kept: all, best (of the top jobs), record (none)",
        "all",
        one_of=("all", "best", "record"),
    )
    top: int = key("jobs whose folders keep=best keeps", 10, at_least=1)
    every_seconds: float = key(
        "seconds between two saves of jobs that train side by side", 60.0, at_least=0
    )
    on_failure: str = key(
        "when a job fails: continue with the others, or stop",
        "continue",
        one_of=("continue", "stop"),
    )
    resume: str | None = key("folder of a sweep to go on with, or latest", None)


@dataclass
class Train:
    """Keys of `seedbed train`."""

    data: Any = MISSING
    model: Any = MISSING
    task: Any = MISSING
    optimizer: Any = MISSING
    gradient: Any = MISSING
    scheduler: Any = MISSING
    trainer: Any = MISSING
    callbacks: Any = MISSING
    logger: Any = MISSING
    paths: Any = MISSING
    initial_weights: InitialWeights = field(default_factory=InitialWeights)
    freeze: Freeze = field(default_factory=Freeze)
    sweep: Sweep = field(default_factory=Sweep)
    seed: int = key("seed of initial weights, batch order and dropout", 0, at_least=0, below=2**32)
    optimized_metric: str | None = key(
        "metric that picks the best epoch; null: val/loss, else train/loss", None
    )
    optimized_mode: str | None = key(
        "min or max; null: follows from the metric", None, one_of=("min", "max")
    )


@dataclass
class Evaluate:
    """Keys of `seedbed evaluate`."""

    run: str = key("run folder, or latest", MISSING)
    split: str = key("train, val or test", "test", one_of=SPLITS)
    checkpoint: str = key("best or last", "best", one_of=("best", "last"))
    accelerator: str = key("auto, cpu or gpu", "auto", one_of=ACCELERATORS)
    trust: list[str] = key("modules of yours that the run may load classes from", [])
    paths: Any = MISSING


@dataclass
class Predict:
    """Keys of `seedbed predict`."""

    run: str = key("run folder, or latest", MISSING)
    input: Any = key("CSV or .npy file, or rows as [[...], ...]", MISSING)
    output: str | None = key("CSV or .npy file to write; null: a table", None)
    apply_softmax: bool = key("probabilities of a classification; false: its logits", True)
    checkpoint: str = key("best or last", "best", one_of=("best", "last"))
    accelerator: str = key("auto, cpu or gpu", "auto", one_of=ACCELERATORS)
    trust: list[str] = key("modules of yours that the run may load classes from", [])
    paths: Any = MISSING
