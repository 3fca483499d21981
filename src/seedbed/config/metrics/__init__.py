"""Metrics: the table of them, and those that a config logs and watches."""

from seedbed.config.metrics.table import (
    GRADIENT_DIFFERENCE,
    LOSS,
    METRICS,
    SYNONYMS,
    Metric,
    is_of_validation,
    known_mode,
    metrics_of,
)
from seedbed.config.metrics.watched import (
    WatchedMetric,
    has_validation,
    metric_names,
    mode_of,
    optimized_metric,
    watched_by_default,
    watched_metrics,
)

__all__ = [
    "GRADIENT_DIFFERENCE",
    "LOSS",
    "METRICS",
    "SYNONYMS",
    "Metric",
    "WatchedMetric",
    "has_validation",
    "is_of_validation",
    "known_mode",
    "metric_names",
    "metrics_of",
    "mode_of",
    "optimized_metric",
    "watched_by_default",
    "watched_metrics",
]
