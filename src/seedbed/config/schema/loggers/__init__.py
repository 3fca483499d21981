"""Schema of the `logger=` options: where curves and hyperparameters go."""

from dataclasses import dataclass

from omegaconf import MISSING

from seedbed.config.schema.field import Schema, key


@dataclass
class RunLogger(Schema):
    """Logger of a run, which writes into its folder."""

    _target_: str = key("class of the logger", MISSING)


@dataclass
class TensorBoard(RunLogger, target="seedbed.loggers.TensorBoard"):
    """TensorBoard logger."""

    graph: bool = key("log the model graph, where torch can trace it", True)
    flush_secs: int = key("seconds between two flushes to disk", 10, at_least=1)


@dataclass
class CSV(RunLogger, target="seedbed.loggers.CSV"):
    """Logger of a CSV file of metrics, and one of hyperparameters."""

    flush_secs: int = key("seconds between two flushes to disk", 10, at_least=1)


@dataclass
class MLflow(RunLogger, target="seedbed.loggers.MLflow", fuses=False):
    """MLflow logger."""

    experiment: str = key("experiment that the run belongs to", "seedbed")
    tracking_uri: str | None = key(
        "where runs go, such as http://127.0.0.1:5000; null: mlflow.db in the run folder", None
    )


@dataclass
class WandB(RunLogger, target="seedbed.loggers.WandB", fuses=False):
    """Weights & Biases logger."""

    project: str = key("project that the run belongs to", "seedbed")
    offline: bool = key("keep the run in its folder; wandb sync uploads it later", True)
