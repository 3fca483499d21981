"""What axes and classes are called in a figure: the names and units of the data."""

from collections.abc import Sequence

from seedbed.config.spec import DataFacts


def feature_labels(facts: DataFacts, count: int) -> list[str]:
    """Return an axis label for each input."""
    return _labels(facts, "feature", "input", count)


def target_labels(facts: DataFacts, count: int) -> list[str]:
    """Return an axis label for each target."""
    return _labels(facts, "target", "target", count)


def class_names(facts: DataFacts, count: int) -> list[str]:
    """Return the names of the classes, or their numbers."""
    names = _listed(facts, "class_names")
    return names if len(names) == count else [str(number) for number in range(count)]


def _labels(facts: DataFacts, kind: str, otherwise: str, count: int) -> list[str]:
    from seedbed.figures import axis_label

    names, units = _listed(facts, f"{kind}_names"), _listed(facts, f"{kind}_units")
    if len(names) != count:
        return _numbered(otherwise, count)
    known: Sequence[str] = units if len(units) == count else [""] * count
    return [axis_label(name, unit) for name, unit in zip(names, known, strict=True)]


def _numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name} {number}" for number in range(1, count + 1)]


def _listed(facts: DataFacts, key: str) -> list[str]:
    return list(getattr(facts, key))
