"""Opening of the folder of a run or a sweep, whoever made it."""

import os
from collections.abc import Sequence
from pathlib import Path

from seedbed.api.places import folder_of, is_sweep
from seedbed.api.run import Run
from seedbed.api.sweep import Sweep
from seedbed.catalogue.collection import newest
from seedbed.config.project import outputs_folder
from seedbed.errors import RunFolderError


def load(
    folder: str | os.PathLike[str] = "latest",
    *,
    trust: str | Sequence[str] = (),
    outputs: str | os.PathLike[str] | None = None,
) -> Run | Sweep:
    """Return the run or the sweep that a folder holds.

    It may be somebody else's: nothing in it is run, and nothing outside of it read or written, but
    for classes of modules that `trust` names, when the run predicts or its model is made.

    Args:
        folder: The folder; `latest` (default): the run or sweep in `outputs` that began last.
        trust: Modules of yours that the run may load classes from, beside those of the project
            file of the working folder; a text is one module.
        outputs: Folder of all outputs; None (default): that of the command line.

    Raises:
        seedbed.RunFolderError: There is no such folder, or it holds neither.
        seedbed.ConfigError: A sweep was stopped before its first job.

    Examples:
        >>> import seedbed
        >>> seedbed.load("outputs/no/such/folder")
        Traceback (most recent call last):
        ...
        seedbed.errors.RunFolderError: run=outputs/no/such/folder: no such folder
    """
    path = folder_of("load", folder)
    if not path:
        raise RunFolderError("load: '' names no folder")
    if path == "latest":
        path = _newest(outputs_folder() if outputs is None else folder_of("outputs", outputs))
    if is_sweep(path):
        return Sweep(path, trust=trust)
    return Run(path, trust=trust)


def _newest(outputs: str) -> str:
    item = newest(Path(outputs))
    if item is None:
        raise RunFolderError(f"latest: no run and no sweep in {outputs}")
    return str(item.path)
