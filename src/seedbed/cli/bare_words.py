"""Words of `seedbed report` that are no key with a value: the sweep folders, for Hydra a key."""

import re
from collections.abc import Iterator, Sequence
from glob import escape, glob
from pathlib import Path

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Quote, QuotedString

from seedbed.config.schema.root import Report
from seedbed.errors import ConfigError


def with_sweep_key(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the folders that are named by themselves as `sweep=[...]`.

    Raises ConfigError where folders are named in both ways.
    """
    folders: list[str] = []
    others: list[str] = []
    for word, is_flag in _flagged(arguments):
        folder = None if is_flag else _folder(word)
        if folder is None:
            others.append(word)
        else:
            folders.append(folder)
    if not folders:
        return others
    if any(word.startswith("sweep=") for word in others):
        raise ConfigError("sweep: name the folders by themselves, or all of them in sweep=[...]")
    return [*others, f"sweep=[{','.join(map(_quoted, folders))}]"]


def _flagged(arguments: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each word, and whether it is a flag of Hydra's or the value of one."""
    actions = get_args_parser()._actions
    with_value = {name for one in actions if one.nargs != 0 for name in one.option_strings}
    before = ""
    for word in arguments:
        is_flag = word.startswith("-")
        yield word, is_flag or before in with_value
        before = word


def _folder(word: str) -> str | None:
    """Return the folder that a word names by itself, or None where it is a key with its value."""
    key, equals, value = word.partition("=")
    if not equals:
        return word
    if key == "sweep" and Path(value).is_dir():
        return value
    is_key = key in Report.__dataclass_fields__
    return word if not is_key and Path(word).is_dir() else None


def _quoted(folder: str) -> str:
    """Return a path as Hydra reads it back: nothing in it is a sign of Hydra's or OmegaConf's."""
    path = "./???" if folder == "???" else folder
    escaped = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", path)
    return QuotedString(escaped, Quote.single).with_quotes()


def offer_folders(words: Sequence[str]) -> list[str]:
    """Print the folders that the last word of a shell's line may become; return what Hydra reads.

    A name with a blank would reach the shell as two words.
    """
    *before, last = words
    if "=" not in last and not last.startswith("-"):
        for name in ("latest", *sorted(glob(f"{escape(last)}*/"))):
            if name.startswith(last) and not re.search(r"\s", name):
                print(name)
    # For the keys it does not matter which folders were named.
    keys = with_sweep_key([word for word in before if not word.startswith("sweep=")])
    return [*(word for word in keys if not word.startswith("sweep=")), last]
