"""Axis labels and class names of a figure, from the names and units in the data config."""

from typing import Any


def feature_labels(data: Any, count: int) -> list[str]:
    """Return an axis label for each input: "rainfall (mm)".

    Args:
        data: The `data` node of the config.
        count: Number of inputs; without a name for each, they are numbered: "input 1".
    """
    return _labels(data, "feature", "input", count)


def target_labels(data: Any, count: int) -> list[str]:
    """Return an axis label for each target, as `feature_labels` does for inputs."""
    return _labels(data, "target", "target", count)


def class_names(data: Any, count: int) -> list[str]:
    """Return the names of `count` classes, or their numbers where not all have a name."""
    names = _words(data, "class_names")
    return names if len(names) == count else [str(number) for number in range(count)]


def _labels(data: Any, kind: str, unnamed: str, count: int) -> list[str]:
    from seedbed.figures import axis_label

    names, units = _words(data, f"{kind}_names"), _words(data, f"{kind}_units")
    if len(names) != count:
        numbers = range(1, count + 1)
        return [unnamed] if count == 1 else [f"{unnamed} {number}" for number in numbers]
    if len(units) != count:
        units = [""] * count
    return [axis_label(name, unit) for name, unit in zip(names, units, strict=True)]


def _words(data: Any, key: str) -> list[str]:
    return [str(name) for name in data.get(key) or []]
