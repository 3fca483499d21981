"""Text of the CSV files of a run: its metrics by epoch, its hyperparameters, and its labels."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from math import isnan
from typing import Any

from seedbed.loggers.labels import Labels

METRICS, HYPERPARAMETERS, LABELS = "metrics.csv", "hyperparameters.csv", "labels.csv"
# Of what is logged by optimizer step, not by epoch, the names end so.
AT_STEPS = "_step"


def metrics_text(points: Iterable[tuple[int, Mapping[str, float]]]) -> str:
    """Return the rows of metrics.csv: epoch or step, then a column a metric.

    Args:
        points: number of the epoch (from 1) or step, and the numbers logged there; what is nan was
            not logged.
    """
    rows: dict[tuple[bool, int], dict[str, float]] = {}
    for number, values in points:  # What is logged of an epoch at the end joins its row.
        rows.setdefault((_is_of_step(values), number), {}).update(values)
    names = list(dict.fromkeys(name for values in rows.values() for name in values))
    by_step = any(of_step for of_step, _ in rows)
    lines: list[Sequence[Any]] = [["epoch", *["step"] * by_step, *names]]
    for (of_step, number), values in rows.items():
        at = [number] if not by_step else ["", number] if of_step else [number, ""]
        numbers = ((values.get(name, float("nan"))) for name in names)
        lines.append([*at, *("" if isnan(value) else repr(float(value)) for value in numbers)])
    return _text(lines)


def hyperparameters_text(hyperparameters: Mapping[str, Any]) -> str:
    """Return the rows of hyperparameters.csv: name and value."""
    return _text([["name", "value"], *hyperparameters.items()])


def labels_text(labels: Labels) -> str:
    """Return the rows of labels.csv: key and text of name, tags and notes that were given."""
    return _text([["name", "value"], *labels.texts().items()])


def _is_of_step(values: Mapping[str, float]) -> bool:
    return bool(values) and all(name.endswith(AT_STEPS) for name in values)


def _text(lines: Iterable[Sequence[Any]]) -> str:
    file = StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    return file.getvalue()
