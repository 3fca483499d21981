"""Configs of many jobs as what they share and what differs, by dotted keys."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from seedbed.page.document import Configs
from seedbed.page.part import JobConfig
from seedbed.runs.provenance.secrets import LEFT_OUT, is_secret, plain_word

# Levels of a config; a key of a stranger's may have any number of points.
DEEPEST = 50
# What is about Hydra, the machine and the other jobs, not about the run.
LEFT_AWAY = ("hydra", "paths", "sweep")


def flattened(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a nested config by dotted keys, without secrets; a list is one value."""
    return {
        key: without_secrets(key, value)
        for name, node in config.items()
        if name not in LEFT_AWAY
        for key, value in _leaves(str(name), node)
    }


def _leaves(key: str, node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for name, below in node.items():
            yield from _leaves(f"{key}.{name}", below)
    else:
        yield key, node


def without_secrets(key: str, value: Any) -> Any:
    """Return the value of a key as JSON has it, without the secrets that it holds."""
    if isinstance(value, str):
        return LEFT_OUT if is_secret(key, value) else plain_word(value)
    if isinstance(value, Mapping):
        return {name: without_secrets(f"{key}.{name}", below) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(key, below) for below in value]
    is_plain = value is None or isinstance(value, bool | int)
    finite = isinstance(value, float) and isfinite(value)
    return value if is_plain or finite else str(value)


def shared_and_differing(
    bases: Sequence[Mapping[str, Any]], configs: Sequence[JobConfig | None]
) -> Configs:
    """Return what all jobs share, nested, and each job's value of the other keys.

    Jobs whose config is not known, and keys that a job lacks, have None. Only keys that some job
    changes are looked at job by job.
    """
    known = [config for config in configs if config is not None]
    used = sorted({config.base for config in known})
    changed = dict.fromkeys(key for config in known for key in config.changes)
    common: dict[str, Any] = {}
    differing: dict[str, list[Any]] = {}
    for key in dict.fromkeys([*(key for base in used for key in bases[base]), *changed]):
        of_bases = {base: bases[base].get(key) for base in used}
        if key in changed:
            column = [
                None if each is None else each.changes.get(key, of_bases[each.base])
                for each in configs
            ]
        elif _is_one(list(of_bases.values())):
            column = []
        else:
            column = [None if each is None else of_bases[each.base] for each in configs]
        values = [value for value, each in zip(column, configs, strict=False) if each is not None]
        if column and not _is_one(values):
            differing[key] = column
        else:
            common[key] = values[0] if values else next(iter(of_bases.values()))
    return Configs(nested(common), differing)


def _is_one(values: Sequence[Any]) -> bool:
    """Return whether all values are equal; true is not 1."""
    first = values[0]
    return all(value == first and type(value) is type(first) for value in values[1:])


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by dotted keys as a nested config."""
    top: dict[str, Any] = {}
    for key, value in values.items():
        *above, name = key.split(".", DEEPEST)
        node = top
        for part in above:
            below = node.setdefault(part, {})
            node = below if isinstance(below, dict) else node
        node[name] = value
    return top
