"""The metrics that a config logs, and those that are watched."""

from typing import Any

from omegaconf import DictConfig

LOSS = "loss"
HIGHER_IS_BETTER = ("accuracy", "f1", "r2")


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


def watched_metrics(config: DictConfig) -> dict[str, Any]:
    """Return the metrics that something depends on, by the key that names them."""
    watched = {"optimized_metric": config.optimized_metric}
    nodes = {"scheduler": config.scheduler}
    nodes |= {f"callbacks.{name}": node for name, node in config.callbacks.items()}
    for key, node in nodes.items():
        if isinstance(node, DictConfig) and "monitor" in node:
            watched[f"{key}.monitor"] = node.monitor
    return watched


def optimized_metric(config: DictConfig) -> tuple[str, str]:
    """Return the metric that picks the best epoch, and `min` or `max`."""
    chosen = config.optimized_metric
    metric = chosen or ("val/loss" if has_validation(config) else "train/loss")
    return metric, config.optimized_mode or mode_of(metric)


def mode_of(metric: str) -> str:
    """Return `max` for a metric of which more is better, else `min`."""
    return "max" if metric.rpartition("/")[2] in HIGHER_IS_BETTER else "min"
