"""What axes and classes are called in a figure: the names and units of the data config."""

from collections.abc import Sequence
from typing import Any


def feature_labels(data: Any, count: int) -> list[str]:
    """Return an axis label for each input."""
    return _labels(data, "feature", "input", count)


def target_labels(data: Any, count: int) -> list[str]:
    """Return an axis label for each target."""
    return _labels(data, "target", "target", count)


def class_names(data: Any, count: int) -> list[str]:
    """Return the names of the classes, or their numbers."""
    names = _listed(data, "class_names")
    return names if len(names) == count else [str(number) for number in range(count)]


def _labels(data: Any, kind: str, otherwise: str, count: int) -> list[str]:
    from seedbed.figures import axis_label

    names, units = _listed(data, f"{kind}_names"), _listed(data, f"{kind}_units")
    if len(names) != count:
        return _numbered(otherwise, count)
    known: Sequence[str] = units if len(units) == count else [""] * count
    return [axis_label(name, unit) for name, unit in zip(names, known, strict=True)]


def _numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name} {number}" for number in range(1, count + 1)]


def _listed(data: Any, key: str) -> list[str]:
    return [str(name) for name in data.get(key) or []]
