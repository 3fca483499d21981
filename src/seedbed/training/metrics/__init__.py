"""Metrics of an epoch, as sums over rows followed by a formula."""

from seedbed.training.metrics.by_torchmetrics import NAMED
from seedbed.training.metrics.epoch import EpochMetrics
from seedbed.training.metrics.metric import Metric
from seedbed.training.metrics.names import (
    CLIPPED_NORM,
    GRADIENT,
    GRADIENT_NORM,
    LEARNING_RATE,
    NORM_OF_ALL,
    PARAMETER,
    is_metric,
)
from seedbed.training.metrics.sums import (
    METRICS,
    merged_sums,
    metric_sums,
    metric_values,
    out_of_range,
    range_of,
    say_out_of_range,
)

__all__ = [
    "CLIPPED_NORM",
    "GRADIENT",
    "GRADIENT_NORM",
    "LEARNING_RATE",
    "METRICS",
    "NAMED",
    "NORM_OF_ALL",
    "PARAMETER",
    "EpochMetrics",
    "Metric",
    "is_metric",
    "merged_sums",
    "metric_sums",
    "metric_values",
    "out_of_range",
    "range_of",
    "say_out_of_range",
]
