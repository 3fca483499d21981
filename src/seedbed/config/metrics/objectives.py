"""Objectives of a config: the metrics that judge its trials, and the one of the best epoch."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from omegaconf import DictConfig, ListConfig

from seedbed.config.metrics.table import LOSS, ONCE_A_RUN
from seedbed.config.metrics.watched import has_validation, mode_of


class Objective(NamedTuple):
    """Metric by which trials are judged, and `min` or `max`, what is better of it."""

    metric: str
    mode: str


def named(value: Any) -> list[Any]:
    """Return what a key holds that takes one text, a list of them, or null."""
    if value is None:
        return []
    return list(value) if isinstance(value, ListConfig | list | tuple) else [value]


def objectives(config: DictConfig) -> tuple[Objective, ...]:
    """Return the metrics of `optimized_metric`; where none is named that is val/loss or train/loss.

    Raises ConfigError where neither a metric nor the config says which direction is better.
    """
    names = named(config.optimized_metric) or [watched_by_default(config)]
    modes = named(config.optimized_mode) or [None] * len(names)
    return tuple(
        Objective(name, mode or mode_of(name, config, "optimized_mode"))
        for name, mode in zip(names, modes, strict=True)
    )


def picks_best_epoch(metrics: Sequence[Any]) -> str | None:
    """Return the first of some metrics that an epoch measures; None where there is none."""
    return next((str(name) for name in metrics if name not in ONCE_A_RUN), None)


def watched_by_default(config: DictConfig) -> str:
    """Return the metric that picks the best epoch: the first objective that an epoch measures."""
    chosen = picks_best_epoch(named(config.optimized_metric))
    return chosen or (f"val/{LOSS}" if has_validation(config) else f"train/{LOSS}")


def optimized_metric(config: DictConfig) -> Objective:
    """Return the metric that picks the best epoch, and its direction.

    Raises ConfigError where neither the metric nor the config says which direction is better.
    """
    metric = watched_by_default(config)
    return next(objective for objective in objectives(config) if objective.metric == metric)
