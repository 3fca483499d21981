"""JSON Schema of a key: from the type, the meaning and the limits of its dataclass field."""

from dataclasses import MISSING as NO_DEFAULT
from dataclasses import Field
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from omegaconf import MISSING

from seedbed.config.schema.field import Schema

JsonSchema = dict[str, Any]

# A text in the place of any value: an interpolation, or that the value is to be given.
TEXT_INSTEAD = r"\$\{|^\?\?\?$"
_KINDS = {bool: "boolean", int: "integer", float: "number"}
# What editors say of another text.
_NEEDED = {
    "boolean": "true or false is needed",
    "integer": "a whole number is needed",
    "number": "a number is needed",
    "array": "a list is needed",
    "object": "a mapping is needed",
}
_LIMITS = {
    "at_least": "minimum",
    "above": "exclusiveMinimum",
    "at_most": "maximum",
    "below": "exclusiveMaximum",
}


def key_schema(field: "Field[Any]") -> JsonSchema:
    """Return the schema of a key: what it may be, its meaning and its default."""
    schema = {"description": field.metadata["meaning"], **_of_field(field)}
    default = _default(field)
    return schema if default is NO_DEFAULT else {**schema, "default": default}


def _of_field(field: "Field[Any]") -> JsonSchema:
    optional, kind = _parted(field.type)
    limits = field.metadata
    if get_origin(kind) is list:
        [inner] = get_args(kind)
        items = _of_value(inner, limits)
        return {**_kind("array", optional), "items": items}
    if get_origin(kind) is dict:
        return _kind("object", optional)
    if kind is Any:
        return _of_any(limits)
    schema = _of_value(kind, limits)
    if optional and "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {**schema, "type": [*schema["type"], "null"]} if optional else schema


def _parted(kind: Any) -> tuple[bool, Any]:
    """Return whether a type may be None, and what it is else."""
    if get_origin(kind) in (Union, UnionType):
        kinds = [each for each in get_args(kind) if each is not NoneType]
        return len(kinds) < len(get_args(kind)), kinds[0]
    return False, kind


def _kind(kind: str, optional: bool = False) -> JsonSchema:
    """Return the schema of a type of JSON, of null, and of a text in its place."""
    return {
        "type": [kind, "string", *["null"] * optional],
        "pattern": TEXT_INSTEAD,
        "patternErrorMessage": f"{_NEEDED[kind]}, or an interpolation such as ${{seed}}",
    }


def _of_value(kind: Any, limits: Any) -> JsonSchema:
    """Return the schema of a value that is no list."""
    if limits["one_of"]:
        return {"anyOf": [{"enum": list(limits["one_of"])}, _instead()]}
    if kind is str:  # Texts are made of numbers, too.
        longest = limits["most_letters"]
        letters = {"maxLength": longest} if longest else {}
        return {"type": ["string", "number", "boolean"], **letters}
    if kind not in _KINDS:
        return {}
    bounds = {_LIMITS[name]: limits[name] for name in _LIMITS if limits[name] is not None}
    return {**_kind(_KINDS[kind]), **bounds}


def _of_any(limits: Any) -> JsonSchema:
    """Return the schema of a key that takes several kinds; its meaning says which."""
    if not limits["one_of"]:
        return {}
    words: JsonSchema = {"enum": list(limits["one_of"])}
    several = {"type": "array", "items": words}
    own = [{"type": "object", "required": ["_target_"]}] if limits["own_class"] else [several]
    return {"anyOf": [words, *own, _instead(), {"type": "null"}]}


def _instead() -> JsonSchema:
    return {"type": "string", "pattern": TEXT_INSTEAD}


def _default(field: "Field[Any]") -> Any:
    """Return the default of a key as plain values; NO_DEFAULT where it has none."""
    if field.default is not NO_DEFAULT:
        return NO_DEFAULT if field.default == MISSING else field.default
    if field.default_factory is NO_DEFAULT:
        return NO_DEFAULT
    value = field.default_factory()
    return NO_DEFAULT if isinstance(value, Schema) else value
