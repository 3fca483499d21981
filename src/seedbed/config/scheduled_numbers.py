"""Numbers that may change while a run trains, and the schedule of their values.

A schedule is what run.json has of a trial of a population: a list of `{epoch, from, values}`, of
which each entry holds from the end of its epoch on. The first is of epoch 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seedbed.config.known_keys import varies
from seedbed.errors import listed

RATE = "optimizer.lr"
CLIP = "trainer.gradient_clip_val"
DROPOUT = "model.dropout"
# Groups whose numbers may change: all of which a job beside others has for itself.
_GROUPS = ("optimizer", "task")
MOST_ENTRIES = 100_000


def why_fixed(key: str) -> str:
    """Return why a key cannot change while a run trains, or nothing."""
    group = key.partition(".")[0]
    if key == CLIP or (key == DROPOUT and varies(key)):
        return ""
    if group in _GROUPS and "." in key and varies(key):
        return ""
    known = "numbers of the optimizer and of the loss"
    return f"{key} cannot change while a trial trains; what can: {known}, {CLIP}" + (
        f", {DROPOUT}" if varies(DROPOUT) else ""
    )


def is_number(key: str, value: Any) -> bool:
    """Return whether a value is a number, or the numbers of the key that holds a list."""
    values = value if isinstance(value, list | tuple) and key == "optimizer.betas" else [value]
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)


def schedule_problems(entries: Any) -> Iterator[str]:
    """Yield what is wrong with `schedule`, plain values."""
    if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        yield f"schedule: must be a list of at most {MOST_ENTRIES:,} entries"
        return
    before = -1
    for place, entry in enumerate(entries):
        problem = _problem_of_entry(entry, before)
        if problem:
            yield f"schedule: entry {place}: {problem}"
            return
        before = entry["epoch"]
    if entries and entries[0]["epoch"] != 0:
        yield "schedule: the first entry must be that of epoch 0"
    if len({tuple(entry["values"]) for entry in entries}) > 1:
        yield "schedule: every entry must give values to the same keys"


def _problem_of_entry(entry: Any, before: int) -> str:
    if not isinstance(entry, Mapping) or not {"epoch", "values"} <= entry.keys():
        return "needs `epoch` and `values`"
    epoch, values = entry["epoch"], entry["values"]
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch <= before:
        return f"epoch {epoch!r}: must be a whole number, larger than that of the entry before"
    if not isinstance(values, Mapping) or not values:
        return "`values` must be {KEY: NUMBER}"
    for key, value in values.items():
        if reason := why_fixed(str(key)):
            return reason
        if not is_number(str(key), value):
            return f"{key}: {value!r} is no number"
    return ""


def values_at(schedule: Sequence[Mapping[str, Any]], epochs: int) -> dict[str, Any]:
    """Return the values that hold after so many epochs."""
    held: dict[str, Any] = {}
    for entry in schedule:
        if entry["epoch"] <= epochs:
            held = dict(entry["values"])
    return held


def keys_text(schedule: Sequence[Mapping[str, Any]]) -> str:
    """Return the keys of a schedule in words."""
    return listed(list(schedule[0]["values"])) if schedule else ""
