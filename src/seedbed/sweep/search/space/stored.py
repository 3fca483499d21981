"""Space of a search as plain values, as sweep.json keeps it, and back."""

from math import isfinite

from seedbed.errors import ConfigError
from seedbed.sweep.results.search_plan import SearchPlan, StoredDimension
from seedbed.sweep.search.space.dimensions import Choice, Dimension, Number, Space, Values

# Values that are told apart as floats.
MOST_STEPS = 2.0**53


def stored_space(space: Space) -> list[StoredDimension]:
    """Return the dimensions of a space as plain values."""
    return [_stored(dimension) for dimension in space.dimensions]


def _stored(dimension: Dimension) -> StoredDimension:
    stored: StoredDimension = {"key": dimension.key}
    values = dimension.values
    if isinstance(values, Choice):
        stored["values"] = list(values.values)
    else:
        stored |= {
            "low": values.low,
            "high": values.high,
            "step": values.step,
            "log": values.log,
            "whole": values.whole,
        }
    if dimension.when:
        stored["when"] = {key: list(texts) for key, texts in dimension.when.items()}
    return stored


def space_of(search: SearchPlan) -> Space:
    """Return the space of a search that goes on; raises ConfigError where it is none."""
    known: set[str] = set()
    dimensions = []
    for stored in search.space:
        when = {key: tuple(texts) for key, texts in stored.get("when", {}).items()}
        dimension = Dimension(stored["key"], _values(stored), when)
        if dimension.name in known or not when.keys() <= known:
            raise ConfigError(f"sweep.json: search.space: {stored['key']}: out of its order")
        known.add(dimension.name)
        dimensions.append(dimension)
    return Space(search.fixed, tuple(dimensions))


def _values(stored: StoredDimension) -> Values:
    if "values" in stored:
        return Choice(tuple(stored["values"]))
    low, high, step = stored.get("low"), stored.get("high"), stored.get("step")
    log, whole = stored.get("log", False), stored.get("whole", False)
    if (
        low is None
        or high is None
        or not (isfinite(low) and isfinite(high) and low < high)
        or not (step is None or (step > 0 and (high - low) / step <= MOST_STEPS))
        or (log and low < (1 if whole else 1e-323))
        or (log and step is not None and not whole)
    ):
        raise ConfigError(f"sweep.json: search.space: {stored['key']}: no interval")
    if whole:
        return Number(int(low), int(high), int(step or 1), log, whole)
    return Number(low, high, step, log, whole)
