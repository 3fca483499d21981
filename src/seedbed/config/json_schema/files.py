"""JSON Schemas of YAML files: of the options of each group, and of the configs of the verbs.

A node is checked by the dataclass of the class that it names in `_target_`, or else of the option
that the file's `defaults` say. One of the user's own class is open.
"""

import json
from collections.abc import Mapping
from typing import Any

from seedbed.config import groups
from seedbed.config.json_schema.options import (
    OF_ONE_CLASS,
    OPEN,
    definitions,
    node_schema,
    object_schema,
)
from seedbed.config.json_schema.values import JsonSchema
from seedbed.config.schema.store import GROUP_OF_ENTRIES, ROOTS, SCHEMAS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERBS = tuple(ROOTS)
# Of a group without dataclasses, and of the verb whose config presets change.
OF_PRESETS = {"experiment": "train", "debug": "train"}
GROUPS = (*(group for group in groups.LISTED if group not in OF_PRESETS), "paths", "hydra")
PROJECT = "project"
# The name of a schema that nobody has to know where it stands.
_TITLE = "Seedbed: {}"


def file_schemas() -> dict[str, JsonSchema]:
    """Return the schemas of all YAML files by the names of their own files, such as `optimizer`.

    Those of the verbs refer to those of the groups, which lie beside them.
    """
    of_groups = {group: option_file_schema(group) for group in GROUPS}
    of_verbs = {verb: verb_schema(verb, _beside) for verb in VERBS}
    return {**of_groups, **of_verbs, PROJECT: project_schema()}


def schema_text(schema: JsonSchema, indent: int = 1) -> str:
    """Return a schema as it stands in a file."""
    return json.dumps(schema, indent=indent, ensure_ascii=False) + "\n"


def _beside(group: str, name: str) -> str:
    return f"{group}.json#/$defs/{name}"


def project_schema() -> JsonSchema:
    """Return the schema of a project file, `seedbed.yaml`."""
    texts = {"type": "array", "items": {"type": "string"}}
    return {
        "$schema": DIALECT,
        "title": _TITLE.format("a project file"),
        "type": ["object", "null"],
        "properties": {
            "config_dir": {"description": "folder of your configs, beside it", "type": "string"},
            "trust": {"description": "your modules, for all that may be a stranger's", **texts},
            "defaults": {"description": "overrides that come before those you type", **texts},
        },
        "additionalProperties": False,
    }


def whole_schema(verb: str) -> JsonSchema:
    """Return the schema of the config of a verb with all that it refers to."""

    def inside(group: str, name: str) -> str:
        return f"#/$defs/{group}.{name}"

    schema = verb_schema(verb, inside)
    holders = {GROUP_OF_ENTRIES.get(name, name) for name in schema["properties"]}
    named = {
        f"{group}.{name}": content
        for group in SCHEMAS
        if group in holders
        for name, content in definitions(group).items()
    }
    return {**schema, "$defs": named}


# ---- Options of a group --------------------------------------------------------------------------


def option_file_schema(group: str) -> JsonSchema:
    """Return the schema of a file of an option of a group, with all that it refers to."""
    head = {"$schema": DIALECT, "title": _TITLE.format(f"an option of {group}")}
    if (entries := GROUP_OF_ENTRIES.get(group)) is not None:
        named = definitions(entries)
        entry = node_schema(entries, {name: f"#/$defs/{name}" for name in named})
        keys = {"properties": {"defaults": _defaults()}, "additionalProperties": entry}
        return {**head, "type": "object", **keys, "$defs": named}
    if group not in SCHEMAS:
        return {**head, "type": "object", "properties": {"defaults": _defaults()}}
    named = definitions(group)
    to = {name: f"#/$defs/{name}" for name in named}
    # A file has the key `defaults` besides.
    with_defaults = {
        name: {**content, "properties": {"defaults": _defaults(), **content["properties"]}}
        for name, content in named.items()
    }
    return {
        **head,
        **node_schema(group, to),
        "allOf": [*node_schema(group, to).get("allOf", ()), *_by_base(group, to)],
        "$defs": with_defaults,
    }


