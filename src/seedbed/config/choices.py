"""Keys of the config of a command, read from files and schema without composing it.

That takes a tenth of the time, which matters where a user waits for Tab. Interpolations are not
followed, and of YAML that cannot be read nothing is known.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from seedbed.config.groups import GROUPS, config_folder, option_file
from seedbed.config.known_keys import KnownKey, known_keys
from seedbed.config.project import key_of, value_of

# Of an option's file, and of the keys in it.
MOST_BYTES, MOST_NAMES = 1_000_000, 1_000


def keys_of_command(words: Sequence[str], users: Path | None = None) -> dict[str, KnownKey | None]:
    """Return the keys of `seedbed train WORDS` by their full names.

    Keys of the user's own options in the folder `users`, which no schema describes, have None.
    """
    choices = _choices(words, users)
    keys: dict[str, KnownKey | None] = {}
    for name, key in known_keys().items():
        group = name.partition(".")[0]
        if not key.options or {*key.options} & choices.get(group, {}).keys():
            keys[name] = key
    for group, options in choices.items():
        for content in options.values():
            names = islice(_names(content, f"{group}."), MOST_NAMES)
            keys.update({name: None for name in names if name not in keys})
    return keys


def _choices(words: Sequence[str], users: Path | None) -> dict[str, dict[str, Any]]:
    """Return the options of each group with the content of their files.

    Options that an option builds on are among them; of callbacks and loggers it is their entries.
    """
    typed = {key_of(word): value_of(word) for word in words if "=" in word}
    defaults = _defaults(_content(config_folder() / "train.yaml"))
    chosen = {group: str(option) for entry in defaults for group, option in entry.items()}
    overridden: dict[str, str] = {}
    # In the order in which they have the last word: data pick the task, presets pick anything.
    for group in ("experiment", "debug", "data"):
        option = {**chosen, **overridden, **typed}[group]
        for entry in _defaults(_content(option_file(group, option, users))):
            for name, value in entry.items():
                if name.startswith("override /"):
                    other = name.removeprefix("override /").partition("@")[0]
                    overridden.setdefault(other, str(value))
    chosen = {**chosen, **overridden, **{g: o for g, o in typed.items() if g in GROUPS}}
    choices: dict[str, dict[str, Any]] = {}
    for group, option in chosen.items():
        for name in option.strip("[]").split(","):  # Several of a list, or of a sweep.
            choices.setdefault(group, {}).update(_with_bases(group, name.strip(), users))
    extra = [word.lstrip("+").partition("=") for word in words if word.startswith("+callback@")]
    presets = [*choices.pop("experiment", {}).values(), *choices.pop("debug", {}).values()]
    for entry in (entry for preset in presets for entry in _defaults(preset)):
        extra += [(name.lstrip("/"), "=", str(option)) for name, option in entry.items()]
    for name, _, option in extra:
        if name.startswith("callback@callbacks."):
            choices.setdefault("callbacks", {})[option] = {}
    return {group: options for group, options in choices.items() if group in GROUPS}


def _with_bases(group: str, option: str, users: Path | None) -> dict[str, Any]:
    """Return an option and those that it builds on, with the content of their files."""
    content = _content(option_file(group, option, users))
    contents = {option: content}
    for entry in _defaults(content):
        for name, value in entry.items():
            base, _, package = name.lstrip("/").partition("@")
            if base == "callback":
                contents[str(value)] = {}
            elif base.startswith(f"schema/{group}/"):
                contents.setdefault(base.rpartition("/")[2], {})
            elif "override" not in name and not package and value is None and name != "_self_":
                contents.update(_with_bases(group, name, users) if name != option else {})
    return contents


def _defaults(content: Any) -> Iterator[dict[str, Any]]:
    """Yield the entries of a defaults list as mappings; a name alone has None."""
    entries = content.get("defaults") if isinstance(content, dict) else None
    for entry in entries if isinstance(entries, list) else []:
        yield entry if isinstance(entry, dict) else {str(entry): None}


def _content(file: Path | None) -> Any:
    try:
        if file is None or file.stat().st_size > MOST_BYTES:
            return None
        return yaml.safe_load(file.read_bytes())
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return None


def _names(content: Any, prefix: str) -> Iterator[str]:
    for name, value in content.items() if isinstance(content, dict) else ():
        if name == "defaults" or str(name).startswith("_"):
            continue
        if isinstance(value, dict) and value:
            yield from _names(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
