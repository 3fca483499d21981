"""JSON Schemas of the options of a group, and of its node in a config."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from inspect import getdoc
from typing import Any

from omegaconf import MISSING

from seedbed.config.json_schema.values import JsonSchema, key_schema
from seedbed.config.schema.field import Schema
from seedbed.config.schema.store import SCHEMAS

# Where the options of any class of the user's are: anything goes.
OPEN: JsonSchema = {"type": ["object", "null"]}
# Groups whose options differ in values alone: one dataclass types them all.
OF_ONE_CLASS = ("trainer", "paths")


def object_schema(schema: type[Schema]) -> JsonSchema:
    """Return the schema of a node that a dataclass types; of a class of the user's it is open."""
    named = dict(_properties(schema))
    names_class = "_target_" in named and getattr(schema, "_target_", MISSING) == MISSING
    closed = {} if names_class else {"additionalProperties": False}
    return {
        "description": (getdoc(schema) or "").partition("\n\n")[0].replace("\n", " "),
        "type": "object",
        "properties": named,
        **closed,
    }


def _properties(schema: type[Schema]) -> Iterator[tuple[str, JsonSchema]]:
    for field in fields(schema):
        if isinstance(field.type, type) and issubclass(field.type, Schema):
            meaning = field.metadata["meaning"]
            yield field.name, {**object_schema(field.type), "description": meaning}
        else:
            yield field.name, key_schema(field)


def definitions(group: str) -> dict[str, JsonSchema]:
    """Return the schemas of the options of a group by their names.

    `any` is that of a node of which nobody says whose it is: it may have the keys of all options.
    """
    options = {name: object_schema(node) for name, node in SCHEMAS.get(group, {}).items()}
    return {**options, "any": _any(list(options.values()))} if options else {}


def _any(options: list[JsonSchema]) -> JsonSchema:
    """Return the schema of a node that has the keys of some of the options, with their values."""
    kinds: dict[str, list[JsonSchema]] = {}
    for option in options:
        for name, schema in option["properties"].items():
            plain = {key: value for key, value in schema.items() if key != "default"}
            known = kinds.setdefault(name, [])
            if plain not in known:
                known.append(plain)
    named = {name: known[0] if len(known) == 1 else _either(known) for name, known in kinds.items()}
    named.pop("_target_", None)
    return {"type": "object", "properties": named, "additionalProperties": False}


def _either(known: list[JsonSchema]) -> JsonSchema:
    return {"description": known[0].get("description", ""), "anyOf": known}


def node_schema(group: str, to: Mapping[str, str]) -> JsonSchema:
    """Return the schema of a group's node that says by `_target_` whose it is.

    Args:
        group: the group.
        to: references to the definitions of the group by the names of the options.
    """
    if group in OF_ONE_CLASS:
        return {"$ref": to[group]}
    targets = {
        name: getattr(node, "_target_", MISSING) for name, node in SCHEMAS.get(group, {}).items()
    }
    by_target: dict[Any, str] = {
        target: name for name, target in targets.items() if target != MISSING
    }
    known = [target for target in by_target if target is not None]
    return {
        "type": ["object", "null"],
        "properties": {
            "_target_": {
                "description": f"class of the {group}: one of Seedbed's, or of yours",
                "type": ["string", "null"],
                "examples": known,
            }
        },
        "allOf": [
            {
                "if": {"properties": {"_target_": {"const": target}}, "required": ["_target_"]},
                "then": {"$ref": to[name]},
            }
            for target, name in by_target.items()
        ],
    }
