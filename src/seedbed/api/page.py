"""The report page of a run or a sweep, written from Python."""

import os
from collections.abc import Sequence
from pathlib import Path

from seedbed.errors import ConfigError
from seedbed.sweep.results.folder import SweepFolder


def write(
    path: str | os.PathLike[str],
    overwrite: bool,
    sweeps: Sequence[SweepFolder],
    runs: Sequence[Path],
) -> Path:
    """Write the page of some sweeps and runs; return where.

    Raises ConfigError where it cannot be written, or, without `overwrite`, something else is there.
    """
    from seedbed.catalogue.page import page_of_folders
    from seedbed.page.file import require_place, write_page

    file = Path(path)
    require_place(file, overwrite)
    document = page_of_folders(sweeps, runs, file)
    try:
        write_page(file, document)
    except OSError as error:
        raise ConfigError(f"page={file}: {(error.strerror or str(error)).lower()}") from None
    return file
