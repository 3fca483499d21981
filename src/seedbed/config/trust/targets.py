"""What the values of a config name to be made: `_target_` at any depth, and classes of logging."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

# Keys by which Python's logging is told what to make, and the prefix of a name that it imports.
_LOGGING_KEYS = ("class", "()")
_IMPORTED = "ext://"


class Target(NamedTuple):
    """Name of what is to be made, and the full key that holds it."""

    key: str
    name: str


def targets(node: Any, prefix: str = "", logging: bool = False) -> Iterator[Target]:
    """Yield what a node of plain values, or of dataclasses, names; `logging` is told of such nodes.

    `prefix` is the key of the node with a dot at its end.
    """
    if is_dataclass(node) and not isinstance(node, type):
        node = {field.name: getattr(node, field.name) for field in fields(node)}
    if isinstance(node, dict):
        for key, value in node.items():
            full_key = f"{prefix}{key}"
            named = key in ("_target_", "_args_") or (logging and key in _LOGGING_KEYS)
            if named and isinstance(value, str) and value != "???":
                yield Target(full_key, value)
            elif named and key == "_target_" and value is not None and not isinstance(value, str):
                yield Target(full_key, str(value))
            below = logging or key in ("job_logging", "hydra_logging")
            yield from targets(value, f"{full_key}.", below)
    elif isinstance(node, list | tuple):
        for number, value in enumerate(node):
            yield from targets(value, f"{prefix}{number}.", logging)
    elif logging and isinstance(node, str) and node.startswith(_IMPORTED):
        yield Target(prefix.rstrip("."), node.removeprefix(_IMPORTED))


def hidden_interpolation(node: Any, prefix: str = "") -> Target | None:
    """Return a text of resolved values that holds an interpolation nevertheless, with its key.

    It would be resolved when the node is made, after the check.
    """
    if is_dataclass(node) and not isinstance(node, type):
        node = {field.name: getattr(node, field.name) for field in fields(node)}
    if isinstance(node, str):
        return Target(prefix.rstrip("."), node) if "${" in node else None
    if isinstance(node, dict | list | tuple):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in items:
            if "${" in str(key):
                return Target(f"{prefix}{key}", str(key))
            if (hidden := hidden_interpolation(value, f"{prefix}{key}.")) is not None:
                return hidden
    return None
