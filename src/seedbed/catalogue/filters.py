"""Which runs of a catalogue are asked for: filters, and the order."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from seedbed.catalogue.collection import Item
from seedbed.catalogue.entry import Entry
from seedbed.config.groups import GROUPS
from seedbed.errors import ConfigError, listed, nearest
from seedbed.runs.record import CANCELLED, KILLED, STATUSES

STATES = (*STATUSES, KILLED, CANCELLED, "damaged")
# What an entry is sorted by besides its metrics and what was set.
SORTS = ("started", "name", "status", "seconds", "best", "epoch")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# What the keys of a verb mean that filter.
STATUS = (
    "running, completed, diverged, interrupted, failed, killed, cancelled or damaged; null: any"
)
NAME = "name, or a pattern such as lr_*; null: any"
TAGS = "tags that all of them have, such as a,b; null: any"
SINCE = "when they began: 2026-11-20, today, yesterday, 90m, 12h, 3d; null: ever"
# Keys that are shown where another one was typed.
MOST_SHOWN = 12
Test = Callable[[Entry], bool]


class Filters(NamedTuple):
    """Filters of a command: the texts that were typed, by key; `others` are of keys of the runs."""

    status: str | None = None
    name: str | None = None
    tags: str | None = None
    since: str | None = None
    others: Mapping[str, str] = {}

    def tests(self, now: datetime) -> list[Test]:
        """Return what an entry must pass; raises ConfigError where a filter is wrong."""
        return [*self._tests(now), *(_of_key(key, text) for key, text in self.others.items())]

    def of(self, items: Sequence[Item], tests: Iterable[Test]) -> list[Item]:
        """Return the items that pass the tests; raises ConfigError for a key that no run has."""
        self._refuse_unknown(items)
        return [item for item in items if all(test(item.entry) for test in tests)]

    def _tests(self, now: datetime) -> Iterator[Test]:
        if self.status is not None:
            yield _of_status(words_of_list(self.status))
        if (name := self.name) is not None:
            yield lambda entry: fnmatchcase(entry.name, name)
        if self.tags is not None:
            tags = set(words_of_list(self.tags))
            yield lambda entry: tags <= {*entry.tags}
        if self.since is not None:
            start = moment(self.since, now).timestamp()
            yield lambda entry: entry.began >= start

    def _refuse_unknown(self, items: Sequence[Item]) -> None:
        """Raise ConfigError for a key that no run has set."""
        known = dict.fromkeys([*GROUPS, *(key for item in items for key in item.entry.values)])
        for key in self.others:
            if items and key not in known:
                keys = [name for name in known if name not in GROUPS]
                raise ConfigError(
                    f"{key}: none of these runs has set it.{nearest(key, known)} "
                    f"Set: {listed(keys, MOST_SHOWN) or 'nothing'}"
                )


def words_of_list(text: str) -> list[str]:
    """Return the words of a list such as `a,b` or `[a, b]`."""
    inside = re.fullmatch(r"\s*\[(.*)\]\s*", text, re.DOTALL)
    words = (inside[1] if inside else text).split(",")
    return [word.strip().strip("'\"") for word in words if word.strip()]


def _of_status(states: Sequence[str]) -> Test:
    for state in states:
        if state not in STATES:
            raise ConfigError(f"status={state}: one of {listed(STATES)}.{nearest(state, STATES)}")
    why = {KILLED, CANCELLED}.intersection(states)
    return lambda entry: entry.status in states or entry.error in why


def _of_key(key: str, text: str) -> Test:
    """Return the test of an option of a group, or of a key that was set, by pattern or number."""
    wanted = words_of_list(text) or [""]

    def test(entry: Entry) -> bool:
        value = entry.choices.get(key) if key in GROUPS else entry.values.get(key)
        return value is not None and any(_is(value, word) for word in wanted)

    return test


def _is(value: object, word: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == word.lower()
    if isinstance(value, int | float):
        try:
            return float(word) == value
        except ValueError:
            return False
    return fnmatchcase(str(value), word) or str(value) == word


def moment(text: str, now: datetime) -> datetime:
    """Return the local time that a text says: `2026-11-20`, `today`, `yesterday`, `90m`, `3d`."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": 0, "yesterday": 1}
    if text in days:
        return midnight - timedelta(days=days[text])
    try:
        if ago := re.fullmatch(r"([0-9]{1,6})\s*([mhdw])", text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise ConfigError(
            f"since={text}: neither a time such as 2026-11-20 or 2026-11-20T14:30, nor today, "
            "yesterday, 90m, 12h, 3d or 2w"
        ) from None


def ordered(items: Sequence[Item], sort: str | None, mode: str | None) -> list[Item]:
    """Return items in order: the newest first, or by `sort`, those that lack it last.

    A metric is that of the best epoch, the better first; anything else is sorted upwards. `mode`
    (`min` or `max`) says what comes first.

    Raises ConfigError where nothing is so called, or where metrics are compared that differ.
    """
    if sort in (None, "started"):
        return sorted(items, key=lambda item: item.entry.began, reverse=mode != "min")
    value, better = _sorted_by(items, str(sort))
    downwards = (mode or better) == "max"
    have = [item for item in items if value(item.entry) is not None]
    rest = [item for item in items if value(item.entry) is None]
    have.sort(key=lambda item: (-item.entry.began, item.path))
    have.sort(key=lambda item: _key(value(item.entry)), reverse=downwards)
    return have + ordered(rest, None, None)


def _sorted_by(items: Sequence[Item], sort: str) -> tuple[Callable[[Entry], Any], str]:
    if sort == "best":
        metrics = dict.fromkeys((item.entry.metric, item.entry.mode) for item in items)
        names = dict.fromkeys(name for name, _ in metrics if name)
        if len(names) > 1:
            raise ConfigError(
                f"sort=best: these runs watch different metrics: {listed(names)}; choose one of "
                "them, sort=METRIC"
            )
        return (lambda entry: entry.best), better_of(next(iter(names), ""), items)
    if sort in SORTS:
        attribute = {"status": "state"}.get(sort, sort)
        return (lambda entry: getattr(entry, attribute) or None), "min"
    if any(sort in item.entry.metrics for item in items):
        return (lambda entry: entry.metrics.get(sort)), better_of(sort, items)
    if any(sort in item.entry.values for item in items):
        return (lambda entry: entry.values.get(sort)), "min"
    if sort in GROUPS:
        return (lambda entry: entry.choices.get(sort)), "min"
    measured = (name for item in items for name in item.entry.metrics)
    columns = list(dict.fromkeys([*SORTS, *measured]))
    raise ConfigError(
        f"sort={sort}: no such column.{nearest(sort, columns)}\nColumns: {listed(columns, 30)}, or "
        "a key that was set"
    )


def better_of(metric: str, items: Sequence[Item]) -> str:
    """Return `min` or `max`, whichever is better of a metric; `min` where nobody says."""
    from seedbed.config.metrics.table import known_mode  # OmegaConf, which few words need.

    said = [item.entry.mode for item in items if item.entry.metric == metric and item.entry.mode]
    return said[0] if said else known_mode(metric) or "min"


def _key(value: object) -> tuple[int, float, str]:
    """Return what a value is sorted by: numbers before texts."""
    if isinstance(value, int | float):
        return (0, float(value), "")
    try:
        return (0, float(str(value)), "")
    except ValueError:
        return (1, 0.0, str(value))
