"""Paths as a page says them: from its own folder or the working folder, never from the root."""

import os
from pathlib import Path

# Of a path that lies elsewhere its end is said: date and time of a run, or of a sweep and a job.
PARTS_ELSEWHERE = 3


def shown_path(path: Path, page: Path | None = None) -> str:
    """Return a path relative to the folder of the page, if it lies there, else to the working one.

    Of a path that lies in neither its last parts are returned.
    """
    absolute = os.path.abspath(path)
    folders = [] if page is None else [os.path.dirname(os.path.abspath(page))]
    for folder in (*folders, os.getcwd()):
        start = f"{folder.rstrip(os.sep)}{os.sep}"
        if absolute == folder:
            return "."
        if absolute.startswith(start):
            return absolute[len(start) :]
    return str(Path(*Path(absolute).parts[-PARTS_ELSEWHERE:]))
