"""Metrics: the table of them, and those that a config logs and watches."""

from seedbed.config.metrics.constraints import Constraint, excluding, parsed_constraint
from seedbed.config.metrics.objectives import (
    Objective,
    named,
    objectives,
    optimized_metric,
    picks_best_epoch,
    watched_by_default,
)
from seedbed.config.metrics.table import (
    GRADIENT_DIFFERENCE,
    LOSS,
    METRICS,
    ONCE_A_RUN,
    PARAMETERS,
    SYNONYMS,
    TRAIN_SECONDS,
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
    watched_metrics,
)

__all__ = [
    "GRADIENT_DIFFERENCE",
    "LOSS",
    "METRICS",
    "ONCE_A_RUN",
    "PARAMETERS",
    "SYNONYMS",
    "TRAIN_SECONDS",
    "Constraint",
    "Metric",
    "Objective",
    "WatchedMetric",
    "excluding",
    "has_validation",
    "is_of_validation",
    "known_mode",
    "metric_names",
    "metrics_of",
    "mode_of",
    "named",
    "objectives",
    "optimized_metric",
    "parsed_constraint",
    "picks_best_epoch",
    "watched_by_default",
    "watched_metrics",
]
