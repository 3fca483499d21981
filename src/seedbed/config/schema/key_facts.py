"""What the dataclasses say of a key, looked up by its full name, such as `optimizer.lr`."""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache

from seedbed.config.schema.model import InitialWeights
from seedbed.config.schema.root import Freeze, Train
from seedbed.config.schema.store import GROUPS

# Groups of entries that the user names, and where the dataclasses of an entry are.
ENTRIES = {"callbacks": "callback", "logger": "logger"}
ANY_NAME = "*"


@cache
def varies(full_key: str) -> bool:
    """Tell whether the jobs of one fused group may differ in a key, or in one that it is part of.

    Of the dataclasses of a group that have the key and can fuse, all must say so.
    """
    path = full_key.split(".")
    if path[0] in ENTRIES and len(path) > 1:
        path[1] = ANY_NAME
    return any(
        ".".join(path[:length]) in _keys_that("varies") for length in range(1, len(path) + 1)
    )


@cache
def is_independent(full_key: str) -> bool:
    """Tell whether no rule compares a key with another one."""
    return full_key in _keys_that("independent")


def varying_keys(group: str) -> tuple[str, ...]:
    """Return the keys of a group's options in which the jobs of one fused group may differ."""
    start = f"{group}."
    return tuple(key[len(start) :] for key in _keys_that("varies") if key.startswith(start))


@cache
def _keys_that(fact: str) -> tuple[str, ...]:
    """Return the keys of a training run of which every dataclass that has them states a fact."""
    said: dict[str, bool] = {}
    for prefix, schema in _schemas():
        if fact == "varies" and not getattr(schema, "fuses", True):
            continue
        for field in fields(schema):
            key = prefix + field.name
            said[key] = said.get(key, True) and bool(field.metadata.get(fact))
    return tuple(key for key, everywhere in said.items() if everywhere)


def _schemas() -> Iterator[tuple[str, type]]:
    """Yield each dataclass that a training run may hold, after the beginning of its keys."""
    yield "", Train
    yield "initial_weights.", InitialWeights
    yield "freeze.", Freeze
    group_of_entry = {entry: f"{group}.{ANY_NAME}" for group, entry in ENTRIES.items()}
    for group, options in GROUPS.items():
        for schema in options.values():
            yield f"{group_of_entry.get(group, group)}.", schema