def _by_base(group: str, to: Mapping[str, str]) -> list[JsonSchema]:
    """Return what holds for a file without a `_target_`: that of what it builds on.

    One that builds on nothing, as files that others build on, may have any of the known keys.
    """
    without = {"not": {"required": ["_target_"]}}
    rules: list[JsonSchema] = [
        {
            "if": {**without, **_has_default({"enum": [name, f"/schema/{group}/{name}@_here_"]})},
            "then": {"$ref": to[name]},
        }
        for name in SCHEMAS[group]
    ]
    nothing = {"not": {"anyOf": [{"required": ["_target_"]}, {"required": ["defaults"]}]}}
    return [*rules, {"if": nothing, "then": {"$ref": to["any"]}}]


def _has_default(entry: JsonSchema) -> JsonSchema:
    """Return the schema of a file whose `defaults` have an entry of a schema."""
    return {"required": ["defaults"], "properties": {"defaults": {"contains": entry}}}


def _defaults(named: JsonSchema | None = None) -> JsonSchema:
    return {
        "description": "what the file builds on, and the options of other groups that it picks",
        "type": "array",
        "items": {"type": ["string", "object"], **(named or {})},
    }


# ---- Configs of the verbs ------------------------------------------------------------------------


def verb_schema(verb: str, to: Any) -> JsonSchema:
    """Return the schema of the config of a verb, and of the files that change it.

    Args:
        verb: the verb.
        to: returns the reference to the definition of an option, by its group and name.
    """
    schema = object_schema(ROOTS[verb])
    holders = [name for name in schema["properties"] if _is_group(name)]
    properties = {**schema["properties"], "defaults": _defaults(_choices(holders)), "hydra": OPEN}
    for name in holders:
        if name in GROUP_OF_ENTRIES:
            group = GROUP_OF_ENTRIES[name]
            entry = node_schema(group, {option: to(group, option) for option in _named(group)})
            node: JsonSchema = {"type": ["object", "null"], "additionalProperties": entry}
        elif name in SCHEMAS:
            node = node_schema(name, {option: to(name, option) for option in _named(name)})
        else:
            node = OPEN
        properties[name] = {**node, "description": schema["properties"][name]["description"]}
    rules = [rule for name in holders for rule in _by_choice(name, to)]
    title = _TITLE.format(f"the config of seedbed {verb}")
    return {
        "$schema": DIALECT,
        "title": title,
        **schema,
        "properties": properties,
        **({"allOf": rules} if rules else {}),
    }


def _is_group(name: str) -> bool:
    return name in SCHEMAS or name in GROUPS


def _named(group: str) -> tuple[str, ...]:
    return (*SCHEMAS.get(group, {}), "any")


def _choices(holders: list[str]) -> JsonSchema:
    """Return the schema of the entries of a defaults list that pick an option of a group."""
    named = {
        f"override /{group}": {"anyOf": [{"enum": [*groups.options(group)]}, {}]}
        for group in holders
    }
    return {"properties": named}


def _by_choice(group: str, to: Any) -> list[JsonSchema]:
    """Return what holds for a group's node without a `_target_`: that of the option that is picked.

    Where none is picked it may have any of the known keys; where one is that is not shipped,
    or where a preset of the user's may pick it, nothing is known.
    """
    if group in (*GROUP_OF_ENTRIES, *OF_ONE_CLASS) or group not in SCHEMAS:
        return []
    pick = f"override /{group}"
    # The node is there, and does not say whose it is.
    without = {
        "required": [group],
        "properties": {group: {"type": "object", "not": {"required": ["_target_"]}}},
    }
    rules = [
        {
            "if": {"allOf": [without, _has_default(_entry(pick, name))]},
            "then": {"properties": {group: {"$ref": to(group, name)}}},
        }
        for name in SCHEMAS[group]
    ]
    picked = {"type": "object", "required": [pick]}
    preset = {"type": "string", "not": {"enum": ["_self_", "schema/train@_here_"]}}
    unknown = {"anyOf": [_has_default(picked), _has_default(preset)]}
    otherwise = {
        "if": {"allOf": [without, {"not": unknown}]},
        "then": {"properties": {group: {"$ref": to(group, "any")}}},
    }
    return [*rules, otherwise]


def _entry(key: str, value: str) -> JsonSchema:
    return {"type": "object", "required": [key], "properties": {key: {"const": value}}}
