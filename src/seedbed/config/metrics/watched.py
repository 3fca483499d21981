"""Metrics that a config logs and watches, and the better direction of each."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from omegaconf import DictConfig

from seedbed.config.metrics.table import GRADIENT_DIFFERENCE, LOSS, known_mode
from seedbed.errors import ConfigError


def has_validation(config: DictConfig) -> bool:
    """Return whether the config holds rows out for validation."""
    # Not above: the schema itself asks for metrics.
    from seedbed.config.schema.data.images import has_validation_folder

    data = config.data
    # A column that says the split of each row has to say it of validation rows, too.
    held_out = (
        data.get("val")
        or data.get("val_size")
        or data.get("val_file")
        or data.get("val_inputs")
        or data.get("fold") is not None
        or data.get("split") == "column"
        or has_validation_folder(data)
    )
    return bool(held_out) and config.trainer.limit_val_batches != 0


def metric_names(config: DictConfig) -> list[str]:
    """Return the names of all metrics that an epoch of this config logs."""
    names = [LOSS, *config.task.get("metrics", []), *config.task.get("torchmetrics", {})]
    splits = ["train", "val"] if has_validation(config) else ["train"]
    compared = [GRADIENT_DIFFERENCE] if config.gradient.get("compare") else []
    return [f"{split}/{name}" for split in splits for name in names] + compared


class WatchedMetric(NamedTuple):
    """Metric that something depends on, and the key that names it.

    `mode_key` is the key that must tell what is better of it, as the metric does not; nothing where
    that is told.
    """

    key: str
    name: str
    mode_key: str


def watched_metrics(config: DictConfig) -> Iterator[WatchedMetric]:
    """Yield the metrics that scheduler and callbacks of the config name."""
    nodes = {"scheduler": config.scheduler}
    nodes |= {f"callbacks.{name}": node for name, node in config.callbacks.items()}
    for key, node in nodes.items():
        if isinstance(node, DictConfig) and node.get("monitor") is not None:
            # A class of the user's that has no such key may know no mode either.
            mode_key = f"{key}.mode" if "mode" in node and node.mode is None else ""
            yield WatchedMetric(f"{key}.monitor", node.monitor, mode_key)


def mode_of(metric: str, config: DictConfig, key: str) -> str:
    """Return `max` for a metric of which more is better, else `min`.

    Raises ConfigError where the metric does not say so; `key` is the key that then must.
    """
    name = metric.rpartition("/")[2]
    torchmetric = (config.task.get("torchmetrics") or {}).get(name)
    mode = known_mode(metric) if torchmetric is None else _mode_of_torchmetric(name, torchmetric)
    if mode is None:
        raise ConfigError(
            f"{key}: null, and {metric} does not say which is better, less of it or more: "
            f"{key}=min or {key}=max"
        )
    return mode


def _mode_of_torchmetric(name: str, node: Any) -> str | None:
    # Imports torch and Hydra, which a config without such metrics need not wait for.
    import torchmetrics

    from seedbed.config.instantiation import make

    metric = make(f"task.torchmetrics.{name}", torchmetrics.Metric, node)
    return {True: "max", False: "min"}.get(metric.higher_is_better)
