"""Why a job of submitit's has ended, as far as that can be seen from outside."""

import re
from pathlib import Path
from typing import Literal

from seedbed.sweep.execution.workforce.submitted.slurm import JobState
from seedbed.sweep.execution.workforce.submitted.worker import BEGINS, REFUSED

Kind = Literal["died", "memory", "time"]
# Of a log, what is read: its end.
MOST_BYTES = 16_384
MOST_OF_A_LINE = 300
# What slurmstepd, srun and the kernel write where a limit of memory was passed.
_MEMORY = re.compile(
    r"exceeded (job |step )?memory limit|oom[-_ ]?kill|Out[ -]Of[ -]Memory|OutOfMemory", re.I
)

# What submitit writes, a minute later, where a job does not see the file of its function.
_NOT_FOUND = "could not find submitted jobs in path"


class JobLogs:
    """What the jobs of a sweep have written to stdout and stderr; `folder` is submitit's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def tail(self, job: str) -> list[str]:
        """Return the last lines of a job's stdout, and those of its stderr."""
        return [line for end in ("out", "err") for line in _last_lines(self._path(job, end))]

    def _path(self, job: str, end: str) -> Path:
        array, _, task = job.partition("_")
        folder = str(self.folder).replace("%j", job).replace("%A", array).replace("%a", task)
        return Path(folder.replace("%t", "0")) / f"{job}_0_log.{end}"

    def are_shared(self, job: str) -> bool:
        """Return whether a job has written anything, and has found what it was to read."""
        lines = self.tail(job)
        return bool(lines) and not any(_NOT_FOUND in line for line in lines)

    def has_begun(self, job: str) -> bool:
        """Return whether a job has come so far that its worker was called."""
        try:
            with self._path(job, "out").open("rb") as file:
                return BEGINS.encode() in file.read(MOST_BYTES)
        except OSError:
            return False

    def refusal(self, job: str) -> str | None:
        """Return why the worker of a job has taken nothing; None: it did not say so."""
        said = [line for line in self.tail(job) if line.startswith(REFUSED)]
        return said[-1].removeprefix(REFUSED) if said else None

    def why(self, job: str) -> str:
        """Return the last thing that a job has said; empty: nothing."""
        lines = [line for line in self.tail(job) if "srun: " not in line and line.strip()]
        return lines[-1].strip()[:MOST_OF_A_LINE] if lines else ""

    def lacked_memory(self, job: str) -> bool:
        """Return whether a job was ended for the memory that it took."""
        return any(_MEMORY.search(line) for line in self.tail(job))


def loss(state: JobState, logs: JobLogs, minutes: float) -> tuple[str, Kind]:
    """Return how a job of Slurm's has ended, and what that means for what it ran.

    The words follow "its worker".
    """
    if state.state in ("TIMEOUT", "DEADLINE"):
        return f"ran out of time (hydra.launcher.timeout_min={minutes:g})", "time"
    if state.state == "OUT_OF_MEMORY" or (state.state == "FAILED" and logs.lacked_memory(state.id)):
        return f"ran out of memory{_on(state)}", "memory"
    if state.state in ("NODE_FAIL", "BOOT_FAIL"):
        return f"lost its node{_at(state)}", "died"
    if state.waits:
        return "was queued again by Slurm: its node failed, or others needed it", "died"
    if state.state in ("CANCELLED", "PREEMPTED", "REVOKED"):
        return f"was {state.state.lower()}{_on(state)}", "died"
    said = logs.why(state.id) if state.state != "COMPLETED" else ""
    return f"ended{_on(state)}{f': {said}' if said else ''}", "died"


def _at(state: JobState) -> str:
    return f", {state.node}" if state.node else ""


def _on(state: JobState) -> str:
    return f" on {state.node}" if state.node else ""


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - MOST_BYTES))
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
