"""Reading of a space: from overrides in Hydra's grammar to the values that a key may have."""

from collections.abc import Mapping
from math import floor, isfinite
from typing import Any

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException

from seedbed.errors import ConfigError, listed, nearest
from seedbed.sweep.search.axes import first_line, words_of_override
from seedbed.sweep.search.space.dimensions import Choice, Number, Values, When

SPACE = "sweep.space"
# What averages over, and what the same trials are: nothing that a search may choose the best of.
AVERAGED = {"seed": "sweep.repeats=3", "data.fold": "sweep.folds=5"}
_TAGS = ("log", "int")
_LARGEST = 2**53


def values_of(override: Override, where: str = "") -> Values:
    """Return the values that a swept override, or one that gives a single value, allows.

    `where` goes before messages. Raises ConfigError where there are none, or they are no space.
    """
    line, value = f"{where}{override.input_line}", override.value()
    if override.is_delete() or override.is_hydra_override():
        raise ConfigError(f"{line}: a search varies the keys of a run, and nothing else")
    tags = {str(tag) for tag in getattr(value, "tags", ())}
    for tag in sorted(tags - {*_TAGS}):
        raise ConfigError(f"{line}: tag '{tag}' says nothing.{nearest(tag, _TAGS)} Tags: log, int")
    if isinstance(value, IntervalSweep):
        return _interval(line, value, tags)
    if isinstance(value, RangeSweep) and not value.shuffle:
        return _range(line, value, tags)
    if tags:
        raise ConfigError(f"{line}: tag {listed(sorted(tags))} goes with interval(low,high)")
    return _choice(line, override)


def _interval(line: str, sweep: IntervalSweep, tags: set[str]) -> Number:
    low, high = sweep.start, sweep.end
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        raise ConfigError(f"{line}: an interval needs two finite numbers")
    whole = "int" in tags or (isinstance(low, int) and isinstance(high, int))
    if low > high:
        raise ConfigError(f"{line}: reversed: {low:g} is above {high:g}; the lower one comes first")
    if low == high:
        raise ConfigError(f"{line}: the interval is empty: both ends are {low:g}; give one value")
    if whole and (low != floor(low) or high != floor(high)):
        raise ConfigError(
            f"{line}: whole numbers lie between whole numbers, not {low:g} and {high:g}"
        )
    if max(abs(low), abs(high)) > _LARGEST and whole:
        raise ConfigError(f"{line}: whole numbers of a search are at most {_LARGEST}")
    _check_log(line, low, whole, tags)
    return Number(low, high, 1 if whole else None, "log" in tags, whole)


def _range(line: str, sweep: RangeSweep, tags: set[str]) -> Values:
    """Return the numbers of a range, which ends before its second bound, as Hydra's does."""
    start, stop, step = sweep.start, sweep.stop, sweep.step
    if start is None or stop is None or not all(map(isfinite, (start, stop, step))):
        raise ConfigError(f"{line}: a range needs finite numbers")
    if step == 0:
        raise ConfigError(f"{line}: a range needs a step that is not zero")
    # Hydra sweeps decimals as they are written; the slack is far below any step of one.
    last = floor((stop - start) / step - 1e-9)
    if (stop - start) / step <= 0:
        raise ConfigError(
            f"{line}: the range is empty: no number from {start:g} on before {stop:g}"
        )
    low, high = sorted((start, start + last * step))
    whole = "int" in tags or all(isinstance(number, int) for number in (start, stop, step))
    if last == 0:
        return Choice((str(int(start)) if whole else repr(float(start)),))
    if "log" in tags and not (whole and abs(step) == 1):
        raise ConfigError(f"{line}: tag log goes with interval(low,high), or whole steps of one")
    _check_log(line, low, whole, tags)
    return Number(low, high, abs(step), "log" in tags, whole)


def _check_log(line: str, low: float, whole: bool, tags: set[str]) -> None:
    if "log" in tags and (low <= 0 or (whole and low < 1)):
        least = "1" if whole else "a number above 0"
        raise ConfigError(
            f"{line}: {low:g} has no logarithm here; begin at {least}, or leave log out"
        )


def _choice(line: str, override: Override) -> Choice:
    words = words_of_override(override)
    texts = [word.partition("=")[2] for word in words]
    if not texts:
        raise ConfigError(f"{line}: no values; a space needs one at least")
    if twice := [text for text in texts if texts.count(text) > 1]:
        raise ConfigError(f"{line}: {twice[0]} is there twice")
    return Choice(tuple(texts))


def space_of_config(parser: Any, space: Mapping[str, Any]) -> dict[str, tuple[Override, When]]:
    """Return the overrides that `sweep.space` of a config holds, and when they count, by key.

    Raises ConfigError for what cannot be read.
    """
    read: dict[str, tuple[Override, When]] = {}
    for key, entry in space.items():
        where = f"{SPACE}: {key}"
        values, when = entry, dict[str, Any]()
        if isinstance(entry, Mapping):
            unknown = [str(name) for name in entry if name not in ("values", "when")]
            if unknown or "values" not in entry:
                wrong = f"'{unknown[0]}'" if unknown else "no 'values'"
                raise ConfigError(
                    f"{where}: {wrong}; it takes {{values: TEXT, when: {{KEY: TEXT}}}}"
                )
            values, when = entry["values"], entry.get("when") or {}
            if not isinstance(when, Mapping):
                raise ConfigError(f"{where}: when: {when} is no mapping such as {{optimizer: sgd}}")
        if isinstance(values, list):
            values = ",".join(map(_text, values))
        try:
            override = parser.parse_override(f"{key}={_text(values)}")
            conditions = {str(name): _texts(parser, name, value) for name, value in when.items()}
        except HydraException as error:
            raise ConfigError(f"{where}: {first_line(error)}") from None
        read[str(key)] = (override, conditions)
    return read


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    return repr(value) if isinstance(value, float) else str(value)


def _texts(parser: Any, key: str, value: Any) -> tuple[str, ...]:
    """Return the values of a condition as texts: one, or several of a list."""
    text = ",".join(map(_text, value)) if isinstance(value, list) else _text(value)
    words = words_of_override(parser.parse_override(f"{key}={text}"))
    return tuple(word.partition("=")[2] for word in words)
