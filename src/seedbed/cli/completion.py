"""Tab completion of the last word of a command line.

Composes nothing and imports neither torch nor Hydra: keys and their values come from the schema,
options from the folders of configs, runs and sweeps from the outputs.
"""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import Field, fields
from glob import escape, glob
from itertools import chain
from pathlib import Path
from pkgutil import resolve_name
from types import NoneType
from typing import Any, get_args

from seedbed.cli.column_names import COLUMN_KEYS, column_names
from seedbed.config import groups
from seedbed.config.overrides import with_options_of_classes
from seedbed.config.project import (
    CONFIG_DIR,
    Project,
    find_project,
    key_of,
    named_config_folder,
    value_of,
)
from seedbed.documents.answer import FLAG
from seedbed.errors import SeedbedError

FLAGS = {
    "--cfg": ["job", "hydra", "all"],
    "--config-dir": [],
    "--config-name": [],
    "--help": [],
    "--hydra-help": [],
    FLAG: [],
    "--info": ["all", "config", "defaults", "defaults-tree", "plugins", "searchpath"],
    "--multirun": [],
    "--package": [],
    "--resolve": [],
}
# Keys whose value is a file of the user's.
FILES = ("input", "output", "sweep.table", "data.file", "data.val_file", "data.test_file")
FOLDERS = ("paths.data", "paths.outputs", "data.folder", "hydra.run.dir", "hydra.sweep.dir")
# What `seedbed list` prints that is no group, and its keys.
OF_LIST = {"runs": "runs.list:Keys", "sweeps": "runs.list:KeysOfSweeps"}
# The verbs whose folders may be latest, and of what.
_NEWEST = {"report": ("sweep", "run"), "status": ("sweep",), "cancel": ("sweep",)}
_WITHOUT_CONFIG = (*_NEWEST, "list", "new", "config-schema")
# Runs and sweeps that are offered.
MOST = 30
_UNSAFE = re.compile(r"[\s$`\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def completions(words: Sequence[str], verbs: Collection[str]) -> list[str]:
    """Return the completions of the last of the words, which are those after `seedbed`."""
    *before, last = words
    if not before:
        return [*_starting(("--help", "--version") if last.startswith("-") else verbs, last)]
    if before[0] not in verbs:
        return []
    project = Project()
    with suppress(SeedbedError):
        project = find_project()
    offered = _for_verb(before[0], project, before[1:], last)
    # A name with a blank would reach the shell as two words, others as a command or what steers it.
    return list(dict.fromkeys(word for word in offered if not _UNSAFE.search(word)))


def _for_verb(verb: str, project: Project, before: Sequence[str], last: str) -> Iterator[str]:
    flagged = ("report", "status", "cancel", "list", "new", "config-schema", "unpack")
    if verb in flagged and last.startswith("-"):
        yield from _starting(["--help", FLAG], last)
    elif verb == "list" and before and before[0] in OF_LIST:
        yield from _plain(OF_LIST[before[0]], project, last)
    elif verb == "list":
        _, named = named_config_folder(before)
        yield from _starting([*groups.LISTED, "metrics", *OF_LIST] if not named else (), last)
    elif verb in ("report", "status", "cancel", "dashboard", "unpack"):
        yield from _plain(f"{verb}:Keys", project, last)
    elif verb == "config-schema":
        from seedbed.config.json_schema.files import GROUPS, PROJECT, VERBS

        yield from _starting([*VERBS, *GROUPS, PROJECT] if not before else (), last)
        yield from _plain("config_schema:Keys", project, last)
    elif verb == "new":
        return  # A name that is not there yet.
    elif before and before[-1] in CONFIG_DIR:
        yield from _folders(last)
    elif before and before[-1] in FLAGS and FLAGS[before[-1]]:
        yield from _starting(FLAGS[before[-1]], last)
    elif last.startswith("-"):
        yield from _starting(FLAGS, last)
    else:
        verb = groups.COMPOSES.get(verb, verb)
        words = [*project.arguments_before(verb, before), *before]
        if verb == "train":
            words = with_options_of_classes(words)
        users, _ = named_config_folder(words)
        yield from _override(verb, project, users, words, last)


def _starting(offered: Iterable[str], beginning: str) -> Iterator[str]:
    return (word for word in offered if word.startswith(beginning))


# ---- Verbs that compose no config ----------------------------------------------------------------


def _plain(name_of_keys: str, project: Project, last: str) -> Iterator[str]:
    """Yield keys, values and folders of a verb, whose keys are a class below seedbed.commands."""
    schema = resolve_name(f"seedbed.commands.{name_of_keys}")
    keys = {field.name: field for field in fields(schema) if field.name != "outputs"}
    name, equals, text = last.partition("=")
    if equals and name == "folder":
        yield from (f"folder={place}" for place in _folders(text))
        return
    if equals and name in keys:
        yield from _values(f"{name}=", text, _choices(keys[name]))
        return
    kinds = _NEWEST.get(name_of_keys.partition(":")[0], ())
    if kinds:
        newest = (path for kind in kinds for path in _newest(project.outputs, kind))
        yield from _starting(["latest", *newest], last)
    yield from _folders(last)
    yield from _starting([f"{name}=" for name in keys], last)


# ---- Overrides -----------------------------------------------------------------------------------


def _override(
    verb: str, project: Project, users: Path | None, words: Sequence[str], last: str
) -> Iterator[str]:
    key, equals, text = last.partition("=")
    name = key_of(key)
    group = name.partition("@")[0]
    if not equals:
        yield from _names(verb, users, words, last)
    elif verb == "train" and group in groups.LISTED:
        yield from _values(f"{key}=", text, _options(group, users))
    elif name == "hydra/launcher":
        yield from _values(f"{key}=", text, groups.LAUNCHERS)
    elif name in ("run", "resume", "initial_weights.run", "sweep.resume"):
        kind = "sweep" if name == "sweep.resume" else "run"
        recent = _newest(_outputs(words, project), kind)
        offered = [*_starting(["latest", *recent], text), *_folders(text)]
        yield from (f"{key}={declared}" for declared in offered)
    elif name in FILES or name in FOLDERS:
        paths = _folders(text) if name in FOLDERS else _paths(text)
        yield from (f"{key}={path}" for path in paths)
    elif name in COLUMN_KEYS:
        yield from _values(f"{key}=", text, column_names(words))
    else:
        from seedbed.config.known_keys import declarations

        values = (
            _choices(declared.field) for declared in declarations(verb) if declared.name == name
        )
        yield from _values(f"{key}=", text, dict.fromkeys(chain.from_iterable(values)))


def _names(verb: str, users: Path | None, words: Sequence[str], last: str) -> Iterator[str]:
    """Yield the groups and keys that a word may become, up to the next dot."""
    sign = last[: len(last) - len(last.lstrip("+~"))]
    beginning = last[len(sign) :]
    if sign == "+":
        names = [f"callback@callbacks.{name}={name}" for name in _options("callback", users)]
        yield from _starting([f"+{name}" for name in names], last)
        return
    if verb == "train" and not sign:
        yield from _starting([f"{group}=" for group in groups.GROUPS], beginning)
        yield from _starting(["hydra/launcher="] if beginning.startswith("hydra/") else [], last)
    from seedbed.config.choices import keys_of_command
    from seedbed.config.known_keys import known_keys

    for name in keys_of_command(words, users) if verb == "train" else known_keys(verb):
        if name.startswith(beginning):
            end, dot, _ = name[len(beginning) :].partition(".")
            yield f"{sign}{beginning}{end}" + ("" if sign else dot or "=")


def _options(group: str, users: Path | None) -> list[str]:
    return sorted({*groups.options(group), *groups.users_options(group, users)})


def _choices(field: "Field[Any] | None") -> list[str]:
    """Return the values that a key accepts, where they can be listed."""
    if field is None:
        return []
    kinds = get_args(field.type) or (field.type,)
    words = list(field.metadata.get("one_of") or (["true", "false"] if bool in kinds else []))
    takes_null = NoneType in kinds or (field.type is Any and field.default is None)
    return [*words, "null"] if words and takes_null else words


def _values(prefix: str, text: str, offered: Iterable[str]) -> Iterator[str]:
    """Yield a key with each value that goes on with the text; a list or an axis has several."""
    head, comma, beginning = text.rpartition(",")
    if not comma and text.startswith("["):
        head, beginning = "[", text[1:]
    return (f"{prefix}{head}{comma}{word}" for word in offered if word.startswith(beginning))


# ---- Folders and files ---------------------------------------------------------------------------


def _folders(beginning: str) -> Iterator[str]:
    """Yield the folders whose path begins so."""
    yield from sorted(glob(f"{escape(beginning)}*/"))


def _paths(beginning: str) -> Iterator[str]:
    """Yield the files and folders whose path begins so."""
    for path in sorted(glob(f"{escape(beginning)}*")):
        yield f"{path}/" if os.path.isdir(path) else path


def _outputs(words: Sequence[str], project: Project) -> str:
    typed = [value_of(word) for word in words if key_of(word) == "paths.outputs"]
    return typed[-1] if typed else project.outputs


def _newest(outputs: str, kind: str) -> Iterator[str]:
    """Yield the folders of kind `run` or `sweep`, the newest first."""
    records = sorted(Path(outputs, f"{kind}s").glob(f"*/*/{kind}.json"), reverse=True)
    return (str(record.parent) for record in records[:MOST])
