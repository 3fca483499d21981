"""YAML within limits: nested only so deep, and only so large once its aliases are written out."""

import re
from pathlib import Path
from typing import Any

import yaml

from seedbed.errors import RunFolderError
from seedbed.reading.content import read_text

# Of a config; that of a run has some hundred values, nested six deep.
MOST_BYTES = 4 * 2**20
MOST_VALUES = 50_000
DEEPEST = 50
# Brackets, and signs at the beginning of a line, of a text that need not be looked at closely.
MOST_BRACKETS = 250
_DEEP_LINE = re.compile(r"^[ \t?-]{100}", re.MULTILINE)


def read_plain_yaml(path: Path) -> dict[str, Any]:
    """Return a YAML file as plain values, nothing of it resolved, as quickly as that can be done.

    Raises RunFolderError where the file is larger than a config is, or no mapping.
    """
    content = _plain(path)
    if not isinstance(content, dict):
        raise RunFolderError(f"{path}: not a config: no keys and values")
    return {str(name): value for name, value in content.items()}


def read_plain_list(path: Path) -> list[str]:
    """Return a YAML file that lists texts; raises RunFolderError where it does not."""
    content = _plain(path)
    if not isinstance(content, list) or not all(isinstance(entry, str) for entry in content):
        raise RunFolderError(f"{path}: not a list of texts")
    return content


def _plain(path: Path) -> Any:
    text = read_text(path, MOST_BYTES)
    if _may_be_deep_or_large(text):
        check_yaml(path, text)
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RunFolderError(f"{path}: not a config: {reason}") from None


def _may_be_deep_or_large(text: str) -> bool:
    """Return whether a text may be nested deeply, or be larger than it looks: a look is quick.

    Without aliases it is as large as it looks, and each level takes a bracket, or a sign at the
    beginning of a line.
    """
    brackets = text.count("[") + text.count("{")
    return "&" in text or "*" in text or brackets > MOST_BRACKETS or bool(_DEEP_LINE.search(text))


def check_yaml(source: object, text: str) -> None:
    """Raise RunFolderError where a YAML text is deeper or, with its aliases, larger than it may be.

    Errors of its grammar are left to whoever reads it.
    """
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # How many values each open collection has so far, and its anchor.
    open_collections: list[tuple[str | None, int]] = []
    sizes: dict[str, int] = {}
    total = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            size, anchor = 0, getattr(event, "anchor", None)
            if isinstance(event, yaml.CollectionStartEvent):
                open_collections.append((anchor, total))
                if len(open_collections) > DEEPEST:
                    raise RunFolderError(f"{source}: nested more than {DEEPEST} deep")
                size, anchor = 1, None
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = open_collections.pop()
                if anchor is not None:
                    sizes[anchor] = total - before
            elif isinstance(event, yaml.AliasEvent):
                if anchor in (opened for opened, _ in open_collections):
                    raise RunFolderError(f"{source}: *{anchor} refers to what it is a part of")
                size = sizes.get(str(anchor), 1)
            elif isinstance(event, yaml.ScalarEvent):
                size = 1
                if event.value.count("${") > DEEPEST:  # OmegaConf would be busy for minutes.
                    raise RunFolderError(f"{source}: more than {DEEPEST} interpolations in a value")
                if anchor is not None:
                    sizes[anchor] = 1
            total += size
            if total > MOST_VALUES:
                raise RunFolderError(f"{source}: more than {MOST_VALUES:,} values")
    except (yaml.YAMLError, RecursionError):
        return
