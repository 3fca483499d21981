"""Schema and preparation of a run as it has stored them, which anybody may have written."""

from collections.abc import Mapping
from typing import Any

from seedbed.data.preparation.features import Feature, Flag, Missing, Number, Words
from seedbed.data.preparation.preparation import Preparation
from seedbed.data.tables import TableSchema, from_plain
from seedbed.data.tables.schema import to_plain
from seedbed.errors import RunFolderError


def to_store(schema: TableSchema, fitted: Preparation) -> dict[str, Any]:
    """Return what a run stores, as plain values."""
    return {"schema": to_plain(schema), "fitted": fitted.to_plain()}


def from_store(plain: Mapping[str, Any], source: object) -> tuple[TableSchema, Preparation]:
    """Return what a run has stored.

    Raises:
        RunFolderError: It is something else, or the two do not go together.
    """
    schema = from_plain(plain.get("schema"), f"{source}: schema")
    fitted = Preparation.from_plain(plain.get("fitted"), f"{source}: fitted")
    kinds = {column.name: column.kind for column in schema.inputs}
    for feature in fitted.inputs:
        if kinds.get(feature.column) not in _kinds_of(feature):
            raise RunFolderError(
                f"{source}: its schema has no input '{feature.column}' that is a "
                f"{' or '.join(_kinds_of(feature))}"
            )
    for column in schema.columns:
        if column.kind == "boolean" and len(column.words) not in (0, 2):
            raise RunFolderError(f"{source}: schema: '{column.name}' is not of two words")
    named = {column.name for column in schema.of_role("target")}
    same = [target.column for target in fitted.targets] == list(schema.targets)
    same &= named == set(schema.targets) and fitted.class_names == list(schema.class_names)
    if not same:
        raise RunFolderError(f"{source}: its schema and what was fitted have other targets")
    return schema, fitted


def _kinds_of(feature: Feature) -> tuple[str, ...]:
    """Return the kinds of the columns that a feature may be made of."""
    if isinstance(feature, Number):
        return {"": ("number",), "hour": ("date", "time")}.get(feature.part, ("date",))
    kinds: dict[type, tuple[str, ...]] = {
        Flag: ("boolean",),
        Words: ("category",),
        Missing: ("number", "category", "boolean", "date", "time"),
    }
    return kinds[type(feature)]
