"""Axis labels and class names of a figure, from the names and units of the data."""

from seedbed.config.spec import DataFacts


def feature_labels(facts: DataFacts, count: int) -> list[str]:
    """Return an axis label for each input: "rainfall (mm)".

    Args:
        facts: What the config says of the data.
        count: Number of inputs; without a name for each, they are numbered: "input 1".
    """
    return _labels(facts, "feature", "input", count)


def target_labels(facts: DataFacts, count: int) -> list[str]:
    """Return an axis label for each target, as `feature_labels` does for inputs."""
    return _labels(facts, "target", "target", count)


def class_names(facts: DataFacts, count: int) -> list[str]:
    """Return the names of `count` classes, or their numbers where not all have a name."""
    return list(facts.class_names if len(facts.class_names) == count else map(str, range(count)))


def _labels(facts: DataFacts, kind: str, unnamed: str, count: int) -> list[str]:
    from seedbed.figures import axis_label

    names, units = getattr(facts, f"{kind}_names"), getattr(facts, f"{kind}_units")
    if len(names) != count:
        numbers = range(1, count + 1)
        return [unnamed] if count == 1 else [f"{unnamed} {number}" for number in numbers]
    if len(units) != count:
        units = [""] * count
    return [axis_label(name, unit) for name, unit in zip(names, units, strict=True)]
