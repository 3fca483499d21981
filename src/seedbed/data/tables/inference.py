"""Inference of a table's schema from all of its rows, and of what the user says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from seedbed.config.overrides import PLAIN, columns_word, typed_word
from seedbed.data.tables.conforming import conformed
from seedbed.data.tables.dates import COMPACT, find_dates
from seedbed.data.tables.files.reading import RawTable
from seedbed.data.tables.kinds import (
    MOST_SAID_WORDS,
    Finding,
    boolean_words,
    find_kind,
    infinite_rows,
    stored_as,
)
from seedbed.data.tables.places import rows_text, value_text
from seedbed.data.tables.schema import INPUT_KINDS, KINDS, Column, Role, TableSchema
from seedbed.data.tables.targets import class_words, posed_task, require_targets
from seedbed.errors import ConfigError, listed, nearest
from seedbed.process.threads import for_each

# How most text files are written.
_USUAL = ("separated by comma, utf-8", "separated by tab, utf-8")
# The keys that name a column for a use of its own.
_ROLE_KEYS: dict[Role, str] = {"weight": "data.weight", "split": "data.split_by"}


def infer_schema(
    table: RawTable,
    targets: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    roles: Mapping[Role, str | None] | None = None,
    *,
    drop_missing: bool = False,
    needs_inputs: bool = True,
) -> TableSchema:
    """Return the schema of a table.

    Args:
        table: The table, read with the same `columns`.
        targets: Names of the targets; none: there is no task.
        columns: Kinds by name that the user says.
        roles: Names of the columns of the roles `weight` and `split`.
        drop_missing: Whether rows without a target are left out; else they are an error.
        needs_inputs: Whether some column must be left as an input.

    Raises:
        ConfigError: A name is unknown, a column cannot be used without a word of the user's, the
            targets pose no task, or nothing is left to learn from.
    """
    said = dict(columns or {})
    uses: dict[Role, str] = {role: name for role, name in (roles or {}).items() if name}
    _require_names(table, targets, said, uses)

    def finding(name: str) -> Finding:
        return _said(table, name, said[name]) if name in said else _found(table, name)

    names = table.frame.columns
    findings = dict(zip(names, for_each(finding, names, len(table.frame)), strict=True))
    roles_by_name: dict[str, Role] = dict.fromkeys(targets, "target")
    roles_by_name |= {name: role for role, name in uses.items() if name not in targets}
    schema = TableSchema(
        tuple(_column(table, name, findings[name], roles_by_name, said) for name in findings),
        len(table.frame),
        tuple(targets),
        notes=(*_dialect_note(table), *table.notes),
    )
    for column in schema.of_role("weight"):
        _require_weights(table, column.name)
    if targets:
        schema = _with_task(table, schema, drop_missing)
    _refuse_problems(table, schema, findings)
    for column in schema.of_role("input", "target"):
        if column.said and column.kind == "number":
            conformed(table, column)
    if needs_inputs and not schema.inputs:
        why = listed([f"{column.name} ({column.note or column.role})" for column in schema.columns])
        raise ConfigError(f"{table.source}: no column is left as an input: {why}")
    return schema


def _dialect_note(table: RawTable) -> tuple[str, ...]:
    """Return what to say of how a text file is written, where that is not as usual."""
    dialect = table.dialect
    if dialect is None or str(dialect) in _USUAL:
        return ()
    return (f"{table.path.name}: {dialect}",)


# ---- What the user says --------------------------------------------------------------------------


def _require_names(
    table: RawTable, targets: Sequence[str], said: Mapping[str, str], uses: Mapping[Role, str]
) -> None:
    """Raise ConfigError for a column that there is not, and a kind or a use that cannot be."""
    known = table.frame.columns
    named = [("data.target", name) for name in targets]
    named += [(_ROLE_KEYS[role], name) for role, name in uses.items()]
    named += [("data.columns", name) for name, kind in said.items() if kind != "ignore"]
    if table.format == "CSV":
        named += [("data.columns", name) for name, kind in said.items() if kind == "ignore"]
    for key, name in named:
        if name not in known:
            left_out = " (data.columns leaves it out)" if said.get(name) == "ignore" else ""
            raise ConfigError(
                f"{key}: no column '{name}'{left_out} in {table.path}."
                f"{_nearest_word(key, name, known)}\n"
                f"Columns: {listed(known)}"
            )
    for name, kind in said.items():
        if kind not in KINDS:
            raise ConfigError(
                f"data.columns: {name}: '{kind}' is no kind.{nearest(str(kind), KINDS)} "
                f"Kinds: {listed(KINDS)}"
            )
    twice = [name for place, name in enumerate(targets) if name in targets[:place]]
    if twice:
        raise ConfigError(f"data.target: '{twice[0]}' is named twice")
    if uses.get("weight") in targets:
        raise ConfigError(f"data.weight: '{uses['weight']}' is the target")


def _nearest_word(key: str, name: str, known: Sequence[str]) -> str:
    """Return the nearest column as `nearest` does, as it is typed where it must be in quotes."""
    near = nearest(name, known)
    column = near.removeprefix(" Did you mean '").removesuffix("'?")
    if not near or key == "data.columns" or PLAIN.fullmatch(column):
        return near
    return f" Did you mean {typed_word(key, column)}?"


def _found(table: RawTable, name: str) -> Finding:
    decimal = table.dialect.decimal if table.dialect else "."
    return find_kind(table.frame[name], table.where, decimal)


def _said(table: RawTable, name: str, kind: str) -> Finding:
    """Return a column as the kind that the user says; raise ConfigError where it cannot be that."""
    column = table.frame[name]
    values = stored_as(column)
    if kind in ("id", "ignore"):
        return Finding("id" if kind == "id" else "ignore", values, note="as data.columns says")
    if column.null_count() == len(column):
        raise ConfigError(f"data.columns: {name}: {kind}, but the column has no values")
    if kind == "number":
        return Finding("number", values)
    if kind == "category":
        return _said_category(table, column, values == "text")
    if kind == "boolean":
        return _said_boolean(column)
    return _said_date(table, column, kind)


def _said_category(table: RawTable, column: pl.Series, is_text: bool) -> Finding:
    different = column.n_unique()
    if different > MOST_SAID_WORDS:
        raise ConfigError(
            f"data.columns: {column.name}: category, but it has {different:,} different words; at "
            f"most {MOST_SAID_WORDS:,} are a category"
        )
    return Finding("category", "text" if is_text else stored_as(column))


def _said_boolean(column: pl.Series) -> Finding:
    values = stored_as(column)
    if values == "boolean":
        return Finding("boolean", values)
    named = Column(column.name, "category", values=values)
    words = class_words(column, named).drop_nulls().unique()
    booleans = boolean_words(words)
    if not booleans:
        shown = listed(map(value_text, words.sort().to_list()), 4)
        raise ConfigError(
            f"data.columns: {column.name}: boolean, but it holds {shown}; "
            "booleans are true/false, yes/no, t/f, y/n, on/off or 1/0. A category may be anything"
        )
    return Finding("boolean", values, words=booleans)


def _said_date(table: RawTable, column: pl.Series, kind: str) -> Finding:
    values = stored_as(column)
    if kind == "date" and values in ("date", "datetime"):
        return Finding("date", values)
    if kind == "time" and values == "time":
        return Finding("time", values)
    dated = None
    if values == "text":
        words = column.drop_nulls().unique()
        if kind == "date" and words.str.contains(r"^\d{8}$").all():
            return Finding("date", "date", COMPACT)
        dated = find_dates(words)
    if dated is None or (dated.values == "time") != (kind == "time"):
        example = value_text(column.drop_nulls()[0])
        raise ConfigError(
            f"data.columns: {column.name}: {kind}, but '{example}' is none; such as 2026-11-26, "
            "26.11.2026 or 2026-11-26 14:30 (a time: 14:30)"
        )
    return Finding(
        "time" if kind == "time" else "date", dated.values, dated.format, note=dated.note
    )


# ---- The schema ----------------------------------------------------------------------------------


def _column(
    table: RawTable,
    name: str,
    finding: Finding,
    roles: Mapping[str, Role],
    said: Mapping[str, str],
) -> Column:
    left_out = finding.kind in ("id", "ignore")
    role: Role = roles.get(name, "left_out" if left_out else "input")
    return Column(
        name,
        finding.kind,
        role,
        finding.values,
        finding.format,
        finding.words,
        table.frame[name].null_count(),
        finding.note,
        name in said,
    )


def _with_task(table: RawTable, schema: TableSchema, drop_missing: bool) -> TableSchema:
    targets = [schema.column(name) for name in schema.targets]
    posed = posed_task(table, targets)
    note = require_targets(table, targets, drop_missing)
    changed = {column.name: column for column in posed.columns}
    return replace(
        schema,
        columns=tuple(changed.get(column.name, column) for column in schema.columns),
        task=posed.task,
        class_names=posed.class_names,
        notes=(*schema.notes, *filter(None, (posed.note, note))),
    )


def _require_weights(table: RawTable, name: str) -> None:
    """Raise ConfigError where sample weights are no numbers from 0 on, or are missing."""
    column = table.frame[name]
    where = f"{table.source}: the weights '{name}'"
    if not column.dtype.is_numeric():
        example = next(iter(column.drop_nulls()), "")
        raise ConfigError(f"{where} are no numbers, but such as '{value_text(example)}'")
    for rows, what in (
        (column.is_null().arg_true(), "are missing"),
        ((column < 0).fill_null(False).arg_true(), "are negative"),
        (infinite_rows(column), "are infinite"),
    ):
        if len(rows):
            raise ConfigError(f"{where} {what} in {rows_text(rows, table.where)}")
    if not column.sum():
        raise ConfigError(f"{where} are all 0")


def _refuse_problems(table: RawTable, schema: TableSchema, findings: Mapping[str, Finding]) -> None:
    """Raise ConfigError for the columns that cannot be used as they are, unless they are not."""
    wrong = [
        column for column in schema.of_role("input", "target") if findings[column.name].problem
    ]
    if not wrong:
        return
    first, *also = wrong
    finding = findings[first.name]
    ways = [kind for kind in finding.ways if kind in INPUT_KINDS or first.role == "input"]
    does = "leaves it out" if ways == ["ignore"] else "says what it is"
    others = f" (or {', '.join(ways[1:])})" if ways[1:] else ""
    say = f"; {columns_word(first.name, ways[0])}{others} {does}" if ways else ""
    more = listed([f"'{column.name}'" for column in also], 5)
    raise ConfigError(
        f"{table.source}: column '{first.name}': {finding.problem}{say}"
        + (f"\nSuch columns are also {more}" if also else "")
    )
