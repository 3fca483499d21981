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
# What a run logs at its end alone, at the number of its best epoch, begins so.
CLOSING = ("test/", "best/")


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


def read_points(text: str, epoch: int, step: int) -> list[tuple[int, dict[str, float]]]:
    """Return the points of a metrics.csv until an epoch and an optimizer step.

    What a run logs at its end is left out, and so is what this module would not have written.
    """
    rows = csv.DictReader(StringIO(text))
    points = []
    for row in rows:
        numbers = {str(name): _number(cell) for name, cell in row.items()}
        number, of_step = numbers.pop("epoch", None), False
        at_step = numbers.pop("step", None)
        if number is None:
            number, of_step = at_step, True
        values = {
            name: value
            for name, value in numbers.items()
            if value is not None and not name.startswith(CLOSING)
        }
        if values and number is not None and number <= (step if of_step else epoch):
            points.append((int(number), values))
    return points


def _number(cell: object) -> float | None:
    try:
        return float(str(cell))
    except ValueError:
        return None


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
