"""The dataclass of a config node, which says what the node may hold and how it behaves."""

from typing import Any

from omegaconf import DictConfig, OmegaConf


def schema_of(node: Any) -> type | None:
    """Return the dataclass that types a config node, or None for a user's own untyped node."""
    if not isinstance(node, DictConfig):
        return None
    found = OmegaConf.get_type(node)
    return found if found is not dict and hasattr(found, "__dataclass_fields__") else None


def shipped_schema_of(node: Any) -> type | None:
    """Return the dataclass of a node that names the dataclass's own class in `_target_`.

    Another class under the same keys may behave in any way, so nothing is known of such a node.
    """
    schema = schema_of(node)
    if schema is None or node.get("_target_") != getattr(schema, "_target_", None):
        return None
    return schema
