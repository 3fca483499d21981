"""Reference pages of the documentation, from the schema, the configs and the verbs' own help.

Run by mkdocs-gen-files when the site is built (`make docs`); the pages are in no folder.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import mkdocs_gen_files
import yaml

import seedbed
from seedbed.cli.main import VERBS
from seedbed.config.groups import LISTED, config_folder, description, options
from seedbed.config.schema.field import Schema
from seedbed.config.schema.store import GROUP_OF_ENTRIES, ROOTS, SCHEMAS

COLUMNS = ("key", "meaning", "type", "default", "accepted")
# Classes that code of the user's builds on.
OWN_CODE = {
    "seedbed.data.in_memory.InMemoryData": "load",
    "seedbed.data.in_memory.Source": "",
    "seedbed.data.table.Table": "",
}
# Keys that one option has by several schemas, as `trainer=cpu` and `trainer=ddp` share one.
SHARED = {"trainer": "trainer", "callbacks": None, "paths": "paths"}


def main() -> None:
    """Write all pages."""
    write("commands", commands_page())
    write("python", python_page())
    write("config", config_page())
    for group in LISTED:
        write(f"config/{group}", group_page(group))


def write(name: str, text: str) -> None:
    """Write one page of the reference."""
    with mkdocs_gen_files.open(f"reference/{name}.md", "w") as page:
        page.write(text)


def commands_page() -> str:
    """Return the page of the verbs, each as its `--help` has it."""
    parts = ["# Command line", "", "```text", printed("--help").rstrip(), "```", ""]
    for verb, meaning in VERBS.items():
        parts += [f"## seedbed {verb}", "", f"{meaning[0].upper()}{meaning[1:]}.", ""]
        for more in ("", "runs", "sweeps") if verb == "list" else ("",):
            heading = [f"### seedbed {verb} {more}", ""] if more else []
            text = printed(verb, *[more] * bool(more), "--help").rstrip()
            parts += [*heading, "```text", text, "```", ""]
    return "\n".join(parts)


def printed(*words: str) -> str:
    """Return what a command prints."""
    command = [sys.executable, "-P", "-m", "seedbed", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def python_page() -> str:
    """Return the page of what `import seedbed` gives, and of what code of the user's builds on."""
    lines = [
        "# Python",
        "",
        "What `import seedbed` gives; torch is imported where it is needed.",
        "",
    ]
    for name in sorted(seedbed.__all__, key=lambda name: (name[0].isupper(), name)):
        if not name.startswith("_"):
            place = f"{getattr(seedbed, name).__module__}.{name}"
            lines += [f"::: {place}", f"    options: {{heading: seedbed.{name}}}", ""]
    lines += ["## For data of your own", ""]
    for place, members in OWN_CODE.items():
        heading = place.rpartition(".")[2]
        shown = f"heading: seedbed.data.{heading}, heading_level: 3, members: [{members}]"
        lines += [f"::: {place}", f"    options: {{{shown}}}", ""]
    return "\n".join(lines)


def config_page() -> str:
    """Return the page of the groups and of the keys that belong to none."""
    lines = ["# Config", "", "Choose an option of a group with `group=option`, change a key with"]
    lines += ["`key=value`. `seedbed train ... --cfg job` prints what is composed.", ""]
    lines += ["| group | holds | options |", "|---|---|---|"]
    for group, meaning in LISTED.items():
        names = ", ".join(f"`{name}`" for name in options(group))
        lines.append(f"| [`{group}`](config/{group}.md) | {cell(meaning)} | {names} |")
    for verb, root in ROOTS.items():
        lines += ["", f"## Keys of seedbed {verb}", ""]
        lines += key_table(root, contents(config_folder() / f"{verb}.yaml"))
    return "\n".join(lines) + "\n"


def group_page(group: str) -> str:
    """Return the page of a group: its options with their keys, and their YAML."""
    lines = [f"# {group}", "", f"{LISTED[group][0].upper()}{LISTED[group][1:]}.", ""]
    for option in options(group):
        file = config_folder() / group / f"{option}.yaml"
        lines += [f"## {option}", "", description(file), ""]
        schema = SCHEMAS.get(group, {}).get(SHARED.get(group) or option)
        if schema is not None:
            # An entry of a group of several has a name that the user gives it.
            prefix = "" if group in GROUP_OF_ENTRIES.values() else f"{group}."
            lines += [*key_table(schema, contents(file), prefix), ""]
        lines += [f'??? note "configs/{group}/{option}.yaml"', "", "    ```yaml"]
        lines += [f"    {line}".rstrip() for line in file.read_text(encoding="utf-8").splitlines()]
        lines += ["    ```", ""]
    return "\n".join(lines)


def contents(file: Path) -> Mapping[str, Any]:
    """Return the keys that a YAML file sets."""
    read: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return read


def key_table(schema: type[Schema], given: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the lines of the table of a dataclass's keys; `given` are values of the YAML."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    rows = keys_of(schema, given, prefix)
    return lines + ["| " + " | ".join(map(cell, row)) + " |" for row in rows]


def keys_of(
    schema: type[Schema], given: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, ...]]:
    """Yield a row a key, those of nested dataclasses under their full names."""
    for field in fields(schema):
        name = f"{prefix}{field.name}"
        value = given.get(field.name, MISSING)
        if is_dataclass(field.type) and name not in LISTED:
            nested = value if isinstance(value, Mapping) else {}
            yield from keys_of(field.type, nested, f"{name}.")  # type: ignore[arg-type]
        elif "meaning" in field.metadata and name not in LISTED:
            yield (
                f"`{name}`",
                field.metadata["meaning"],
                type_text(field.type),
                f"`{default_text(field, value)}`",
                limits(field),
            )


def default_text(field: "Field[Any]", value: object) -> str:
    """Return the default as YAML has it: what the file says, else what the dataclass does."""
    if value is MISSING:
        factory = field.default_factory
        value = field.default if factory is MISSING else factory()
    if value == "???":
        return "needed"
    if not isinstance(value, str | int | float | bool | list | dict | None):
        return str(value)
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("...").strip()


def type_text(kind: Any) -> str:
    """Return a type in plain words."""
    words = {
        int: "integer",
        float: "number",
        bool: "true or false",
        str: "text",
        type(None): "null",
    }
    if kind in words:
        return words[kind]
    parts = get_args(kind)
    if type(None) in parts:
        others = [type_text(part) for part in parts if part is not type(None)]
        return ", ".join([*others, "null"])
    name = getattr(kind, "__name__", str(kind)).lower()
    return {"list": "list", "dict": "mapping", "any": "any"}.get(name, name)


def limits(field: "Field[Any]") -> str:
    """Return the limits that hold for a key."""
    facts = field.metadata
    if facts.get("one_of"):
        return ", ".join(f"`{word}`" for word in facts["one_of"])
    bounds = {"at least": "at_least", "above": "above", "at most": "at_most", "below": "below"}
    parts = [
        f"{words} {facts[name]:g}" for words, name in bounds.items() if facts.get(name) is not None
    ]
    return ", ".join(parts)


def cell(text: str) -> str:
    """Return a text for a cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


main()
