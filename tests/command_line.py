"""Run `seedbed` as a user does: a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

SEEDBED = [sys.executable, "-m", "seedbed"]


def environment() -> dict[str, str]:
    """Return the environment without what would steer a run elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
    return {**kept, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def seedbed(folder: Path, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a verb in a folder and return the finished process."""
    return subprocess.run(
        [*SEEDBED, *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def only_run(folder: Path) -> Path:
    """Return the only run below a working folder."""
    (record,) = folder.glob("outputs/runs/*/*/run.json")
    return record.parent
