"""Schema of the config: a dataclass for each option, a line of meaning for each key."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.config.schema.field import key, schema_of, shipped_schema_of
    from seedbed.config.schema.store import register_schema, schema_targets, typed

__all__ = ["key", "register_schema", "schema_of", "schema_targets", "shipped_schema_of", "typed"]

_MODULES = {
    **dict.fromkeys(("key", "schema_of", "shipped_schema_of"), "field"),
    **dict.fromkeys(("register_schema", "schema_targets", "typed"), "store"),
}


def __getattr__(name: str) -> Any:
    # Only when asked for: verbs that compose no config declare keys without all the dataclasses.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
