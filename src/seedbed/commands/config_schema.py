"""`seedbed config-schema [NAME]`: JSON Schemas of the config, for editors and scripts."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedbed.commands.arguments import parse_arguments
from seedbed.config.groups import COMPOSES
from seedbed.config.schema.field import key
from seedbed.documents import answer
from seedbed.errors import ConfigError, listed, nearest
from seedbed.files import write_atomically

USAGE = """config-schema [VERB|GROUP|project]

Print the JSON Schema of the whole config of a verb (train, where none is named), of the YAML file
of an option of a group, or of a project file: the keys with meaning, type, limits and default.

  seedbed config-schema                            of a config of seedbed train, and of presets
  seedbed config-schema predict                    of a config of seedbed predict
  seedbed config-schema optimizer                  of a file such as mine/optimizer/lion.yaml
  seedbed config-schema folder=mine/schemas        all of them, into a folder for your editor

A YAML file says which is its own by a comment that editors with the YAML language server read, such
as `# yaml-language-server: $schema=../schemas/optimizer.json`; then keys are completed and checked.
"""


@dataclass(frozen=True)
class Keys:
    """Keys of `seedbed config-schema`."""

    folder: str | None = key(
        "folder to write them into, each in a file; those that are there are written anew; null: "
        "none",
        None,
    )


def config_schema(arguments: Sequence[str]) -> int:
    """Print a schema, or write all of them into a folder."""
    names, keys = parse_arguments(USAGE, Keys, arguments)
    # It imports OmegaConf, which the help need not wait for.
    from seedbed.config.json_schema.files import file_schemas, schema_text

    if len(names) > 1:
        raise ConfigError(f"config-schema: {len(names)} names, and one is taken: {listed(names)}")
    if keys.folder is None:
        schema = _schema(names[0] if names else "train")
        if not answer.asked():
            print(schema_text(schema, indent=2), end="")
        answer.give(schema)
        return 0
    if names:
        raise ConfigError(f"folder={keys.folder}: takes all schemas; leave '{names[0]}' or it out")
    schemas = file_schemas()
    files = _write(Path(keys.folder), {n: schema_text(each) for n, each in schemas.items()})
    if answer.asked():
        from seedbed.documents.projects import Schemas

        answer.give(Schemas(folder=keys.folder, files=files))
    print(f"{len(files)} schemas written to {keys.folder}")
    return 0


def _schema(name: str) -> dict[str, Any]:
    from seedbed.config.json_schema.files import VERBS, file_schemas, whole_schema

    if (verb := COMPOSES.get(name, name)) in VERBS:
        return whole_schema(verb)
    schemas = file_schemas()
    if name not in schemas:
        known = [*VERBS, *(each for each in schemas if each not in VERBS)]
        hint = nearest(name, known)
        raise ConfigError(
            f"config-schema {name}: no verb and no group.{hint}\nKnown: {listed(known, 40)}"
        )
    return schemas[name]


def _write(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """Write the schemas; raise ConfigError where something else has the name of one."""
    for name in texts:
        file = folder / f"{name}.json"
        if os.path.lexists(file) and not _is_ours(file):
            raise ConfigError(f"folder={folder}: {file} is no schema of Seedbed's; move it away")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_atomically(folder / f"{name}.json", text.encode())
    return [str(folder / f"{name}.json") for name in texts]


def _is_ours(file: Path) -> bool:
    """Return whether a file is a schema that was written here."""
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as opened:
        return b'"title": "Seedbed: ' in opened.read(500)
