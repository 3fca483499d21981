"""Names of files that a command is to write anew: nothing is written over."""

import os
from itertools import count
from pathlib import Path

from seedbed.config.overrides import typed_word
from seedbed.errors import ConfigError


def require_new_file(key: str, path: Path, what: str = "exists already") -> None:
    """Raise ConfigError where something is at a path, or nothing can be written there.

    Args:
        key: Config key that names it.
        path: The path.
        what: What is said of what is there.
    """
    if os.path.lexists(path):
        others = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
        other = next(other for other in others if not os.path.lexists(other))
        word = typed_word(key, str(other))
        raise ConfigError(f"{key}={path}: {what}, and nothing is written over; type {word}")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise ConfigError(f"{key}={path}: {above} is no folder that can be written to")
