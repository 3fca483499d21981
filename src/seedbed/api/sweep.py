"""A sweep, opened from its folder."""

import os
from collections.abc import Sequence
from pathlib import Path

from seedbed.config.project import outputs_folder
from seedbed.sweep.results.folder import SweepFolder, open_sweep


class Sweep:
    """Sweep, opened from its folder; what is asked of one that runs is as of now.

    Args:
        folder: Its folder.
        trust: Modules of yours that its jobs may load classes from, where their models or data are.

    Raises:
        seedbed.ConfigError: The folder is none of a sweep, or its files lead out of it.
    """

    def __init__(self, folder: str | os.PathLike[str], *, trust: Sequence[str] = ()) -> None:
        self._folder: SweepFolder = open_sweep(os.fspath(folder), outputs_folder(), "sweep")
        self._folder.clear_leftovers()
        self._trust = tuple(trust)

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder.path

    def __repr__(self) -> str:
        """Return the folder."""
        return f"Sweep({str(self.folder)!r})"
