"""A run, opened from its folder."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seedbed.config.project import outputs_folder
from seedbed.runs.folder import RunFolder, open_run
from seedbed.runs.record import read_record


class Run:
    """Run, opened from its folder; what is asked of one that trains is as of now.

    Args:
        folder: Its folder; that of a job of a sweep is one, too.
        trust: Modules of yours that it may load classes from, where its model or data are.

    Raises:
        seedbed.RunFolderError: The folder is none of a run, or its files lead out of it.
    """

    def __init__(self, folder: str | os.PathLike[str], *, trust: Sequence[str] = ()) -> None:
        self._folder: RunFolder = open_run(os.fspath(folder), outputs_folder())
        self._trust = tuple(trust)

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder.path

    @property
    def record(self) -> Mapping[str, Any]:
        """The fields of run.json."""
        return read_record(self._folder.record)

    @property
    def status(self) -> str:
        """What became of it: `running`, `completed`, `stopped_early`, `diverged`, `interrupted` or
        `failed`.
        """
        return str(self.record["status"])

    def __repr__(self) -> str:
        """Return the folder and the status."""
        return f"Run({str(self.folder)!r}): {self.status}"
