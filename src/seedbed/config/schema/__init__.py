"""Schema of the config: a dataclass for each option, a line of meaning for each key."""

from seedbed.config.schema.field import key, schema_of, shipped_schema_of
from seedbed.config.schema.store import register_schema, schema_targets, typed

__all__ = ["key", "register_schema", "schema_of", "schema_targets", "shipped_schema_of", "typed"]
