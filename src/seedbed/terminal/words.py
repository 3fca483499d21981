"""Paths, commands and counts as they are printed."""

import shlex
from pathlib import Path


def dashboard_command(folder: Path) -> str:
    """Return the command that shows a folder, as it is typed into a shell."""
    return f"seedbed dashboard {shlex.quote(relative(folder))}"


def relative(path: Path) -> str:
    """Return a path from the working folder, where it lies below it."""
    absolute = path.resolve()
    working = Path.cwd()
    return str(absolute.relative_to(working)) if absolute.is_relative_to(working) else str(absolute)


def jobs_text(count: int) -> str:
    """Return how many jobs, in words."""
    return "1 job" if count == 1 else f"{count:,} jobs"
