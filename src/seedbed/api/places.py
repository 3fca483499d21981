"""Folders that a caller names, and what is in them."""

import os
from pathlib import Path

from seedbed.errors import ConfigError
from seedbed.runs.folder import has_run
from seedbed.sweep.results.folder import PLAN, SAVED


def folder_of(name: str, folder: object) -> str:
    """Return the path that a caller gave; raises ConfigError where it is none.

    Args:
        name: The function, class or keyword, for the message.
        folder: What was given.
    """
    path = os.fspath(folder) if isinstance(folder, str | os.PathLike) else None
    if not isinstance(path, str):
        raise ConfigError(
            f"{name}: {type(folder).__name__}: a folder is named by its path, a text or Path"
        )
    return path


def is_run(path: str) -> bool:
    """Return whether a folder has the record of a run, or is that of a job which is packed."""
    return has_run(Path(path))


def is_sweep(path: str) -> bool:
    """Return whether a folder is that of a sweep, one that has not begun its first job too."""
    folder = Path(path)
    is_begun = (folder / PLAN).is_file() or (folder / SAVED).is_dir()
    return is_begun and not is_run(path)
